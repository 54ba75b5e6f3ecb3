"""Rows in the order of their times: what becomes of those that have one time."""

import logging
from typing import NamedTuple

import numpy as np

from seqlab.data.series.calendar import is_end_of_summer_time
from seqlab.data.table import Table

log = logging.getLogger(__name__)

FEW = 3
"""Times that may have contradicting rows, in however short a file, before it is no accident."""


class Rows(NamedTuple):
    """Rows of a file: times as datetime64[us] [R], numbers [R, columns], their lines [R]."""

    times: np.ndarray
    numbers: np.ndarray
    lines: np.ndarray

    def at(self, places: np.ndarray) -> "Rows":
        """Return the rows at ``places``."""
        return Rows(self.times[places], self.numbers[places], self.lines[places])


def in_order(table: Table, found: Rows, *, keep_first: bool) -> Rows:
    """Sort rows by time, and drop those of a time that an earlier row has.

    Args:
        table: their file.
        found: the rows.
        keep_first: whether the first of some rows with one time and different values is wanted.

    Raises:
        DataError: rows of one time have different values.
    """
    late = int((np.diff(found.times).astype(np.int64) < 0).sum())
    if late:
        log.warning("%s: %s rows are not in the order of their times; sorted", table.path, late)
    found = found.at(np.argsort(found.times, kind="stable"))
    again = np.flatnonzero(found.times[1:] == found.times[:-1]) + 1
    if not len(again):
        return found
    first = np.searchsorted(found.times, found.times[again])
    same = ((found.numbers[again] == found.numbers[first]) | np.isnan(found.numbers[again])).all(1)
    if not same.all():
        _refuse_contradictions(table, found, again[~same], first[~same], keep_first=keep_first)
    log.warning("%s: %s rows repeat an earlier time; the first was kept", table.path, len(again))
    return found.at(np.delete(np.arange(len(found.times)), again))


def _refuse_contradictions(
    table: Table, found: Rows, again: np.ndarray, first: np.ndarray, *, keep_first: bool
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
    elif is_end_of_summer_time(repeated.astype("datetime64[s]").astype(np.int64)):
        reason += (
            ", as when clocks go back at the end of summer time; write times with their offset, "
            "2020-10-25T02:30+02:00, or in UTC"
        )
    elif len(repeated) > max(FEW, times / 100) or 2 * len(repeated) > times:
        reason += f", as {len(repeated)} of {times} times are; keep one row of each time"
    else:
        reason += "; keep one of the rows, or set data.duplicates=first"
    raise table.error(line, reason)
