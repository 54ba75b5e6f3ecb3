"""Columns that say one thing of a whole series: its size, its region."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np

from seqlab.data.series.several import CodedColumn
from seqlab.data.table.dialect import Dialect
from seqlab.errors import DataError

log = logging.getLogger(__name__)

MOST_WORDS = 200
"""Distinct words of a column, each of which becomes an input column."""

Meanings = Mapping[str, tuple[str, ...]]
"""What may stand in each static column: some words, each a column of its own; none in one of numbers."""


def static_columns(meanings: Meanings) -> tuple[str, ...]:
    """Return the input columns that static columns become."""
    return tuple(
        column
        for name, words in meanings.items()
        for column in ([f"{name}={word}" for word in words] or [name])
    )


def meanings_of(
    columns: Mapping[str, CodedColumn], dialect: Dialect, ids: Sequence[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Return what stands in the static columns of training data: numbers, or which words.

    Args:
        columns: the words of each.
        dialect: how numbers are written, and what stands for a missing one.
        ids: columns of names of series, which are words even if they look like numbers.

    Raises:
        DataError: a column has too many words.
    """
    found = {}
    for name, cells in columns.items():
        words = sorted(set(cells.names) - dialect.blanks)
        is_number = name not in ids and all(_number(word, dialect) is not None for word in words)
        found[name] = () if is_number else tuple(words)
        if len(found[name]) > MOST_WORDS:
            raise DataError(
                f"data.static: column '{name}' has {len(words)} words; "
                f"at most {MOST_WORDS} are one-hot encoded"
            )
    return found


def spelled_out(
    codes: np.ndarray, columns: Mapping[str, CodedColumn], meanings: Meanings, dialect: Dialect
) -> np.ndarray:
    """Return static columns as numbers, and 0 or 1 for each word, [R, columns]; a missing number is NaN.

    Args:
        codes: the number of each row's word, one column a static column, [R, S].
        columns: the words.
        meanings: what may stand in them; words that training has not seen are 0 in all columns.
        dialect: how numbers are written, and what stands for a missing one.
    """
    found = []
    for place, (name, words) in enumerate(meanings.items()):
        cells = columns[name].names
        if words:
            unseen = sorted(set(cells) - set(words) - dialect.blanks)
            if unseen:
                log.warning("column '%s': training has not seen %s", name, ", ".join(unseen[:10]))
            values = np.array([[float(cell == word) for word in words] for cell in cells])
        else:
            numbers = [_number(cell, dialect) for cell in cells]
            values = np.array([[np.nan if number is None else number] for number in numbers])
        found.append(values[codes[:, place]])
    return np.concatenate(found, axis=1) if found else np.zeros((len(codes), 0))


def _number(cell: str, dialect: Dialect) -> float | None:
    try:
        found = float(dialect.number(cell))
    except ValueError:
        return None
    return found if np.isfinite(found) else None
