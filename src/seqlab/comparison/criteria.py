"""The criteria by which runs are compared: the scores that their records declare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from seqlab.comparison.runs import Run
from seqlab.tasks import tasks
from seqlab.tasks.score import ACCURACY, Score


@dataclass(frozen=True)
class Criteria:
    """The scores of a benchmark, and those that decide.

    Attributes:
        scores: every score by its name.
        monitors: the scores that decide which run is best, such as "val/accuracy"; the first found counts.
        galleries: the names of the figures that can be made of single predictions.
    """

    scores: dict[str, Score]
    monitors: tuple[str, ...]
    galleries: frozenset[str]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> "Criteria":
        """Return the criteria of some runs of one benchmark."""
        each = [_of(run) for run in runs]
        return cls(
            scores={score.name: score for one in each for score in one.scores.values()},
            monitors=tuple(dict.fromkeys(monitor for one in each for monitor in one.monitors)),
            galleries=frozenset().union(*(one.galleries for one in each)),
        )

    @property
    def labels(self) -> dict[str, str]:
        """The scores in tables, and the headings of their columns; all but "balanced" are of test data."""
        watched = {monitor.partition("/")[2] for monitor in self.monitors}
        shown = {
            f"test/{score.name}": score.label
            for score in self.scores.values()
            if score.in_tables or score.name in watched
        }
        balanced = {
            f"balanced/{name}": "balanced" if name == ACCURACY.name else f"balanced {self.scores[name].label}"
            for name in sorted(watched)
        }
        return shown | balanced

    def score(self, name: str) -> Score:
        """Return the score with a name such as "test/accuracy"."""
        return self.scores[name.partition("/")[2]]


def labels(several: Iterable[Criteria]) -> dict[str, str]:
    """Return the headings of the columns of several benchmarks."""
    return {name: label for criteria in several for name, label in criteria.labels.items()}


def problem_type(run: Run) -> str:
    """Return what a run predicts, such as "classification"."""
    recorded = run.record.get("task") or {}
    return str(recorded.get("problem_type") or tasks.attribute(_task(run), "problem_type"))


def _task(run: Run) -> str:
    """Return the task of an older run, whose record lacks it: one of seqlab's."""
    named = "forecasting" if run.record["data"].get("series") else str(run.settings.get("task.name"))
    return named if named in tasks else "classification"


def _of(run: Run) -> Criteria:
    recorded = run.record.get("task")
    if recorded is None:
        name = _task(run)
        scores: tuple[Score, ...] = tasks.attribute(name, "scores")
        monitor, galleries = tasks.attribute(name, "monitor"), tasks.attribute(name, "galleries")
    else:
        known = [field.name for field in fields(Score)]
        scores = tuple(Score(**{key: one[key] for key in known}) for one in recorded["scores"])
        monitor, galleries = recorded["monitor"], recorded["galleries"]
    by_name = {score.name: score for score in scores}
    watched = (monitor,) if monitor.partition("/")[2] in by_name else ()
    return Criteria(by_name, watched, frozenset(galleries))
