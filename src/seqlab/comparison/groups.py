"""Runs of one benchmark, grouped by their settings except the seed: mean ± standard deviation over seeds."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from seqlab.comparison.criteria import Criteria, problem_type
from seqlab.comparison.differences import relevant, tell_apart
from seqlab.comparison.runs import Run, numbers
from seqlab.registry.types import as_list
from seqlab.tasks.baselines.names import WINDOWS


@dataclass(frozen=True)
class Group:
    """Runs that differ only by their seeds: the latest run of each seed.

    Attributes:
        runs: at least one.
        settings: those that differ from other groups, as shown.
        label: the name, and the unusual settings where others have it; unique among groups of finished runs.
    """

    runs: tuple[Run, ...]
    settings: dict[str, str]
    label: str

    @property
    def name(self) -> str:
        """The experiment or ``name=`` of the runs."""
        return _called(self.runs)

    @property
    def folder(self) -> str:
        """The run's folder; for several runs their common folder and their number."""
        if len(self.runs) == 1:
            return self.runs[0].folder
        parent = str(Path(self.runs[0].folder).parent)
        where = f"{parent}: " if self.place and parent != "." else ""
        return f"{where}{len(self.runs)} runs"

    @property
    def place(self) -> Path | None:
        """The path of the run's folder; for several runs of their common folder, None if there is none."""
        if len(self.runs) == 1:
            return self.runs[0].path
        shared = {run.path.parent for run in self.runs}
        return shared.pop() if len(shared) == 1 else None

    @property
    def cell(self) -> str:
        """The name of the cell."""
        return str(self.runs[0].record.get("cell", ""))

    @property
    def parameters(self) -> int | None:
        """The number of parameters of the network."""
        return next(
            (count for run in self.runs if isinstance(count := run.record.get("parameters"), int)), None
        )

    @property
    def seconds(self) -> float | None:
        """The duration of a run, averaged over seeds."""
        times = [numbers(run.record)["seconds"] for run in self.runs if "seconds" in numbers(run.record)]
        return fmean(times) if times else None

    @property
    def engines(self) -> list[str]:
        """The names of the engines that the runs used."""
        return sorted({str(run.record["engine"]) for run in self.runs if "engine" in run.record})

    def values(self, score: str) -> list[float]:
        """Return the values of a score, of every run that has it."""
        return [run.metrics[score] for run in self.runs if score in run.metrics]

    def mean(self, score: str) -> float | None:
        """Return the mean of a score over seeds; None if no run has it."""
        values = self.values(score)
        return fmean(values) if values else None

    def deviation(self, score: str) -> float | None:
        """Return the standard deviation of a score over n seeds, with n − 1; None for n < 2."""
        values = self.values(score)
        return standard_deviation(values) if len(values) > 1 else None

    @property
    def best(self) -> Run:
        """The run with the best monitored validation score."""
        criteria = Criteria.of(self.runs)
        return min(self.runs, key=lambda run: _rank(criteria, ("val", "test"), run.metrics))


@dataclass(frozen=True)
class Benchmark:
    """Runs that predict the same of the same data, which can be compared.

    Attributes:
        title: data, file and target, and what is predicted if these do not tell it from others.
        groups: of the finished runs, the best first.
        unfinished: the other runs.
        earlier: how many runs are left out because a later one has the same settings and seed.
    """

    title: str
    groups: tuple[Group, ...]
    unfinished: tuple[Group, ...]
    earlier: int

    @property
    def runs(self) -> list[Run]:
        """All runs, those of the best group first."""
        return [run for group in (*self.groups, *self.unfinished) for run in group.runs]

    @property
    def scores(self) -> list[str]:
        """The scores to show, such as "test/accuracy": those that any run has."""
        return [score for score in self.criteria.labels if any(group.values(score) for group in self.groups)]

    @cached_property
    def criteria(self) -> Criteria:
        """The scores and the monitors by which the runs are compared."""
        return Criteria.of(self.runs)

    @property
    def is_sample(self) -> bool:
        """Whether the data are the small built-in sample."""
        return bool(self.runs[0].record["data"].get("source") == "sample")

    @property
    def unit(self) -> str:
        """The unit of errors: the target, whose name contains its unit, or the mean of several targets."""
        series = self.runs[0].record["data"].get("series")
        if not series:
            return "units of the target"
        targets: list[str] = series.get("targets", []) if isinstance(series, dict) else []
        return targets[0] if len(targets) == 1 else "mean of all targets"

    @cached_property
    def baselines(self) -> dict[str, dict[str, float]]:
        """The scores of the baselines by name, for every split or horizon of the data that occurs."""
        found: dict[str, list[tuple[Run, dict[str, float]]]] = {}
        for run in self.runs:
            for name, metrics in run.record.get("baselines", {}).items():
                scores = numbers(metrics) if isinstance(metrics, dict) else {}
                several = found.setdefault(name, [])
                if all(scores != known for _, known in several):
                    several.append((run, scores))
        return {
            f"{name} ({self._told_apart(run)})" if len(several) > 1 else name: scores
            for name, several in found.items()
            for run, scores in several
        }

    def _told_apart(self, run: Run) -> str:
        """Return the settings of a run's data that are not those of all, or its folder."""
        settings = [relevant(one, seed=False) for one in self.runs]
        own = relevant(run, seed=False)
        told = [
            f"{key.partition('.')[2]} {value}"
            for key, value in own.items()
            if key.startswith("data.") and any(one.get(key) != value for one in settings)
        ]
        return ", ".join(told) or run.folder


