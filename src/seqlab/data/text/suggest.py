"""The settings that would read a table which was given to a data set of another layout."""

import math
from itertools import islice
from pathlib import Path

from seqlab.data.table.dialect import LONGEST_NAME
from seqlab.data.table.opening import open_table
from seqlab.errors import DataError

ROWS = 200
"""Maximum number of rows that are checked."""


def as_text_csv(path: Path) -> str | None:
    """Return the settings of text_csv that read a file; None if it is not a table.

    The text is the column of words with the most different ones, the label that with the fewest.
    """
    try:
        table = open_table(path, is_own=True)
        rows = [row.cells for row in islice(table.rows(), ROWS)]
    except (DataError, UnicodeError):
        return None
    words = {
        name: len({cells[place] for cells in rows})
        for place, name in enumerate(table.header)
        if not all(_is_number(cells[place]) for cells in rows)
    }
    is_header = not any(_is_number(name) or len(name) > LONGEST_NAME for name in table.header)
    if not is_header or len(table.header) < 2:  # noqa: PLR2004 (a text and a label)
        return None
    text = max(words or table.header, key=lambda name: words.get(name, 0))
    labels = {name: count for name, count in words.items() if name != text and count > 1}
    label = min(labels, key=lambda name: labels[name]) if labels else "COLUMN"
    columns = ", ".join(table.header)
    return f"data=text_csv data.path={path} data.text={text} data.label={label} (its columns are {columns})"


def _is_number(cell: str) -> bool:
    try:
        return not math.isnan(float(cell))
    except ValueError:
        return not cell.strip()
