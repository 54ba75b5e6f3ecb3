"""Columns of numbers with a time, from a CSV file, read strictly and put in order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from seqlab.data.delimited import Delimited, Row
from seqlab.data.series.order import Rows, in_order, in_seconds
from seqlab.data.series.spec import ISO
from seqlab.errors import DataError

log = logging.getLogger(__name__)

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL"})
LARGEST = 1e100
"""Beyond, a number's square is not finite, and no scale can be computed."""
CHUNK = 50_000
"""Rows that are in memory as text at once."""


@dataclass(frozen=True)
class Measured:
    """Measurements in the order of their times, which may have gaps.

    Attributes:
        times: seconds since 1970, ascending, [R].
        numbers: [R, columns]; a missing one is NaN.
        columns: their names.
    """

    times: np.ndarray
    numbers: np.ndarray
    columns: tuple[str, ...]


def read_measured(
    table: Delimited,
    *,
    time: str,
    columns: Sequence[str],
    time_formats: Sequence[str] = (ISO,),
    sentinels: Sequence[float] = (),
    duplicates: str = "error",
) -> Measured:
    """Read columns of a file.

    Args:
        table: the file.
        time: the column of times.
        columns: the columns of numbers.
        time_formats: how a time may be written, in the notation of ``strptime`` or ``ISO``; the first that
            reads the first row is taken for all.
        sentinels: numbers that mean "not measured".
        duplicates: what is done with two rows of one time and different values: "error", or "first" to keep
            the first of them.

    Raises:
        DataError: a cell is no number or no time, two rows contradict each other, or rows are less than a
            second apart.
    """
    at_time, *places = table.places([time, *columns])
    if not places:
        raise table.error(1, f"no column is left beside the time '{time}'; name others with data.targets")
    rows = table.rows(may_break_off=True)
    times, values, lines, time_format = [], [], [], None
    while chunk := list(islice(rows, CHUNK)):
        time_format = time_format or _format_of(table, chunk[0].cells[at_time], time_formats)
        times.append(_times(table, chunk, at_time, time_format or time_formats[0]))
        values.append(np.column_stack([_numbers(table, chunk, place) for place in places]))
        lines.append(np.array([row.line for row in chunk]))
    numbers = np.concatenate(values)
    _drop_sentinels(columns, numbers, sentinels)
    found = Rows(np.concatenate(times), numbers, np.concatenate(lines))
    kept = in_order(table, found, keep_first=duplicates == "first")
    return Measured(in_seconds(table, kept), kept.numbers, tuple(columns))


def _format_of(table: Delimited, cell: str, formats: Sequence[str]) -> str | None:
    for candidate in formats:
        try:
            if candidate != ISO and "%" not in candidate:
                raise ValueError("it has no %")  # noqa: TRY301 (pandas knows words of its own, such as "mixed")
            time = pd.to_datetime(cell.strip(), format=candidate, errors="coerce", utc=True)
        except ValueError as error:
            reason = f"data.time_format={candidate} is no format of times ({error}); '%d.%m.%Y' is"
            raise DataError(f"{table.path}: {reason}") from error
        if not pd.isna(time):
            return candidate
    return None


def _times(table: Delimited, rows: Sequence[Row], place: int, time_format: str) -> np.ndarray:
    cells = [row.cells[place].strip() for row in rows]
    found = pd.to_datetime(pd.Series(cells), format=time_format, errors="coerce", utc=True)
    wrong = found.isna().to_numpy()
    if time_format == ISO:
        # pandas takes "now" and "today" for times.
        wrong = wrong | ~np.array([cell[:1].isdigit() for cell in cells])
    if wrong.any():
        number = int(wrong.argmax())
        expected = "of ISO 8601, 2020-01-31 14:30" if time_format == ISO else f"like {time_format}"
        remedy = "fix the cell"
        if table.is_own:
            remedy += ", or set data.time_format, e.g. '%d.%m.%Y %H:%M'"
        column = table.header[place]
        raise table.error(
            rows[number].line,
            f"column '{column}' is '{cells[number]}', which is no time {expected}; {remedy}",
        )
    exact: np.ndarray = found.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
    return exact


def _numbers(table: Delimited, rows: Sequence[Row], place: int) -> np.ndarray:
    cells = [row.cells[place].strip() for row in rows]
    try:
        found = np.array(["nan" if cell in MISSING else cell for cell in cells]).astype(np.float64)
    except ValueError as error:
        number = next(number for number, cell in enumerate(cells) if not _is_number(cell))
        raise _not_a_number(table, rows[number], place) from error
    huge = np.abs(found) > LARGEST
    if huge.any():
        raise _not_a_number(table, rows[int(huge.argmax())], place)
    return found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell in MISSING
    return True


def _not_a_number(table: Delimited, row: Row, place: int) -> DataError:
    cell = row.cells[place].strip()
    remedy = (
        "write decimals with a point"
        if "," in cell and _is_number(cell.replace(",", "."))
        else "fix or empty the cell, or leave the column out of data.features=[…]"
    )
    return table.error(
        row.line, f"column '{table.header[place]}' is '{cell}', which is no finite number; {remedy}"
    )


def _drop_sentinels(columns: Sequence[str], numbers: np.ndarray, sentinels: Sequence[float]) -> None:
    """Make what was not measured NaN, and say how much that is."""
    blank = np.isnan(numbers).sum(0)
    numbers[np.isin(numbers, list(sentinels))] = np.nan
    for name, empty, missing in zip(columns, blank, np.isnan(numbers).sum(0), strict=True):
        if missing:
            log.warning(
                "%s: %s values are missing (%s blank, %s sentinels)", name, missing, empty, missing - empty
            )
