"""What the labels of sequences mean: classes, or numbers."""

import math
from collections.abc import Sequence

import numpy as np

from seqlab.data.sequences.records import Records
from seqlab.errors import DataError


def classes_of(parts: Sequence[Records]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the class names, and the class of each sequence, [N].

    Classes that are whole numbers are in the order of the numbers, and 1.0 is 1.

    Args:
        parts: the sequences of one file or several, each with a label.

    Raises:
        DataError: a label is missing, there is only one class, or nearly every sequence has its own.
    """
    labels = [label for part in parts for label in _labels(part)]
    try:
        values = [float(label) for label in labels]
    except ValueError:
        values = []
    if values and all(value.is_integer() for value in values):
        labels = [f"{value:.0f}" for value in values]
    names = sorted(set(labels), key=lambda name: (float(name), name)) if values else sorted(set(labels))
    path = parts[0].path
    if len(names) < 2:  # noqa: PLR2004 (one class cannot be classified)
        raise DataError(f"{path}: all sequences have the class '{names[0]}'; add sequences of another class")
    if 2 * len(names) > len(labels):
        remedy = "for numbers set task=regression" if values else "is data.label the right column?"
        raise DataError(f"{path}: {len(names):,} classes in {len(labels):,} sequences; {remedy}")
    numbers = {name: number for number, name in enumerate(names)}
    return tuple(names), np.array([numbers[label] for label in labels], dtype=np.int64)


def numbers_of(parts: Sequence[Records]) -> np.ndarray:
    """Return the number of each sequence, [N].

    Raises:
        DataError: a label is missing, or no finite number.
    """
    return np.array(
        [
            _number(part, name, label)
            for part in parts
            for name, label in zip(part.names, _labels(part), strict=True)
        ]
    )


def _labels(part: Records) -> Sequence[str]:
    if len(part.labels) != len(part):
        raise DataError(f"{part.path}: the sequences have no labels; add them, or name them with data.label")
    if "" in part.labels:
        name = part.names[part.labels.index("")]
        raise DataError(f"{part.path}, {name}: the label is missing; fill it in or remove the sequence")
    return part.labels


def _number(part: Records, name: str, label: str) -> float:
    try:
        value = float(label)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"{part.path}, {name}: the label is '{label:.40}', which is no finite number; fix it")
    return value
