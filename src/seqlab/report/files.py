"""The tables that a run writes: predictions.csv, classes.csv, errors_by_step.csv."""

import csv
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from seqlab.errors import RunError
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.spreadsheet import from_cell

LARGEST = 2**30
"""The largest size of a table in bytes."""
LARGEST_CELL = 2**24
"""The maximum number of characters in a cell; csv's default is less than some reviews."""


def read_table(file: Path, columns: Sequence[str], *, perhaps: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Return the named columns of a run's table, as a list of rows.

    Args:
        file: the table.
        columns: the columns that it must have.
        perhaps: further columns that are returned after them if the table has all of these.

    Raises:
        RunError: the file or a column is missing, or a row is cut off.
    """
    csv.field_size_limit(LARGEST_CELL)
    if not file.exists() and not file.is_symlink():
        raise RunError(f"{file.name} is missing")
    try:
        with TextIOWrapper(open_plain(file, LARGEST), encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines)
            header = [from_cell(cell) for cell in next(rows, [])]
            missing = [column for column in columns if column not in header]
            if missing:
                raise RunError(f"{file.name} has no column '{missing[0]}'")
            more = perhaps if set(perhaps) <= set(header) else ()
            indices = [header.index(column) for column in (*columns, *more)]
            found = []
            for row in rows:
                if len(row) != len(header):
                    raise RunError(f"{file.name}, line {rows.line_num} is damaged or cut off")
                found.append(tuple(from_cell(row[index]) for index in indices))
    except UnreadableError as error:
        raise RunError(f"{file.name} {error}") from error
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(f"{file.name} cannot be read ({error})") from error
    return found


def to_number(cell: str) -> float:
    """Return the number in a cell; NaN if it is empty, as pandas writes it.

    Raises:
        ValueError: it is not a number.
    """
    return float(cell or "nan")
