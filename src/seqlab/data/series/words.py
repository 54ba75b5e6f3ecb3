"""Columns of words among those of numbers: told all at once, or left out if they never change."""

import logging
from collections.abc import Sequence

from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.several import question, suspected
from seqlab.data.series.times import Clock
from seqlab.data.table.base import NoNumberError, Table
from seqlab.data.table.words import word_columns
from seqlab.errors import DataError
from seqlab.io.override import setting

log = logging.getLogger(__name__)


def without_constant(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """Return columns without those of words that are the same in every row, and say which.

    Raises:
        DataError: the file is malformed.
    """
    words = word_columns(table, names)
    cells: dict[str, set[str]] = {name: set() for name in words}
    for chunk in table.chunks((), words=words, may_break_off=True) if words else ():
        for name, column in zip(words, chunk.words, strict=True):
            cells[name] |= set(column.tolist())
    constant = {name: found.pop() for name, found in cells.items() if len(found) == 1}
    for name, cell in constant.items():
        log.warning("%s: column '%s' is '%s' in every row and is left out", table.path, name, cell)
    return tuple(name for name in names if name not in constant)


def left_out(data: SeriesData, names: Sequence[str]) -> str:
    """Return how columns are left out: by their names, or by leaving them out of those that are named."""
    if data.features is None:
        return f"{setting('data.drop', names)} leaves {'it' if len(names) == 1 else 'them'} out"
    return f"leave {','.join(names)} out of data.features"


def explained(
    error: NoNumberError, table: Table, clock: Clock, columns: Sequence[str], data: SeriesData
) -> DataError:
    """Return the error of a cell that is no number, with what to do about its column.

    Args:
        error: of the cell.
        table: the file.
        clock: how it says when a row was measured.
        columns: the columns that are read as numbers.
        data: which of them are targets, and cannot be left out.
    """
    try:
        ids = suspected(table, clock, (), numbers=True) if clock.columns and not data.series_id else ()
        words = word_columns(table, columns)
    except DataError:
        return error
    found: DataError = error
    if targets := [name for name in data.targets if name in words]:
        reason = f"data.targets: words, not numbers, are in: {','.join(targets)}"
        found = DataError(f"{table.path}: {reason}; targets are columns of numbers")
    elif len(words) > 1 or error.column in words:
        reason = f"words, not numbers, are in: {','.join(words)}"
        found = DataError(f"{table.path}: {reason}; {left_out(data, words)}")
    elif table.is_own and error.column not in data.targets:
        found = DataError(f"{error}; or {left_out(data, [error.column])}")
    return DataError(f"{found}; {question(ids)}") if ids else found