def labelled(baseline: str, metrics: Mapping[str, float]) -> str:
    """Return the name of a baseline, with the number of test windows if it has not forecast all."""
    count = metrics.get(f"test/{WINDOWS}")
    return f"{baseline} ({count:,.0f} windows)" if count else baseline


def standard_deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of n ≥ 2 values, with n − 1; NaN if one of them is NaN."""
    return stdev(values) if all(map(math.isfinite, values)) else math.nan


def compare(runs: Iterable[Run], *, by_seed: bool = True) -> tuple[list[Benchmark], list[Run]]:
    """Sort runs into benchmarks (the same data, target and problem type) and group them.

    Args:
        runs: any runs.
        by_seed: whether runs that differ only by their seeds form a group; otherwise every run is a group.

    Returns:
        The benchmarks, and the runs whose record does not state its data.
    """
    together: dict[tuple[str, str], list[Run]] = {}
    others: list[Run] = []
    for run in runs:
        if run.record.get("data"):
            together.setdefault((_title(run), problem_type(run)), []).append(run)
        else:
            others.append(run)
    often = Counter(title for title, _ in together)
    benchmarks = [
        _compare(
            f"{title}, {predicted.replace('_', ' ')}" if often[title] > 1 else title, found, by_seed=by_seed
        )
        for (title, predicted), found in together.items()
    ]
    return benchmarks, others


def _title(run: Run) -> str:
    """Return a run's data and target."""
    data = run.record["data"]
    source = "SAMPLE" if data.get("source") == "sample" else data.get("source", "")
    file = f", {Path(str(data['path'])).name}" if data.get("path") else ""
    targets = run.settings.get("data.targets") or [run.settings.get("data.target")]
    labels = as_list(run.settings.get("data.label")) or []
    target = ", ".join(str(name) for name in (*targets, *labels) if name not in (None, ""))  # 0 is a column
    fingerprint = f" {str(data['sha256'])[:6]}" if data.get("sha256") else ""
    return f"{data.get('name', '')} ({source}{file}{fingerprint})" + (f": {target}" if target else "")


def _compare(title: str, runs: Sequence[Run], *, by_seed: bool) -> Benchmark:
    done = [run for run in runs if run.status == "done"]
    together: dict[Any, list[Run]] = {}
    for run in done:
        key = tuple(sorted(relevant(run, seed=False).items())) if by_seed else run.folder
        together.setdefault((run.record.get("cell"), key), []).append(run)
    groups = [_latest(group) for group in together.values()]
    groups += [(run,) for run in runs if run.status != "done"]
    names = [_called(group) for group in groups]
    settings, labels = tell_apart([group[0] for group in groups], names, seed=not by_seed)
    often = Counter(label for group, label in zip(groups, labels, strict=True) if group[0].status == "done")
    made = [
        Group(group, shown, f"{label} ({group[0].folder})" if often[label] > 1 else label)
        for group, shown, label in zip(groups, settings, labels, strict=True)
    ]
    finished = [group for group in made if group.runs[0].status == "done"]
    criteria = Criteria.of(runs)
    finished.sort(key=lambda group: _rank(criteria, ("test", "val"), group))
    unfinished = tuple(group for group in made if group.runs[0].status != "done")
    return Benchmark(
        title, tuple(finished), unfinished, len(done) - sum(len(group.runs) for group in finished)
    )


def _called(runs: Sequence[Run]) -> str:
    return ", ".join(dict.fromkeys(run.name for run in runs))


def _latest(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the latest run of each seed, by seed: repeating a seed adds no information."""
    by_seed: dict[Any, Run] = {}
    for run in sorted(runs, key=lambda run: str(run.record.get("started", ""))):
        by_seed[run.settings.get("seed")] = run
    return tuple(by_seed[seed] for seed in sorted(by_seed, key=str))


def _rank(
    criteria: Criteria, stages: Sequence[str], found: "Group | Mapping[str, float]"
) -> tuple[int, float]:
    """Return a sort key, best first: by the first deciding score that exists; NaN comes last."""
    names = [f"{stage}/{monitor.partition('/')[2]}" for stage in stages for monitor in criteria.deciding]
    for index, name in enumerate(names):
        value = found.mean(name) if isinstance(found, Group) else found.get(name)
        if value is not None:
            return index, math.inf if math.isnan(value) else (
                value if criteria.score(name).better == "lower" else -value
            )
    return len(names), 0.0
