"""The tables that a run leaves: predictions.csv, classes.csv, errors_by_step.csv."""

import csv
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from seqlab.errors import RunError
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.spreadsheet import from_cell

LARGEST = 2**30
"""Bytes that a table may have."""
LARGEST_CELL = 2**24
"""Characters that a cell may have; csv's own limit is less than some reviews."""


def read_table(file: Path, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """Return some columns of a run's table, row by row.

    Raises:
        RunError: the file or a column is missing, or a row is cut off.
    """
    csv.field_size_limit(LARGEST_CELL)
    if not file.exists() and not file.is_symlink():
        raise RunError(f"there is no {file.name}")
    try:
        with TextIOWrapper(open_plain(file, LARGEST), encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines)
            header = [from_cell(cell) for cell in next(rows, [])]
            missing = [column for column in columns if column not in header]
            if missing:
                raise RunError(f"{file.name} has no column '{missing[0]}'")
            places = [header.index(column) for column in columns]
            found = []
            for row in rows:
                if len(row) != len(header):
                    raise RunError(f"{file.name}, line {rows.line_num} is damaged or cut off")
                found.append(tuple(from_cell(row[place]) for place in places))
    except UnreadableError as error:
        raise RunError(f"{file.name} {error}") from error
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(f"{file.name} cannot be read ({error})") from error
    return found


def to_number(cell: str) -> float:
    """Return the number in a cell; NaN if it is empty, as pandas writes it.

    Raises:
        ValueError: there is something else.
    """
    return float(cell or "nan")
