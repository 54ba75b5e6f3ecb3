"""Rows in the order of their times, one series behind the other: what becomes of those that have one time."""

import logging
from typing import NamedTuple, Protocol

import numpy as np

from seqlab.data.series.calendar import is_end_of_summer_time
from seqlab.data.series.several import question
from seqlab.data.table.base import Table

log = logging.getLogger(__name__)

FEW = 3
"""Times that may have contradicting rows, in however short a file, before it is no accident."""
FEW_STEPS = 2
"""Steps by which the times of rows that have changed places fall."""
SORTED = 1 / 3
"""Share of the rows behind a later one, up to which a file may be several series, each in order."""


class Suspect(Protocol):
    """Looks for the id of several series."""

    def __call__(self, *, numbers: bool) -> tuple[str, ...]:
        """Return the columns that look like it; ``numbers`` says whether columns of numbers may."""


class Rows(NamedTuple):
    """Rows of a file.

    Attributes:
        times: datetime64[us], [R].
        numbers: [R, columns].
        lines: of the file, [R].
        series: the number of each row's series, [R].
    """

    times: np.ndarray
    numbers: np.ndarray
    lines: np.ndarray
    series: np.ndarray

    def at(self, places: np.ndarray) -> "Rows":
        """Return the rows at ``places``."""
        return Rows(self.times[places], self.numbers[places], self.lines[places], self.series[places])

    def apart(self) -> np.ndarray:
        """Return the distance of each row to the one before, microseconds, [R]; 1 where a series begins."""
        begins = np.diff(self.series, prepend=-1) != 0
        return np.where(begins, 1, np.diff(self.times, prepend=self.times[:1]).astype(np.int64))


def in_order(table: Table, found: Rows, *, keep_first: bool, suspect: Suspect) -> Rows:
    """Sort rows by series and time, and drop those of a time that an earlier row of the series has.

    Args:
        table: their file.
        found: the rows.
        keep_first: whether the first of some rows with one time and different values is wanted.
        suspect: looks for an id, where rows do not follow each other as those of one series do.

    Raises:
        DataError: rows of one series and time have different values, or the rows look like several series.
    """
    if found.series.any():
        found = found.at(np.argsort(found.series, kind="stable"))
    is_late = found.apart() < 0
    late = int(is_late.sum())
    if late:
        if late <= SORTED * len(is_late) and _begin_anew(found.apart()) and not _is_summer_time(found):
            columns = suspect(numbers=True)
            if columns:
                raise table.error(
                    int(found.lines[is_late.argmax()]), f"times begin anew; {question(columns)}"
                )
        log.warning("%s: %s rows are not in the order of their times; sorted", table.path, late)
        found = found.at(np.lexsort((found.times, found.series)))
    is_again = found.apart() == 0
    again = np.flatnonzero(is_again)
    if not len(again):
        return found
    first = np.maximum.accumulate(np.where(is_again, 0, np.arange(len(is_again))))[again]
    same = ((found.numbers[again] == found.numbers[first]) | np.isnan(found.numbers[again])).all(1)
    if not same.all():
        reason = _contradiction(
            found, first[~same], len(is_again) - len(again), suspect, keep_first=keep_first
        )
        if reason:
            before, line = (int(found.lines[places[~same][0]]) for places in (first, again))
            raise table.error(line, f"the same time as line {before} with other values{reason}")
    log.warning("%s: %s rows repeat an earlier time; the first was kept", table.path, len(again))
    return found.at(np.flatnonzero(~is_again))


def numbered(found: Rows) -> Rows:
    """Put rows without times one series behind the other, each numbered from 1."""
    found = found.at(np.argsort(found.series, kind="stable"))
    begins = np.searchsorted(found.series, found.series)
    return found._replace(times=np.arange(len(begins)) - begins + 1)


def _begin_anew(apart: np.ndarray) -> bool:
    """Return whether times mostly fall by more than a few steps: by one, two rows have changed places."""
    return bool(np.median(-apart[apart < 0]) > FEW_STEPS * np.median(apart[apart > 0]))


def _is_summer_time(found: Rows) -> bool:
    """Return whether times occur again, and only because clocks went back."""
    times, counts = np.unique(found.times, return_counts=True)
    repeated = times[counts > 1]
    return len(repeated) > 0 and is_end_of_summer_time(repeated.astype("datetime64[s]").astype(np.int64))


def _contradiction(found: Rows, first: np.ndarray, times: int, suspect: Suspect, *, keep_first: bool) -> str:
    """Return why rows of one time with different values are refused; nothing if the first may be kept.

    Args:
        found: the sorted rows.
        first: the place of the first row of each such time, for every later one.
        times: distinct times, of each series.
        suspect: looks for an id.
        keep_first: whether the first is wanted.
    """
    places = np.unique(first)
    seconds = np.unique(found.times[places]).astype("datetime64[s]").astype(np.int64)
    many = f", as {len(places)} of {times} times are"
    is_several, is_often = len(places) > max(FEW, times / 2), len(places) > max(FEW, times / 100)
    is_summer_time = not is_several and is_end_of_summer_time(seconds)
    columns = () if is_summer_time else suspect(numbers=is_often)
    if columns:
        return f"{many}; {question(columns)}"
    if is_several:
        return f"{many}; does the file hold several series? Name the column of their ids with data.series_id"
    if keep_first:
        return ""
    if is_summer_time:
        return (
            ", as when clocks go back at the end of summer time; set data.timezone, e.g. Europe/Berlin, or "
            "write times with their offset, 2020-10-25T02:30+02:00, or in UTC"
        )
    if is_often or 2 * len(places) > times:
        return f"{many}; keep one row of each time"
    return "; keep one of the rows, or set data.duplicates=first"
