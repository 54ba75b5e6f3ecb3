"""What a run's predictions give for each sample of its test, window of a series or tagged sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seqlab.comparison.files import header_of, predictions_of, read_table, to_number, unit_of
from seqlab.comparison.runs import Run
from seqlab.errors import RunError

SCORES = frozenset({"test/accuracy", "test/mae"})
"""The scores that are means over the rows of predictions."""
CLUSTERS = ("sentence", "sequence")
"""Columns that say to which sequence a tagged step belongs."""


@dataclass(frozen=True)
class Measured:
    """A score at every unit of a run's test that is drawn as a whole: a sample, a window, a tagged sentence.

    Attributes:
        samples: what the samples are; runs are compared if these are equal.
        values: the mean of the score over each unit, [N]; of a window, over its targets and steps.
        sizes: the number of samples of each unit, [N]: of a sentence its tokens, else 1.
        unit: what is drawn: "sample", "window", "sentence" or "sequence".
        block: how many neighbouring units are drawn together.
        tested: how many samples the test had, more than are here if they are thinned out; 0 if unknown.
    """

    samples: Sequence[object]
    values: np.ndarray
    sizes: np.ndarray
    unit: str = "sample"
    block: int = 1
    tested: int = 0


def measure(run: Run, score: str) -> Measured:
    """Return a score, one of ``SCORES``, at everything whose prediction was written.

    Raises:
        RunError: the predictions are missing, empty or damaged.
        ValueError: a number is none.
    """
    file = predictions_of(run.path)
    is_of_windows = score == "test/mae" and run.record["data"].get("series")
    found = _windows(file) if is_of_windows else _samples(file, score)
    if not len(found.values):
        raise RunError(f"{file.name} has no rows")
    tested, block = _tested(run, score), found.block
    if tested:  # of thinned windows, which are evenly spread, fewer share a step
        block = -(-block * min(len(found.values), tested) // tested)
    return replace(found, block=block, tested=tested)


def _tested(run: Run, score: str) -> int:
    """Return how many samples the test had, of a tagger those of all classes; 0 if it is not known."""
    if score == "test/accuracy":
        try:
            return sum(int(samples) for (samples,) in read_table(run.path / "classes.csv", ("samples",)))
        except (RunError, ValueError):
            return 0
    sizes = run.record["data"].get("sizes")
    size = sizes.get("test") if isinstance(sizes, dict) else 0
    return max(size, 0) if isinstance(size, int) else 0


def _samples(file: Path, score: str) -> Measured:
    header = header_of(file)
    columns = [name for name in (*CLUSTERS, "step", "text") if name in header]
    rows = read_table(file, ("true", "predicted", *columns))
    found = [float(row[0] == row[1]) if score == "test/accuracy" else _off(row[0], row[1]) for row in rows]
    samples, values = [(row[0], *row[2:]) for row in rows], np.array(found)
    if not columns or columns[0] not in CLUSTERS:
        return Measured(samples, values, np.ones(len(values)))
    _, places = np.unique([row[2] for row in rows], return_inverse=True)
    sizes = np.bincount(places)
    return Measured(samples, np.bincount(places, values) / sizes, sizes, columns[0])


def _windows(file: Path) -> Measured:
    """Return the mean absolute error of each window: its targets and steps are not independent."""
    columns = (f"{unit_of(file)}_ahead", "true", "predicted", "after")
    errors: dict[tuple[str, ...], list[float]] = {}
    steps: set[str] = set()
    for ahead, true, predicted, *window in read_table(file, columns, perhaps=("series",)):
        errors.setdefault(tuple(window), []).append(_off(true, predicted))
        steps.add(ahead)
    values = np.array([np.mean(each) for each in errors.values()])
    return Measured([*errors, sorted(steps)], values, np.ones(len(values)), "window", len(steps))


def _off(true: str, predicted: str) -> float:
    return abs(to_number(predicted) - to_number(true))
