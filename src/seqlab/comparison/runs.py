"""The runs below a folder, read one by one: a damaged run is reported and does not hide the others.

This module does not import torch.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqlab.config.model import ModelConfig
from seqlab.config.renamed import present_scores, present_settings
from seqlab.errors import RunError
from seqlab.io.safe_read import UnreadableError, open_plain, parse_json, read_yaml
from seqlab.registry.section import defaults_of
from seqlab.runs.claim import status_of
from seqlab.runs.record import read_record

History = Mapping[str, list[tuple[int, float]]]
"""Points (epoch, value) by metric, such as "val/loss"; epochs count from 0."""

LONGEST_NUMBER = 1023
"""Bits of an integer that is a float too."""
LARGEST_HISTORY = 2**28
"""The largest size of a metrics.jsonl in bytes."""
TYPES = {"seed": int, "data.targets": list, "data.target": str, "data.label": str | list | int}
"""The types of the settings by which runs are sorted, if present."""


@dataclass(frozen=True)
class Run:
    """A run, as read from its folder.

    Attributes:
        path: its folder.
        folder: its folder, relative to the folder of the report.
        record: its run.json; if that is unreadable, the status "damaged" with the reason as ``error``.
        settings: its configuration as flat keys: "model.hidden_size" to value.
        history: its learning curves.
        problems: descriptions of what else could not be read.
    """

    path: Path
    folder: str
    record: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its experiment or ``name=``; of an earlier version, the folder that was called so."""
        return str(self.record.get("name") or self.path.resolve().parent.name)

    @property
    def metrics(self) -> dict[str, float]:
        """The scores whose values are numbers."""
        return present_scores(numbers(self.record.get("metrics", {})))

    @property
    def status(self) -> str:
        """One of running, died, done, interrupted, failed, damaged."""
        return str(self.record.get("status", "damaged"))

    @property
    def reason(self) -> str:
        """Why the run is not finished, in one line: the recorded error, or the last epoch."""
        lines = str(self.record.get("error", "")).strip().splitlines()
        if lines:
            return lines[0]
        trained = (points for name, points in self.history.items() if name.startswith(("train/", "val/")))
        epochs = {epoch for points in trained for epoch, _ in points}
        return f"after epoch {max(epochs) + 1} of {self.settings.get('trainer.max_epochs')}" if epochs else ""


def read_runs(*folders: Path) -> list[Run]:
    """Return every run below some folders, each once, folder by folder in the order of their names.

    Raises:
        RunError: a folder contains no run, or there is none that can be read.
    """
    if len(folders) > 1:
        folders = tuple(folder.resolve() for folder in folders)  # a run in two spellings is one run
    files: dict[Path, None] = {}
    for folder in folders:
        found = sorted(folder.rglob("run.json"))
        if not found:
            raise RunError(f"no run found below {folder}; seqlab train makes one")
        files |= dict.fromkeys(found)
    below = folders[0] if len(folders) == 1 else Path(os.path.commonpath(folders))
    runs = [_read(file.parent, below) for file in files]
    if all(run.status == "damaged" for run in runs):
        raise RunError("\n".join(f"{run.path}: {run.reason}" for run in runs))
    return runs


def read_run(path: Path) -> Run:
    """Return the run in a folder; if it cannot be read, its status is "damaged"."""
    return _read(path, path)


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return the values that are numbers."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, float) or (type(value) is int and value.bit_length() <= LONGEST_NUMBER)
    }


def _read(path: Path, below: Path) -> Run:
    name = str(path.relative_to(below)) if path != below else path.resolve().name
    file = path / "run.json"
    try:
        record = read_record(file)
        if status := status_of(path, record):
            record["status"] = status
        file = path / "config.yaml"
        settings = _read_settings(file) if "data" in record else {}
    except UnreadableError as error:
        return Run(path, name, {"status": "damaged", "error": f"{file.name} {error}"})
    history, problems = read_history(path / "metrics.jsonl")
    return Run(path, name, record, settings, history, problems)


def _read_settings(file: Path) -> dict[str, Any]:
    raw = read_yaml(file)
    if not isinstance(raw, dict):
        raise UnreadableError("contains no settings")
    flat: dict[str, Any] = {}
    for group, section in present_settings(raw).items():
        if isinstance(section, dict):
            flat |= {f"{group}.{key}": value for key, value in section.items()}
        else:
            flat[str(group)] = section
    if "model" in raw:  # an older run lacks later settings, whose defaults are what it had
        flat = {f"model.{key}": value for key, value in defaults_of(ModelConfig).items()} | flat
    for key, kind in TYPES.items():
        if not isinstance(flat.get(key), kind | None):
            raise UnreadableError(f"is damaged: {key} has the invalid value {flat[key]!r:.40}")
    return flat


def read_history(file: Path) -> tuple[History, tuple[str, ...]]:
    """Return the learning curves of a metrics.jsonl, as far as it can be read, and what could not be read.

    If an epoch has several values, the last one counts.
    """
    points: dict[str, dict[int, float]] = {}
    problems: list[str] = []
    if not file.exists() and not file.is_symlink():
        return {}, ()
    try:
        with open_plain(file, LARGEST_HISTORY) as opened:
            lines = opened.read(LARGEST_HISTORY).splitlines()
    except UnreadableError as error:
        return {}, (f"{file.name} {error}",)
    for number, line in enumerate(lines, 1):
        if b'"epoch"' not in line and number < len(lines):
            continue  # the metrics of a step, not of an epoch
        try:
            row = dict(parse_json(line))
            epoch = int(row.get("epoch", -1))
        except (ValueError, TypeError, OverflowError):
            problems.append(f"{file.name}, line {number} is damaged or cut off")
            continue
        for name, value in numbers(row).items() if epoch >= 0 else ():
            if name not in ("step", "epoch"):
                points.setdefault(name, {})[epoch] = value
    return {name: sorted(values.items()) for name, values in points.items()}, tuple(problems)
