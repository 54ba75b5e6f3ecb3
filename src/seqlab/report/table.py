"""All runs below a folder in one table: what differs between them, their scores, the baselines'."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich import box
from rich.console import Console
from rich.table import Table

from seqlab.errors import RunError
from seqlab.runs.load import read_record

SCORES = {
    "test/accuracy": "accuracy",
    "test/precision_macro": "precision",
    "test/recall_macro": "recall",
    "test/f1_macro": "F1",
    "drawn/accuracy": "drawn",
    "test/mae": "mean abs. error",
    "test/median_ae": "median abs. error",
    "test/rmse": "RMSE",
    "test/bias": "bias",
}
"""What is shown of a run, and what it is called; all but "drawn" are of test data, macro averages."""

COLUMNS = 4
"""Differing settings up to which each has a column of its own."""

GROUPS = ("model", "data", "task", "optimizer", "scheduler", "trainer")
"""Settings that can change a result; the seed too."""

ELSEWHERE = (
    "model.cell",
    "data.name",
    "task.name",
    "data.root",
    "data.source",
    "data.url",
    "data.path",
    "task.baselines",
    "trainer.devices",
    "trainer.strategy",
)
"""Settings that have a column of their own, or do not change a result."""


def print_report(folder: Path) -> None:
    """Print every run below ``folder``, a table for each question, the best run first, the baselines last.

    Raises:
        RunError: there is no run.
    """
    runs = sorted(path.parent for path in folder.rglob("run.json"))
    if not runs:
        raise RunError(f"no run below {folder}; seqlab train makes one")
    asked: dict[str, list[_Run]] = {}
    for path in runs:
        run = _Run(str(path.relative_to(folder)), read_record(path), _settings(path))
        asked.setdefault(_question(run), []).append(run)
    console = Console(width=None if sys.stdout.isatty() else 200)
    for question, found in asked.items():
        console.print(_table(question, found))


@dataclass(frozen=True)
class _Run:
    """A run's folder below the one reported on, its record, and its settings, flat."""

    folder: str
    record: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def metrics(self) -> dict[str, float]:
        found: dict[str, float] = self.record.get("metrics", {})
        return found


def _question(run: _Run) -> str:
    """Return what the run was asked: file and target; only runs of one question can be compared."""
    data = run.record.get("data", {})
    source = "SAMPLE" if data.get("source") == "sample" else data.get("source", "")
    file = f", {Path(data['path']).name}" if data.get("path") else ""
    targets = run.settings.get("data.targets") or [run.settings.get("data.target")]
    target = ", ".join(filter(None, (*targets, run.settings.get("data.label"))))
    fingerprint = f" {data['sha256'][:6]}" if data.get("sha256") else ""
    return f"{data.get('name', '')} ({source}{file}{fingerprint})" + (f": {target}" if target else "")


def _table(question: str, runs: list[_Run]) -> Table:
    varied = _varied([run.settings for run in runs])
    shown = [score for score in SCORES if any(score in run.metrics for run in runs)]
    table = Table(
        box=box.SIMPLE_HEAD, title=f"{question}: {len(runs)} run{'s' * (len(runs) > 1)}", title_justify="left"
    )
    for column in ("run", "cell", *varied[0]):
        table.add_column(column, overflow="fold")
    for column in (*(SCORES[score] for score in shown), "parameters", "time"):
        table.add_column(column, justify="right", overflow="fold")
    for column in ("engine", "status"):
        table.add_column(column)
    for run, settings in sorted(zip(runs, varied, strict=True), key=lambda pair: _rank(pair[0].metrics)):
        record = run.record
        table.add_row(
            run.folder,
            str(record.get("cell", "")),
            *settings.values(),
            *(_number(run.metrics.get(score)) for score in shown),
            f"{record.get('parameters', 0):,}",
            f"{record['seconds']:.0f} s" if "seconds" in record else "",
            str(record.get("engine", "")),
            str(record.get("status", "")),
        )
    for name, metrics in _baselines(runs).items():
        empty = [""] * len(varied[0])
        scores = [_number(metrics.get(score)) for score in shown]
        table.add_row(f"baseline: {name}", "", *empty, *scores, "", "", "", "", style="dim")
    if "drawn/accuracy" in shown:
        table.caption = "drawn: accuracy on training samples drawn uniformly over classes; not held out"
    return table


def _settings(run: Path) -> dict[str, Any]:
    """Return the settings of a run, flat, without those that do not change the result."""
    file = run / "config.yaml"
    raw = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
    flat = {f"{group}.{key}": value for group in GROUPS for key, value in raw.get(group, {}).items()}
    return {key: value for key, value in flat.items() if key not in ELSEWHERE} | {"seed": raw.get("seed")}


def _varied(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return for each run what tells it from the others: a few columns, or one of what is unusual."""
    everywhere = [key for key in settings[0] if all(key in setting for setting in settings)]
    values = {key: [str(setting[key]) for setting in settings] for key in everywhere}
    differing = {key: found for key, found in values.items() if len(set(found)) > 1}
    if len(differing) <= COLUMNS:
        return [{_short(key): found[run] for key, found in differing.items()} for run in range(len(settings))]
    usual = {key: Counter(found).most_common(1)[0][0] for key, found in differing.items()}
    return [
        {
            "settings": " ".join(
                f"{_short(key)}={found[run]}" for key, found in differing.items() if found[run] != usual[key]
            )
        }
        for run in range(len(settings))
    ]


def _short(key: str) -> str:
    group, _, name = key.rpartition(".")
    return group if name == "name" else name


def _baselines(runs: Sequence[_Run]) -> dict[str, dict[str, float]]:
    """Return the baselines of every split that occurs, by name."""
    found: dict[str, dict[str, float]] = {}
    for run in runs:
        for name, metrics in run.record.get("baselines", {}).items():
            if found.setdefault(name, metrics) != metrics:  # another split of the same data
                found[f"{name} ({run.folder})"] = metrics
    return found


def _rank(metrics: Mapping[str, float]) -> tuple[float, float]:
    """Return what sorts the best run first: the highest accuracy, then the lowest error."""
    return -metrics.get("test/accuracy", -1.0), metrics.get("test/mae", float("inf"))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
