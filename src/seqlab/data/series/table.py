"""Columns of numbers with a time, from a CSV file, read strictly and put in order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from seqlab.data.series.order import Rows, in_order
from seqlab.data.series.spec import ISO, UNIX
from seqlab.data.table import Table
from seqlab.errors import DataError

log = logging.getLogger(__name__)

FARTHEST = 1e17
"""Microseconds since 1970 that a time may have."""
RECENT, SOON = np.array(["1973", "2100"], "datetime64[us]")
"""Between them numbers are taken for seconds or milliseconds since 1970, if nothing else is said."""


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
    table: Table,
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
    if not columns:
        raise table.error(
            1, f"no column is left beside the time '{' '.join(time)}'; name others with data.targets"
        )
    time_format = _format_of(table, time, time_formats)
    times, values, lines = [], [], []
    for chunk in table.chunks(columns, words=time, may_break_off=True):
        if time:
            cells = _joined(chunk.words)
            times.append(_times(table, chunk.lines, cells, " ".join(time), time_format))
        values.append(chunk.numbers)
        lines.append(chunk.lines)
    numbers = np.concatenate(values)
    _drop_sentinels(columns, numbers, sentinels)
    if not time:
        return Measured(np.arange(1, len(numbers) + 1), numbers, tuple(columns))
    found = Rows(np.concatenate(times), numbers, np.concatenate(lines))
    kept = in_order(table, found, keep_first=duplicates == "first")
    return Measured(kept.times, kept.numbers, tuple(columns))


def _format_of(table: Table, time: Sequence[str], formats: Sequence[str]) -> str:
    """Return the first format that reads the time of the first row.

    Raises:
        DataError: there is none.
    """
    if not time:
        return ISO
    places = table.places(time)
    row = table.head(1)[0]
    cell = " ".join(row.cells[place].strip() for place in places)
    for candidate in formats:
        try:
            if candidate not in (ISO, *UNIX) and "%" not in candidate:
                raise ValueError("it has no %")  # noqa: TRY301 (pandas knows words of its own, such as "mixed")
            found = _parsed([cell], candidate)[0]
        except ValueError as error:
            reason = f"data.time_format={candidate} is no format of times ({error}); '%d.%m.%Y' is"
            raise DataError(f"{table.path}: {reason}") from error
        is_guessed = candidate in UNIX and len(formats) > 1
        if not np.isnat(found) and (not is_guessed or RECENT < found < SOON):
            return candidate
    raise _no_time(table, row.line, " ".join(time), cell, formats[0])


def _joined(words: Sequence[np.ndarray]) -> np.ndarray:
    """Return the cells of a time, those of several columns joined by blanks, [n]."""
    if len(words) == 1:
        return words[0]
    return np.array([" ".join(map(str, cells)) for cells in zip(*words, strict=True)], dtype=object)


def _times(table: Table, lines: np.ndarray, cells: np.ndarray, name: str, time_format: str) -> np.ndarray:
    found = _parsed(cells, time_format) if cells.dtype == object else cells
    wrong = np.isnat(found)
    if wrong.any():
        number = int(wrong.argmax())
        raise _no_time(table, int(lines[number]), name, str(cells[number]), time_format)
    return found


def _no_time(table: Table, line: int, name: str, cell: str, time_format: str) -> DataError:
    expected = "of ISO 8601, 2020-01-31 14:30" if time_format == ISO else f"like {time_format}"
    remedy = "fix the cell"
    if table.is_own:
        remedy += ", or set data.time_format, e.g. '%d.%m.%Y %H:%M'"
    return table.error(line, f"column '{name}' is '{cell}', which is no time {expected}; {remedy}")


def _parsed(cells: Sequence[str] | np.ndarray, time_format: str) -> np.ndarray:
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


def _drop_sentinels(columns: Sequence[str], numbers: np.ndarray, sentinels: Sequence[float]) -> None:
    """Make what was not measured NaN, and say how much that is."""
    blank = np.isnan(numbers).sum(0)
    numbers[np.isin(numbers, list(sentinels))] = np.nan
    for name, empty, missing in zip(columns, blank, np.isnan(numbers).sum(0), strict=True):
        if missing:
            log.warning(
                "%s: %s values are missing (%s blank, %s sentinels)", name, missing, empty, missing - empty
            )
