"""Beginning a training with the weights of another run, as far as they fit."""

import logging
import re
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqlab.config.model import ModelConfig
from seqlab.config.schema import Config
from seqlab.data import DataSpec, SeriesSpec
from seqlab.errors import ConfigError
from seqlab.models.lightning_module import SequenceModule
from seqlab.nn import Recurrent
from seqlab.nn.encoders import Embedding
from seqlab.nn.ngrams import NGrams
from seqlab.registry.types import as_list
from seqlab.runs.load import LoadedRun, load_run

log = logging.getLogger(__name__)

LAYER = re.compile(r"model\.recurrent\.layers\.(\d+)\.(.*)")
PLACE = re.compile(r"model\.(?:recurrent|decoder\.layers)\.(layers|between)\.(\d+)\.")
OF_TARGETS = ("head", "wide", "decoder.first", "decoder.layers", "channels", "instance_norm")
"""Parts with weights for what is predicted."""


@torch.no_grad()
def begin_with(path: Path, module: SequenceModule, spec: DataSpec, config: Config) -> dict[str, Any]:
    """Copy the weights of a run's best checkpoint that fit by name and shape; say which, and which not.

    Rows that stand for tokens or classes are matched by these; weights of other cells, and those for what
    another task predicts, fit nothing.

    Args:
        path: the run folder; nothing in it is executed.
        module: the network to begin with them.
        spec: the description of its data.
        config: the settings of its run.

    Returns:
        What run.json says of it: the run, the weights that were "taken", with how many of their "rows" where
        not all, and those that were "left", each with the reason.

    Raises:
        RunError: the run cannot be read.
        ConfigError: none of its weights fits.
    """
    run = load_run(path)
    weights = run.module.state_dict()
    taken: list[str] = []
    rows: dict[str, str] = {}
    left: dict[str, str] = {}
    for name, mine in module.state_dict().items():
        theirs = weights.get(_their_name(name, module.model.recurrent, run.module.model.recurrent))
        if theirs is None:
            left[name] = "the run has none"
            continue
        pairs = _pairs(_labels(name, mine, module, spec), _labels(name, theirs, run.module, run.spec))
        if (
            reason := _misfit(name, run, spec, config)
            or (None if pairs else _read_otherwise(name, module, run, spec, config))
            or _unshaped(mine, theirs, pairs)
        ):
            left[name] = reason
            continue
        if pairs is None:
            mine.copy_(theirs)
        else:
            to, come_from = zip(*pairs, strict=True)
            mine[list(to)] = theirs[list(come_from)].to(mine.dtype)
            if len(pairs) < len(mine):
                rows[name] = f"{len(pairs)} of {len(mine)}"
        taken.append(name)
    if not taken:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(left.items())[:2])
        raise ConfigError(f"init_from={path}: none of its weights fits ({reasons})")
    partly = "".join(f", {count} rows of {name}" for name, count in rows.items())
    missing = "".join(f"; not {name} ({reason})" for name, reason in left.items())
    log.info("init_from=%s: took %d weights%s%s", path, len(taken), partly, missing)
    return {"run": str(path.resolve()), "taken": taken, "rows": rows, "left": left}


def _their_name(name: str, mine: Recurrent, theirs: Recurrent) -> str:
    """Return the name in the other run of a weight: its layers may have other directions."""
    if not (found := LAYER.fullmatch(name)):
        return name
    depth, direction = divmod(int(found[1]), mine.directions)
    turned, ways = mine.ways.turned[direction], theirs.ways.turned
    number = depth * theirs.directions + ways.index(turned) if turned in ways else "none"
    return f"model.recurrent.layers.{number}.{found[2]}"


def _misfit(name: str, run: LoadedRun, spec: DataSpec, config: Config) -> str | None:
    """Return why a weight means something else in the other run; None if it does not."""
    if found := PLACE.match(name):
        directions = 1 + config.model.bidirectional if found[1] == "layers" else 1
        depth = int(found[2]) // directions
        mine, theirs = (_cell(one.model, depth) for one in (config, run.config))
        if mine != theirs:
            return f"cell {theirs}, not {mine}"
        if config.model.options != run.config.model.options:
            return "other model.options"
    if _is_of_targets(name):
        if spec.task != run.spec.task:
            return f"task {run.spec.task}, not {spec.task}"
        is_matched = name.startswith("model.head") and spec.task != "forecasting"  # row by row
        if spec.outputs != run.spec.outputs and not is_matched:
            return "other targets" if spec.task == "forecasting" else "other classes"
    return None


def _is_of_targets(name: str) -> bool:
    return name.startswith(tuple(f"model.{part}" for part in OF_TARGETS))


def _cell(model: ModelConfig, depth: int) -> str:
    """Return the name of a layer's cell."""
    names: list[str] = as_list(model.cell)
    return names[depth if len(names) > 1 else 0]


def _read_otherwise(
    name: str, module: SequenceModule, run: LoadedRun, spec: DataSpec, config: Config
) -> str | None:
    """Return why a weight for tokens, or for the columns of x, is for others; None if it is not."""
    has_encoder = next(module.model.encoder.parameters(), None) is not None
    reader = "model.encoder." if has_encoder else "model.recurrent.layers."
    layer = LAYER.fullmatch(name)
    is_first = layer is None or (int(layer[1]) <= config.model.bidirectional and layer[2].startswith("W"))
    reads_x = name.startswith(("model.wide.", reader)) and is_first
    if reads_x and _columns(module, spec) != _columns(run.module, run.spec):
        if spec.kind == "features":
            return "other columns"
        if spec.input_size in module.state_dict()[name].shape:
            return "other tokens"
    return None


def _columns(module: SequenceModule, spec: DataSpec) -> tuple[str, ...]:
    """Return the names of what the network reads at a step, in its order."""
    if module.model.channels is None or not isinstance(spec, SeriesSpec):
        return spec.inputs
    # Each target is a row of its own, before the columns that none is.
    return ("a target", *(name for name in spec.inputs if name not in spec.series.targets))


def _unshaped(mine: Tensor, theirs: Tensor, pairs: list[tuple[int, int]] | None) -> str | None:
    """Return why numbers cannot be copied; None if they can."""
    first = 0 if pairs is None else 1  # there may be another number of rows
    if mine.shape[first:] != theirs.shape[first:]:
        return f"{list(theirs.shape)}, not {list(mine.shape)}"
    return "no row stands for the same" if pairs == [] else None


def _labels(name: str, weight: Tensor, module: SequenceModule, spec: DataSpec) -> Sequence[Hashable] | None:
    """Return what the rows of a weight stand for: tokens, n-grams, classes; None if for no such thing."""
    part, _, own = name.removeprefix("model.").partition("encoder.")
    encoder = module.model.wide.encoder if part and module.model.wide is not None else module.model.encoder
    if own == "embedding.weight" and isinstance(encoder, NGrams):
        return encoder.rows(spec.symbols)
    if own == "embedding.weight" and isinstance(encoder, Embedding):
        return (*spec.symbols, *(("class", one) for one in spec.classes))[: len(weight)]
    if name.startswith("model.head"):
        return spec.outputs if len(spec.outputs) == len(weight) else None
    return None


def _pairs(
    mine: Iterable[Hashable] | None, theirs: Iterable[Hashable] | None
) -> list[tuple[int, int]] | None:
    """Return the rows that stand for the same, in both; None if they stand for nothing."""
    if mine is None or theirs is None:
        return None
    places = {label: place for place, label in enumerate(theirs)}
    return [(row, places[label]) for row, label in enumerate(mine) if label in places]
