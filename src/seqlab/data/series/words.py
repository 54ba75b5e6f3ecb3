"""Columns of words among those of numbers: told all at once, or left out if they never change."""

import logging
from collections.abc import Sequence

from seqlab.data.table.base import Table

log = logging.getLogger(__name__)

SEEN = 1000
"""Rows that are looked at to know what a column holds."""


def word_columns(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold words and no number, as far as the first rows tell.

    Raises:
        DataError: the file is malformed.
    """
    rows, blanks = table.head(SEEN), table.dialect.blanks
    found = []
    for name, place in zip(names, table.places(names), strict=True):
        cells = {row.cells[place].strip() for row in rows} - blanks
        if cells and not any(
            table.is_number(cell) or table.is_number(cell.replace(",", ".")) for cell in cells
        ):
            found.append(name)
    return tuple(found)


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
