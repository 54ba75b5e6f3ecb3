"""Columns of numbers with a time, from a CSV file, read strictly and put in order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from seqlab.data.series.order import Rows, in_order
from seqlab.data.series.spec import ISO, UNIX
from seqlab.data.table.delimited import Delimited, Row
from seqlab.errors import DataError

log = logging.getLogger(__name__)

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL"})
LARGEST = 1e100
"""Beyond, a number's square is not finite, and no scale can be computed."""
FARTHEST = 1e17
"""Microseconds since 1970 that a time may have."""
RECENT, SOON = np.array(["1973", "2100"], "datetime64[us]")
"""Between them numbers are taken for seconds or milliseconds since 1970, if nothing else is said."""
CHUNK = 50_000
"""Rows that are in memory as text at once."""


@dataclass(frozen=True)
class Measured:
    """Measurements in the order of their times, which may have gaps.

    Attributes:
        times: datetime64[us], ascending, [R]; or the numbers of rows without times, from 1.
        numbers: [R, columns]; a missing one is NaN.
        columns: their names.
    """

    times: np.ndarray
    numbers: np.ndarray
    columns: tuple[str, ...]


def read_measured(
    table: Delimited,
    *,
    time: Sequence[str],
    columns: Sequence[str],
    time_formats: Sequence[str] = (ISO,),
    sentinels: Sequence[float] = (),
    duplicates: str = "error",
) -> Measured:
    """Read columns of a file.

    Args:
        table: the file.
        time: the columns of a time, joined by blanks; none to take each row for a step.
        columns: the columns of numbers.
        time_formats: how a time may be written, in the notation of ``strptime`` or ``ISO``; the first that
            reads the first row is taken for all.
        sentinels: numbers that mean "not measured".
        duplicates: what is done with two rows of one time and different values: "error", or "first" to keep
            the first of them.

    Raises:
        DataError: a cell is no number or no time, or two rows contradict each other.
    """
    at_time, places = table.places(time), table.places(columns)
    if not places:
        raise table.error(
            1, f"no column is left beside the time '{' '.join(time)}'; name others with data.targets"
        )
    rows = table.rows(may_break_off=True)
    times, values, lines, time_format = [], [], [], None
    while chunk := list(islice(rows, CHUNK)):
        if time:
            cells = [" ".join(row.cells[place].strip() for place in at_time) for row in chunk]
            time_format = time_format or _format_of(table, cells[0], time_formats)
            times.append(_times(table, chunk, cells, " ".join(time), time_format or time_formats[0]))
        values.append(np.column_stack([_numbers(table, chunk, place) for place in places]))
        lines.append(np.array([row.line for row in chunk]))
    numbers = np.concatenate(values)
    _drop_sentinels(columns, numbers, sentinels)
    if not time:
        return Measured(np.arange(1, len(numbers) + 1), numbers, tuple(columns))
    found = Rows(np.concatenate(times), numbers, np.concatenate(lines))
    kept = in_order(table, found, keep_first=duplicates == "first")
    return Measured(kept.times, kept.numbers, tuple(columns))


def _format_of(table: Delimited, cell: str, formats: Sequence[str]) -> str | None:
    """Return the first format that reads a cell."""
    for candidate in formats:
        try:
            if candidate not in (ISO, *UNIX) and "%" not in candidate:
                raise ValueError("it has no %")  # noqa: TRY301 (pandas knows words of its own, such as "mixed")
            time = _parsed([cell], candidate)[0]
        except ValueError as error:
            reason = f"data.time_format={candidate} is no format of times ({error}); '%d.%m.%Y' is"
            raise DataError(f"{table.path}: {reason}") from error
        is_guessed = candidate in UNIX and len(formats) > 1
        if not np.isnat(time) and (not is_guessed or RECENT < time < SOON):
            return candidate
    return None


def _times(
    table: Delimited, rows: Sequence[Row], cells: Sequence[str], name: str, time_format: str
) -> np.ndarray:
    found = _parsed(cells, time_format)
    wrong = np.isnat(found)
    if wrong.any():
        number = int(wrong.argmax())
        expected = "of ISO 8601, 2020-01-31 14:30" if time_format == ISO else f"like {time_format}"
        remedy = "fix the cell"
        if table.is_own:
            remedy += ", or set data.time_format, e.g. '%d.%m.%Y %H:%M'"
        raise table.error(
            rows[number].line,
            f"column '{name}' is '{cells[number]}', which is no time {expected}; {remedy}",
        )
    return found


def _parsed(cells: Sequence[str], time_format: str) -> np.ndarray:
    """Return times, datetime64[us]; NaT where a cell is none."""
    if time_format in UNIX:
        exact = pd.to_numeric(pd.Series(cells), errors="coerce") * UNIX[time_format]
        return exact.where(exact.abs() < FARTHEST).round().to_numpy("datetime64[us]")
    found = pd.to_datetime(pd.Series(cells), format=time_format, errors="coerce", utc=True)
    times = found.dt.tz_localize(None).to_numpy("datetime64[us]")
    if time_format == ISO:
        # pandas takes "now" and "today" for times.
        return np.where([cell[:1].isdigit() for cell in cells], times, np.datetime64("NaT"))
    return times


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
