"""Rows in the order of their times: what becomes of those that have one time, and of parts of a second."""

import logging
from typing import NamedTuple

import numpy as np

from seqlab.data.delimited import Delimited
from seqlab.data.series.calendar import is_end_of_summer_time
from seqlab.errors import DataError

log = logging.getLogger(__name__)

SECOND = 1_000_000
"""Microseconds of it."""
ROUNDING = 0.05
"""Share of the rows' usual distance that whole seconds may take from it or add."""
FEW = 3
"""Times that may have contradicting rows, in however short a file, before it is no accident."""


class Rows(NamedTuple):
    """Rows of a file: times in microseconds since 1970 [R], numbers [R, columns], their lines [R]."""

    times: np.ndarray
    numbers: np.ndarray
    lines: np.ndarray

    def at(self, places: np.ndarray) -> "Rows":
        """Return the rows at ``places``."""
        return Rows(self.times[places], self.numbers[places], self.lines[places])


def in_order(table: Delimited, found: Rows, *, keep_first: bool) -> Rows:
    """Sort rows by time, and drop those of a time that an earlier row has.

    Args:
        table: their file.
        found: the rows.
        keep_first: whether the first of some rows with one time and different values is wanted.

    Raises:
        DataError: rows of one time have different values.
    """
    late = int((np.diff(found.times) < 0).sum())
    if late:
        log.warning("%s: %s rows are not in the order of their times; sorted", table.path, late)
    found = found.at(np.argsort(found.times, kind="stable"))
    again = np.flatnonzero(np.diff(found.times) == 0) + 1
    if not len(again):
        return found
    first = np.searchsorted(found.times, found.times[again])
    same = ((found.numbers[again] == found.numbers[first]) | np.isnan(found.numbers[again])).all(1)
    if not same.all():
        _refuse_contradictions(table, found, again[~same], first[~same], keep_first=keep_first)
    log.warning("%s: %s rows repeat an earlier time; the first was kept", table.path, len(again))
    return found.at(np.delete(np.arange(len(found.times)), again))


def in_seconds(table: Delimited, found: Rows) -> np.ndarray:
    """Return the times of rows in whole seconds since 1970, [R].

    Raises:
        DataError: two of them would be the same, or much nearer to each other or further apart.
    """
    seconds: np.ndarray = found.times // SECOND
    if len(seconds) > 1:
        remedy = "times are read in whole seconds; average the rows over a second or more"
        usual = float(np.median(np.diff(found.times))) / SECOND
        if abs(usual - round(usual)) > ROUNDING * usual:
            raise DataError(f"{table.path}: the rows are mostly {usual:g} seconds apart, and {remedy}")
        close = np.diff(seconds) == 0
        if close.any():
            number = int(close.argmax())
            line, before = int(found.lines[number + 1]), int(found.lines[number])
            raise table.error(line, f"the same second as line {before}, and {remedy}")
    return seconds


def _refuse_contradictions(
    table: Delimited, found: Rows, again: np.ndarray, first: np.ndarray, *, keep_first: bool
) -> None:
    """Refuse rows of one time with different values, unless the first is wanted and no series is lost."""
    line, before = int(found.lines[again[0]]), int(found.lines[first[0]])
    repeated = np.unique(found.times[again])
    times = len(np.unique(found.times))
    several = len(repeated) > max(FEW, times / 2)
    if keep_first and not several:
        return
    reason = f"the same time as line {before} with other values"
    if several:
        reason += (
            f", as {len(repeated)} of {times} times are; does the file hold several series? Keep one of them"
        )
    elif is_end_of_summer_time(repeated // SECOND):
        reason += (
            ", as when clocks go back at the end of summer time; write times with their offset, "
            "2020-10-25T02:30+02:00, or in UTC"
        )
    elif len(repeated) > max(FEW, times / 100) or 2 * len(repeated) > times:
        reason += f", as {len(repeated)} of {times} times are; keep one row of each time"
    else:
        reason += "; keep one of the rows, or set data.duplicates=first"
    raise table.error(line, reason)
