"""A class at every step of numeric sequences."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.data.sequences.labels import numbered, without_fractions
from seqlab.data.sequences.records import Records
from seqlab.data.splits import SPLITS
from seqlab.data.text.doubts import MANY, are_few
from seqlab.data.text.labels import AnyClass
from seqlab.errors import DataError

log = logging.getLogger(__name__)

SHOWN = 20
"""Names of classes in a message at most."""


class Tags:
    """The classes of all steps; splits are of whole sequences, whatever their classes.

    Args:
        parts: the sequences, each with a label at every step.
        path: of their file, for messages.

    Attributes:
        strata: a number for each sequence, all alike, [N].

    Raises:
        DataError: a label is missing, or all are alike.
    """

    def __init__(self, parts: Sequence[Records], path: Path) -> None:
        self.path = path
        self.classes, numbers = numbered(without_fractions([tag for part in parts for tag in _tags(part)]))
        if len(self.classes) < 2:  # noqa: PLR2004 (of which one is told from the other)
            raise DataError(
                f"{path}: all steps have the label '{self.classes[0]}'; is data.label the right column?"
            )
        self.numbers = np.array(numbers, dtype=np.int64)
        self.lengths = np.concatenate([part.lengths for part in parts])
        self.strata = np.zeros(len(self.lengths), np.int32)

    def check(self, rows: Mapping[str, np.ndarray]) -> None:
        """Say which classes cannot be learnt.

        Raises:
            DataError: there are hardly more steps than classes, or many of these are numbers with a fraction.
        """
        counts = {split: self._counts(rows[split]) for split in SPLITS}
        unseen = (counts["train"] == 0) & (counts["val"] + counts["test"] > 0)
        if are_few(len(self.classes), len(self.numbers)) or _are_measured(self.classes):
            found = f"{len(self.classes):,} classes in {len(self.numbers):,} steps"
            raise DataError(f"{self.path}: {found}; is data.label the right column?")
        if unseen.any():
            some = np.array(self.classes)[unseen]
            names = ", ".join(some[:SHOWN]) + (
                f" and {len(some) - SHOWN:,} more" if len(some) > SHOWN else ""
            )
            log.warning("%s: no training step has the label %s, so it cannot be predicted", self.path, names)

    def learnt(self, train: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return the classes with their training steps, and the number of each step's class, [S]."""
        return {"classes": self.classes, "class_counts": tuple(self._counts(train).tolist())}, self.numbers

    def _counts(self, sequences: np.ndarray) -> np.ndarray:
        found = self.numbers[steps_of(self.lengths, sequences)]
        return np.bincount(found, minlength=len(self.classes))


def _are_measured(classes: Sequence[str]) -> bool:
    """Return whether labels are many numbers, some of them with a fraction."""
    with suppress(ValueError):
        return len(classes) >= MANY and not all(float(name).is_integer() for name in classes)
    return False


def steps_of(lengths: np.ndarray, sequences: np.ndarray) -> np.ndarray:
    """Return the numbers of all steps of some sequences, one sequence after the other.

    Args:
        lengths: steps of every sequence, [N].
        sequences: the numbers of some.
    """
    ends, kept = np.cumsum(lengths), lengths[sequences]
    shifts = (ends - lengths)[sequences] - (np.cumsum(kept) - kept)
    steps: np.ndarray = np.repeat(shifts, kept) + np.arange(kept.sum())
    return steps


def _tags(part: Records) -> list[str]:
    """Return the labels of all steps without blanks around them, [S]."""
    if len(part.tags) != part.lengths.sum():
        raise DataError(f"{part.path}: the steps have no labels; add them, or name them with data.label")
    parser, found = AnyClass(), []
    for place, tag in enumerate(part.tags):
        try:
            found.append(parser(tag.strip()))
        except ValueError as error:
            number = int(np.searchsorted(part.starts, place, side="right")) - 1
            where = f"{part.names[number]}, step {place - part.starts[number] + 1}"
            raise DataError(f"{part.path}, {where}: column '{part.label_columns[0]}' {error}") from error
    return found
