"""Which columns of a table hold words, where numbers are wanted?"""

from collections.abc import Sequence

from seqlab.data.table.base import Table

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
