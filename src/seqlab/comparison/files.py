"""The tables that a run writes: its predictions, classes.csv, confusion.csv, errors_by_step.csv."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from seqlab.data.table.opening import open_table
from seqlab.errors import DataError, RunError
from seqlab.io.safe_read import UnreadableError, open_plain
from seqlab.io.spreadsheet import from_cell

LARGEST = 2**30
"""The largest size of a table in bytes."""
LARGEST_CELL = 2**24
"""The maximum number of characters in a cell; csv's default is less than some reviews."""


def read_table(file: Path, columns: Sequence[str], *, perhaps: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """Return the named columns of a run's table, as a list of rows.

    Args:
        file: the table, CSV or Parquet.
        columns: the columns that it must have.
        perhaps: columns that stand behind them if the table has all of these.

    Raises:
        RunError: the file or a column is missing, or a row is cut off.
    """
    with _opened(file) as (header, rows):
        missing = [column for column in columns if column not in header]
        if missing:
            raise RunError(f"{file.name} has no column '{missing[0]}'")
        more = perhaps if set(perhaps) <= set(header) else ()
        indices = [header.index(column) for column in (*columns, *more)]
        return [tuple(row[index] for index in indices) for row in rows]


def predictions_of(folder: Path) -> Path:
    """Return the file of a run with its predictions, which may not be there."""
    parquet = folder / "predictions.parquet"
    return parquet if parquet.exists() else folder / "predictions.csv"


def header_of(file: Path) -> Sequence[str]:
    """Return the names of a table's columns.

    Raises:
        RunError: the file is missing, damaged, or cannot be read.
    """
    with _opened(file) as (header, _):
        return header


def unit_of(file: Path) -> str:
    """Return the unit in which a table of forecasts says how far ahead they are, "hours" or "steps".

    Raises:
        RunError: as ``header_of``.
    """
    return "steps" if "steps_ahead" in header_of(file) else "hours"


@contextmanager
def _opened(file: Path) -> Iterator[tuple[Sequence[str], Iterator[Sequence[str]]]]:
    """Open a table: its header, and its rows.

    Raises:
        RunError: it is missing, damaged, or cannot be read.
    """
    if not file.exists() and not file.is_symlink():
        raise RunError(f"{file.name} is missing")
    try:
        if file.suffix == ".parquet":
            open_plain(file, LARGEST).close()
            table = open_table(file)
            yield table.header, (row.cells for row in table.rows())
        else:
            with TextIOWrapper(open_plain(file, LARGEST), encoding="utf-8", newline="") as lines:
                yield _csv(file, lines)
    except UnreadableError as error:
        raise RunError(f"{file.name} {error}") from error
    except DataError as error:
        raise RunError(str(error).replace(str(file), file.name)) from error
    except (OSError, ValueError, csv.Error) as error:
        raise RunError(f"{file.name} cannot be read ({error})") from error


def _csv(file: Path, lines: Iterable[str]) -> tuple[list[str], Iterator[list[str]]]:
    csv.field_size_limit(LARGEST_CELL)
    rows = csv.reader(lines)
    header = [from_cell(cell) for cell in next(rows, [])]

    def cells() -> Iterator[list[str]]:
        for row in rows:
            if len(row) != len(header):
                raise RunError(f"{file.name}, line {rows.line_num} is damaged or cut off")
            yield [from_cell(cell) for cell in row]

    return header, cells()


def to_number(cell: str) -> float:
    """Return the number in a cell; NaN if it is empty, as pandas writes it.

    Raises:
        ValueError: it is not a number.
    """
    return float(cell or "nan")
