"""The labels of sequences as numbers, from which targets are made."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import ClassVar

import numpy as np

from seqlab.data.sequences.records import Records
from seqlab.data.splits import strata_of
from seqlab.data.text.labels import AnyClass, LabelParser
from seqlab.errors import DataError


class SequenceLabels:
    """The labels of all sequences of a file or several, each by its place among the column's labels.

    Classes that are whole numbers are in the order of the numbers, and 1.0 is 1.

    Args:
        parts: the sequences, each with labels.
        parsers: what a label means, by column.

    Attributes:
        classes: the different labels of each column, sorted.
        labels: the place of each sequence's label among them, [N, columns].

    Raises:
        DataError: a label is missing, or may not be so.
    """

    noun: ClassVar[str] = "sequence"

    def __init__(self, parts: Sequence[Records], parsers: Mapping[str, LabelParser]) -> None:
        self.classes: dict[str, tuple[str, ...]] = {}
        columns = []
        for place, (name, parser) in enumerate(parsers.items()):
            cells = [cell for part in parts for cell in _cells(part, place, parser)]
            if isinstance(parser, AnyClass):
                cells = without_fractions(cells)
            self.classes[name], numbers = numbered(cells)
            columns.append(numbers)
        self.labels = np.array(columns, dtype=np.int64).T

    def __len__(self) -> int:
        return len(self.labels)

    def strata(self) -> np.ndarray:
        """Return a number for each sequence's combination of labels, in the order of their names, [N]."""
        return strata_of(self.labels, [len(labels) for labels in self.classes.values()])


def _cells(part: Records, place: int, parser: LabelParser) -> list[str]:
    """Return what the labels of a column mean, [N]."""
    if len(part.labels) != len(part):
        raise DataError(f"{part.path}: the sequences have no labels; add them, or name them with data.label")
    found = []
    for name, labels in zip(part.names, part.labels, strict=True):
        try:
            found.append(parser(labels[place].strip()))
        except ValueError as error:
            column = part.label_columns[place]
            raise DataError(f"{part.path}, {name}: column '{column}' {error}") from error
    return found


def numbered(cells: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """Return the different labels, sorted, and the place of each cell among them."""
    labels = tuple(sorted(set(cells), key=_in_order))
    places = {label: place for place, label in enumerate(labels)}
    return labels, [places[cell] for cell in cells]


def without_fractions(cells: list[str]) -> list[str]:
    """Return classes without their .0, if all are whole numbers."""
    with suppress(ValueError):
        values = [float(cell) for cell in cells]
        if all(value.is_integer() for value in values):
            return [f"{value:.0f}" for value in values]
    return cells


def _in_order(label: str) -> tuple[float, str]:
    """Return a key that sorts numbers by their value, before words."""
    try:
        return float(label), label
    except ValueError:
        return np.inf, label
