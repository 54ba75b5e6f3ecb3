"""The criteria by which runs are compared: the scores that their records declare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from seqlab.comparison.runs import Run
from seqlab.tasks import tasks
from seqlab.tasks.score import ACCURACY, BITS_PER_CHARACTER, Score

OF_TOKENS = ("tokens", "vocabulary", "min_count", "documents", "bos_eos")
"""Settings of data that change what a token is, so that scores of a token cannot be compared."""


@dataclass(frozen=True)
class Criteria:
    """The scores of a benchmark, and those that decide.

    Attributes:
        scores: every score by its name.
        monitors: the scores that chose the weights of runs, such as "val/accuracy".
        deciding: those that decide which run is best, of which the first found counts: the monitors; of
            language models with different tokens the bits per character, if all have them.
        galleries: the names of the figures that can be made of single predictions.
    """

    scores: dict[str, Score]
    monitors: tuple[str, ...]
    deciding: tuple[str, ...]
    galleries: frozenset[str]

    @classmethod
    def of(cls, runs: Sequence[Run]) -> "Criteria":
        """Return the criteria of some runs of one benchmark."""
        each = [_of(run) for run in runs]
        monitors = tuple(dict.fromkeys(monitor for one in each for monitor in one.monitors))
        deciding = monitors
        if have_different_tokens(runs):
            have_all = all(BITS_PER_CHARACTER.name in one.scores for one in each)
            deciding = (f"val/{BITS_PER_CHARACTER.name}",) * have_all
        return cls(
            scores={score.name: score for one in each for score in one.scores.values()},
            monitors=monitors,
            deciding=deciding,
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


def have_different_tokens(runs: Sequence[Run]) -> bool:
    """Return whether language models do not all predict the same tokens."""
    tokens = {tuple(str(run.settings.get(f"data.{name}")) for name in OF_TOKENS) for run in runs}
    return len(tokens) > 1 and problem_type(runs[0]) == "language_model"


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
    return Criteria(by_name, watched, watched, frozenset(galleries))
