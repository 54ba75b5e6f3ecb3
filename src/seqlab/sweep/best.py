"""The result of a search: the best trial, printed, and written as a file that trains it again."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from optuna.trial import FrozenTrial, TrialState

from seqlab.comparison import print_report
from seqlab.errors import SweepError
from seqlab.io.terminal import say
from seqlab.sweep.job import result_overrides
from seqlab.sweep.launch import config_folders
from seqlab.sweep.space import Space

FILE = "best.yaml"

SIGNATURE = "# The best of a search:"
"""The beginning of the file; it identifies a file that seqlab wrote."""


def find_best(study: optuna.Study) -> FrozenTrial | None:
    """Return the finished trial with the best score, or None."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return study.best_trial if done else None


def show_best(
    study: optuna.Study, space: Space, loader: ConfigLoader, config: DictConfig, monitor: str
) -> None:
    """Print all trials and the best one, and write best.yaml into the folder of the sweep.

    Raises:
        SweepError: no trial was finished.
    """
    folder = Path(config.hydra.sweep.dir)
    best = find_best(study)
    if best is None:
        raise SweepError(f"no trial was finished; their output is in {folder}")
    print_report(folder)
    overrides = result_overrides(space.overrides(best.params))
    title = f"trial {best.number} of {len(study.get_trials(deepcopy=False))}, {monitor} {best.value:.4f}"
    text = OmegaConf.to_yaml(preset(loader, config, overrides))
    run = f"seqlab train --config-dir {shlex.quote(str(folder))} --config-name {Path(FILE).stem}"
    (folder / FILE).write_text(f"{SIGNATURE} {title}. Run:  {run}\n{text}", encoding="utf-8")
    found = " ".join(one.override(best.params[one.name]) for one in space.dimensions)
    say(f"best: {title}\n  {found}\n  {folder / str(best.number)}\n  again: {run}")


def preset(loader: ConfigLoader, config: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """Return the packaged configuration with overrides, as a file that can be overridden again."""
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(overrides))
    groups: list[Any] = []
    values = OmegaConf.create()
    for override in parsed:
        key, value = override.key_or_group, override.value()
        if loader.get_group_options(key):
            groups.append({f"{'' if override.is_add() else 'override '}/{key}": value})
        elif not override.is_delete():
            OmegaConf.update(values, key, value, force_add=True)
    result = OmegaConf.create({"defaults": ["config", *groups, "_self_"]})
    sources = [f"file://{Path(path).absolute()}" for path in config_folders(config)]
    if sources:  # the folders of the user's files; --config-dir accepts only one
        result.hydra = {"searchpath": sources}
    merged = OmegaConf.merge(result, values)
    assert isinstance(merged, DictConfig)  # noqa: S101 (of two mappings)
    return merged
