"""The runs below a folder, read one by one: what is damaged in a run is said of that run alone.

Nothing of this imports torch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from seqlab.errors import RunError

History = Mapping[str, list[tuple[int, float]]]
"""(epoch, value) points by metric, such as "val/loss"; epochs count from 0."""

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAPPINGS = ("data", "metrics", "baselines")
"""Parts of a record that must be mappings, if they are there."""


@dataclass(frozen=True)
class Run:
    """A run, as its folder tells it.

    Attributes:
        path: its folder.
        folder: the same, below the folder that is reported on.
        record: its run.json; of a run that cannot be read its status, "damaged", and the reason as error.
        settings: its configuration, flat: "model.hidden_size" to value.
        history: its curves.
        problems: what else could not be read.
    """

    path: Path
    folder: str
    record: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, float]:
        """The scores that are numbers."""
        return numbers(self.record.get("metrics", {}))

    @property
    def status(self) -> str:
        """Running, done, interrupted, failed, or damaged."""
        return str(self.record.get("status", "damaged"))

    @property
    def reason(self) -> str:
        """Why the run is not done, in one line: the recorded error, or how far it came."""
        lines = str(self.record.get("error", "")).strip().splitlines()
        if lines:
            return lines[0]
        epochs = {epoch for points in self.history.values() for epoch, _ in points}
        return f"after epoch {max(epochs) + 1} of {self.settings.get('trainer.max_epochs')}" if epochs else ""


def read_runs(folder: Path) -> list[Run]:
    """Return every run below ``folder``, by the name of its folder.

    Raises:
        RunError: there is no run.
    """
    files = sorted(path for path in folder.rglob("run.json") if path.is_file())
    if not files:
        raise RunError(f"no run below {folder}; seqlab train makes one")
    return [_read(file.parent, folder) for file in files]


def numbers(values: Mapping[str, Any]) -> dict[str, float]:
    """Return those of the values that are numbers."""
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _read(path: Path, below: Path) -> Run:
    name = str(path.relative_to(below)) if path != below else path.resolve().name
    try:
        record = _read_record(path / "run.json")
        settings = _read_settings(path / "config.yaml") if "data" in record else {}
    except RunError as error:
        return Run(path, name, {"status": "damaged", "error": str(error)})
    history, problems = read_history(path / "metrics.jsonl")
    return Run(path, name, record, settings, history, problems)


def _read_record(file: Path) -> dict[str, Any]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{file.name} cannot be read ({error})") from error
    if not isinstance(record, dict):
        raise RunError(f"{file.name} is not the record of a run")
    for part in MAPPINGS:
        if not isinstance(record.get(part, {}), dict):
            raise RunError(f"{file.name} is damaged: '{part}' is not a mapping")
    return record


def _read_settings(file: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), LOADER)  # noqa: S506 (both loaders are safe)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RunError(f"{file.name} cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(raw, dict):
        raise RunError(f"{file.name} holds no settings")
    flat: dict[str, Any] = {}
    for group, section in raw.items():
        if isinstance(section, dict):
            flat |= {f"{group}.{key}": value for key, value in section.items()}
        else:
            flat[group] = section
    return flat


def read_history(file: Path) -> tuple[History, tuple[str, ...]]:
    """Return the curves of a metrics.jsonl, as far as it can be read, and what could not be.

    Of several values of an epoch the last one counts.
    """
    points: dict[str, dict[int, float]] = {}
    problems: list[str] = []
    try:
        lines = file.read_bytes().splitlines() if file.exists() else []
    except OSError as error:
        return {}, (f"{file.name}: {error.strerror}",)
    for number, line in enumerate(lines, 1):
        if b'"epoch"' not in line and number < len(lines):
            continue  # a single step's
        try:
            row = dict(json.loads(line))
            epoch = int(row.get("epoch", -1))
        except (ValueError, TypeError):
            problems.append(f"{file.name}, line {number} is damaged or cut off")
            continue
        for name, value in numbers(row).items() if epoch >= 0 else ():
            if name not in ("step", "epoch"):
                points.setdefault(name, {})[epoch] = value
    return {name: sorted(values.items()) for name, values in points.items()}, tuple(problems)
