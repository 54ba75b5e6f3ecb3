"""Where does a command start? In a new folder, or from the last checkpoint of a run."""

import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqlab.config import OF_THE_COMMAND, Config, validate
from seqlab.errors import ConfigError, RunError
from seqlab.io.files import resolved
from seqlab.runs.claim import is_unused
from seqlab.runs.folder import RunFolder
from seqlab.runs.load import read_config, read_run_record
from seqlab.runs.paths import shared_path

log = logging.getLogger(__name__)

LENGTHS = ("trainer.max_epochs", "trainer.max_steps")
"""A run may become longer."""

FREE = (*LENGTHS, "verbosity", "data.root", "data.path", "data.source", "paths.output_dir")
"""Settings that may change when a run is resumed: its length, its output, and the paths of run and data."""


@dataclass(frozen=True)
class Start:
    """Where to begin.

    Attributes:
        config: the settings.
        overrides: the command line that began the run.
        path: of the run folder; None for a new one.
        resume: whether what is there is kept.
    """

    config: Config
    overrides: Sequence[str]
    path: Path | None = None
    resume: bool = False


def start_of(config: Config, overrides: Sequence[str]) -> Start:
    """Return where a command with ``resume=`` begins.

    Args:
        config: what the command line says.
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
    """Return the settings of a run with those that the command line may change, and has."""
    old, new = _flat(recorded), _flat(given)
    named = [key for key in new if any(_names(override, key) for override in overrides)]
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
            "scheduler=%s was made for the shorter run, and is from here on that of the longer one: a run as "
            "long from the start has had other rates; scheduler.epochs, given when a run begins, avoids that",
            recorded.scheduler.name,
        )
    raw = recorded.model_dump(mode="json")
    for key, value in changed.items():
        section, _, name = key.rpartition(".")
        (raw[section] if section else raw)[name] = value
    return validate(raw)


def _steps(length: int) -> float:
    """Return a length as a number; trainer.max_steps=-1 is without end."""
    return math.inf if length < 0 else length


def _latest_unfinished(config: Config) -> Path | None:
    """Return the latest run with these settings that is not done, and that no process works on."""
    place = resolved(Path(config.paths.output_dir) / config.title)
    found = {file.parent: file.stat().st_mtime for file in place.glob("*/run.json")}
    for path in sorted(found, key=lambda one: -found[one]):
        try:
            is_done = read_run_record(path).get("status") == "done"
            is_same = not is_done and _settings(read_config(path)) == _settings(config)
        except RunError:
            continue
        folder = RunFolder(path)
        # Processes that Slurm starts look one after the other: once the first has the folder, they join it.
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


def _names(override: str, key: str) -> bool:
    """Return whether an override may set a key; a preset may set any."""
    name = override.partition("=")[0].lstrip("+~").partition("@")[0]
    is_part = key.startswith(f"{name}.") or name.startswith(
        f"{key}."
    )  # model.options.dt is part of model.options
    return name in ("experiment", "debug") or key == name or is_part
