"""What a run's predictions give for each sample of its test, or for each window of a series."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqlab.comparison.files import predictions_of, read_table, to_number, unit_of
from seqlab.comparison.runs import Run
from seqlab.errors import RunError

SCORES = frozenset({"test/accuracy", "test/mae"})
"""The scores that are means over the rows of predictions."""


@dataclass(frozen=True)
class Measured:
    """A score at every sample of a run's test.

    Attributes:
        samples: what the samples are; runs are compared if these are equal.
        values: the score at each sample, [N]; of a window, its mean over targets and steps.
        block: how many neighbouring samples are drawn together.
    """

    samples: Sequence[object]
    values: np.ndarray
    block: int = 1


def measure(run: Run, score: str) -> Measured:
    """Return a score, one of ``SCORES``, at every sample whose prediction was written.

    Raises:
        RunError: the predictions are missing, empty or damaged.
        ValueError: a number is none.
    """
    file = predictions_of(run.path)
    is_of_windows = score == "test/mae" and run.record["data"].get("series")
    found = _windows(file) if is_of_windows else _samples(file, score)
    if not len(found.values):
        raise RunError(f"{file.name} has no rows")
    return found


def _samples(file: Path, score: str) -> Measured:
    rows = read_table(file, ("true", "predicted"), perhaps=("text",))
    found = [float(row[0] == row[1]) if score == "test/accuracy" else _off(row[0], row[1]) for row in rows]
    return Measured([(row[0], *row[2:]) for row in rows], np.array(found))


def _windows(file: Path) -> Measured:
    """Return the mean absolute error of each window: its targets and steps are not independent."""
    columns = (f"{unit_of(file)}_ahead", "true", "predicted", "after")
    errors: dict[tuple[str, ...], list[float]] = {}
    steps: set[str] = set()
    for ahead, true, predicted, *window in read_table(file, columns, perhaps=("series",)):
        errors.setdefault(tuple(window), []).append(_off(true, predicted))
        steps.add(ahead)
    values = np.array([np.mean(each) for each in errors.values()])
    return Measured([*errors, sorted(steps)], values, len(steps))


def _off(true: str, predicted: str) -> float:
    return abs(to_number(predicted) - to_number(true))
