"""Where a command starts: in a new folder, or from the last checkpoint of a run."""

import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqlab.config.schema import OF_THE_COMMAND, Config
from seqlab.config.validation import validate
from seqlab.errors import ConfigError, RunError
from seqlab.io.files import resolved
from seqlab.runs.claim import is_unused
from seqlab.runs.folder import RunFolder
from seqlab.runs.load import read_config, read_run_record
from seqlab.runs.paths import shared_path

log = logging.getLogger(__name__)

LENGTHS = ("trainer.max_epochs", "trainer.max_steps")
"""A run may become longer."""

FREE = (
    *LENGTHS,
    "trainer.rank_timeout_s",
    "verbosity",
    "data.root",
    "data.path",
    "data.source",
    "paths.output_dir",
)
"""Settings that may change when a run is resumed: its length, its output, and the paths of run and data."""


@dataclass(frozen=True)
class Start:
    """Where and with which settings a run starts.

    Attributes:
        config: the settings.
        overrides: the command line that started the run.
        path: the run folder; None for a new one.
        resume: whether the files of an earlier attempt are kept.
    """

    config: Config
    overrides: Sequence[str]
    path: Path | None = None
    resume: bool = False


def start_of(config: Config, overrides: Sequence[str]) -> Start:
    """Return where a command starts, according to its ``resume=``.

    Args:
        config: the settings of the command line.
        overrides: the command line.

    Raises:
        ConfigError: the command line changes a setting of the run.
        RunError: there is no such run, or it is damaged.
    """
    # A job that Slurm has requeued repeats the same command, and is resumed.
    is_requeued = os.environ.get("SLURM_RESTART_COUNT", "0") != "0"
    if config.resume is None and not is_requeued:
        return Start(config, overrides)
    if config.resume not in (None, "auto"):
        path = resolved(config.resume)
        record = read_run_record(path)
        if record.get("status") == "done" and not RunFolder(path).last.exists():
            raise RunError(f"{path} is finished and has no checkpoints/last.ckpt to resume from; train again")
        begun = record.get("overrides", [])
        return Start(_continued(read_config(path), config, overrides, path), begun, path, resume=True)
    begun = [text for text in overrides if not text.startswith("resume=")]
    unfinished = shared_path() or _latest_unfinished(config)
    if unfinished is None:
        log.info("no run with these settings is unfinished; this one is new")
        return Start(config, begun)
    return Start(config, begun, unfinished, resume=True)


def _continued(recorded: Config, given: Config, overrides: Sequence[str], path: Path) -> Config:
    """Return the settings of a run, with the allowed changes of the command line."""
    old, new = _flat(recorded), _flat(given)
    named = [key for key in new if any(_may_set(override, key) for override in overrides)]
    changed = {key: new[key] for key in named if key not in old or new[key] != old[key]}
    lines = [
        f"{key} is {old.get(key)!r} in {path} and cannot become {new[key]!r}"
        for key in changed
        if key not in FREE
    ]
    lines += [
        f"{key}={new[key]} is less than the {old[key]} of {path}; a run can only become longer"
        for key in LENGTHS
        if key in changed and _steps(new[key]) < _steps(old[key])
    ]
    if lines:
        raise ConfigError("\n".join(lines))
    if getattr(recorded.scheduler, "epochs", 0) is None and not changed.keys().isdisjoint(LENGTHS):
        log.warning(
            "scheduler=%s now has the length of the longer run, so its learning rates differ from those of a "
            "run that was this long from the start; to avoid that, set scheduler.epochs when a run starts",
            recorded.scheduler.name,
        )
    raw = recorded.model_dump(mode="json")
    for key, value in changed.items():
        section, _, name = key.rpartition(".")
        (raw[section] if section else raw)[name] = value
    return validate(raw)


def _steps(length: int) -> float:
    """Return a length as a number; trainer.max_steps=-1 is infinite."""
    return math.inf if length < 0 else length


def _latest_unfinished(config: Config) -> Path | None:
    """Return the latest run with these settings that is not done and not in use."""
    place = resolved(Path(config.paths.output_dir) / config.title)
    found = {file.parent: file.stat().st_mtime for file in place.glob("*/run.json")}
    for path in sorted(found, key=lambda one: -found[one]):
        try:
            is_done = read_run_record(path).get("status") == "done"
            is_same = not is_done and _settings(read_config(path)) == _settings(config)
        except RunError:
            continue
        folder = RunFolder(path)
        # Processes started by Slurm come one after the other: once the first uses the folder, they join it.
        if is_same and not (folder.writes and folder.is_used()):
            return path
    begun = [path for path in place.glob("*") if is_unused(path)]
    return next((path for path in begun if not RunFolder(path).is_used()), None)


def _settings(config: Config) -> dict[str, Any]:
    return {key: value for key, value in _flat(config).items() if key not in FREE}


def _flat(config: Config) -> dict[str, Any]:
    """Return the settings of a run as ``model.hidden_size`` to value."""
    settings: Mapping[str, Any] = config.model_dump(mode="json", exclude=set(OF_THE_COMMAND))
    flat: dict[str, Any] = {}
    for name, section in settings.items():
        flat |= (
            {f"{name}.{key}": value for key, value in section.items()}
            if isinstance(section, dict)
            else {name: section}
        )
    return flat


def _may_set(override: str, key: str) -> bool:
    """Return whether an override may set a key; a preset may set any."""
    name = override.partition("=")[0].lstrip("+~").partition("@")[0]
    # model.options.dt is part of model.options
    is_part = key.startswith(f"{name}.") or name.startswith(f"{key}.")
    return name in ("experiment", "debug") or key == name or is_part
