"""A finished run, loaded from its folder alone, and only if nothing about it is suspicious.

A checkpoint is read as numbers and plain values. It never decides what is built: that do config.yaml and the
registries. What does not fit is refused in one line, ``file: reason; remedy``.
"""

import json
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from seqlab import plugins
from seqlab.data import DataSpec
from seqlab.errors import ConfigError, RunError
from seqlab.module import SequenceModule
from seqlab.schema import Config, validate

LARGEST = 8 * 2**30
"""Bytes that a checkpoint may have."""


@dataclass(frozen=True)
class LoadedRun:
    """A run that can be used.

    Attributes:
        path: its folder.
        record: its run.json.
        config: its settings.
        spec: what its data declared.
        module: its network with the weights of the checkpoint, in evaluation mode.
    """

    path: Path
    record: dict[str, Any]
    config: Config
    spec: DataSpec
    module: SequenceModule


def load_run(path: Path, checkpoint: str = "best") -> LoadedRun:
    """Load a run folder.

    Args:
        path: the folder that holds run.json.
        checkpoint: "best" or "last".

    Raises:
        RunError: a file is missing, damaged, or not what a run of seqlab leaves.
    """
    record, config = read_record(path), _read_config(path / "config.yaml")
    file = path / "checkpoints" / f"{checkpoint}.ckpt"
    content = _read_checkpoint(file)
    spec = _spec_of(content, file)
    module = SequenceModule(
        spec=spec.as_dict(),
        model=config.model.model_dump() | {"engine": config.engine},
        task=config.task.model_dump(exclude={"name", "baselines"}),
    )
    _compare(file, content["state_dict"], module.state_dict())
    module.load_state_dict(content["state_dict"])
    return LoadedRun(path, record, config, spec, module.eval())


def read_record(path: Path) -> dict[str, Any]:
    """Return run.json of a run folder.

    Raises:
        RunError: there is none, or it is damaged.
    """
    file = path / "run.json"
    if not file.is_file():
        inside = sorted(found.parent for found in path.glob("*/run.json"))
        hint = f"did you mean {inside[-1]}?" if inside else "name a folder below outputs/"
        raise RunError(f"{path} is no run folder: it has no run.json; {hint}")
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _refused(file, f"not JSON ({error})") from error
    if not isinstance(record, dict):
        raise _refused(file, "not a record of a run")
    return record


def _read_config(file: Path) -> Config:
    try:
        raw = yaml.safe_load(file.read_text(encoding="utf-8"))
        plugins.load(raw["imports"])
        return validate(raw)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError, ConfigError) as error:
        raise _refused(file, str(error).splitlines()[0]) from error


def _read_checkpoint(file: Path) -> dict[str, Any]:
    if not file.is_file() or file.is_symlink():
        raise RunError(f"{file}: no such file; did the run reach its first validation?")
    if file.stat().st_size > LARGEST:
        raise _refused(file, f"larger than {LARGEST:,} bytes")
    if not zipfile.is_zipfile(file):
        raise _refused(file, "not a checkpoint, or cut off")
    with zipfile.ZipFile(file) as archive:
        # torch stores without compression; a compressed entry may unpack to anything.
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise _refused(file, "compressed inside, as no checkpoint is")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, AttributeError) as error:
        raise _refused(file, f"cannot be read as plain values ({str(error).splitlines()[0][:80]})") from error
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
        raise _refused(file, "holds no weights")
    return content


def _spec_of(content: dict[str, Any], file: Path) -> DataSpec:
    hyper_parameters = content.get("hyper_parameters")
    try:
        spec = TypeAdapter(DataSpec).validate_python(dict(hyper_parameters or {})["spec"])
    except (ValidationError, KeyError, TypeError, ValueError) as error:
        raise _refused(file, "does not say what data it was trained on") from error
    # So no size can be larger than the file that claims it.
    series, text = spec.series, spec.text
    answers = len(spec.classes)
    if spec.task == "classification":
        fits = text is not None and spec.input_size == len(spec.symbols)
    elif spec.task == "tagging":
        fits = spec.input_size == len(spec.symbols) and spec.tagged_steps > 0
    elif spec.task == "regression":
        fits, answers = spec.input_size == len(spec.features), 1
    else:
        fits = series is not None and spec.input_size == len(series.columns) == len(series.means)
        answers = series.horizon_steps * len(series.targets) if series else 0
    bias = content["state_dict"].get("model.head.linear.bias")
    if not fits or not answers or not isinstance(bias, Tensor) or bias.shape != (answers,):
        raise _refused(file, "its description of the data is damaged")
    return spec


def _compare(file: Path, given: dict[str, Any], expected: dict[str, Tensor]) -> None:
    """Refuse weights whose names, shapes or types differ from the network's, or that are no numbers."""
    if set(given) != set(expected):
        odd = min(map(str, set(given) ^ set(expected)))
        raise _refused(file, f"its weights are another network's ('{odd}')")
    for name, tensor in expected.items():
        found = given[name]
        if not isinstance(found, Tensor) or found.shape != tensor.shape or found.dtype != tensor.dtype:
            raise _refused(file, f"weight '{name}' does not have the network's shape")
        if not torch.isfinite(found).all():
            raise _refused(file, f"weight '{name}' is not finite")


def _refused(file: Path, reason: str) -> RunError:
    return RunError(f"{file}: {reason}; take another checkpoint or train again")
