"""Which step the rows of a series follow, from their times."""

import numpy as np

from seqlab.data.series.spec import DAY
from seqlab.data.series.step import (
    MONTH,
    SECOND,
    WEEKDAYS,
    Duration,
    Months,
    Row,
    Step,
    Weekdays,
    anchors,
    distances,
    months_after,
    offset_of,
)
from seqlab.errors import DataError

SHORTEST = 27 * DAY
"""Seconds between rows from which they may be months."""
SLACK = 5 * DAY
"""How far a month may be from a mean one: first Mondays, last working days."""
MOST = 0.9
"""Share of the rows that have to fit."""
THURSDAY = 3
"""The day of the week, from Monday, of day 0 of datetime64."""
WEEKEND = ("Sat Sun", "Fri Sat", "Sun")
"""Days of the week whose absence makes business days of the others, with two weeks of them."""
WEEKS = 4
"""Weeks in which any other weekday must be missing before that is no accident."""
COMMON = 0.2
"""Share of the distances that the commonest must have to be the step."""


def recognise(times: np.ndarray) -> Step:
    """Return the step that rows follow.

    Args:
        times: of the rows, ascending, [R]; at least two.

    Raises:
        DataError: the rows look like months, but some months have several.
    """
    if times.dtype.kind != "M":
        return Row()
    return _months(times) or _weekdays(times) or Duration(_usual(distances(times)))


def _months(times: np.ndarray) -> Months | None:
    apart = distances(times) / SECOND
    usual = float(np.median(apart))
    if usual < SHORTEST:
        return None
    months = max(round(usual / MONTH), 1)
    numbers: np.ndarray = np.diff(times.astype("datetime64[M]").astype(np.int64))
    count = np.round(numbers / months)
    if (numbers > 0).all() and (numbers == count * months).all():
        for anchor in anchors(months):
            if _lie_on(times, anchor):
                return Months(months, anchor)
        if np.array_equal(months_after(times[0], numbers.cumsum()), times[1:]):
            return Months(months)
    count = np.round(apart / (months * MONTH))
    fits = (count > 0) & (np.abs(apart - count * months * MONTH) <= SLACK)
    drift = apart.sum() / max(count.sum(), 1) - months * MONTH
    if _are_multiples(apart, _usual(distances(times)) / SECOND) or fits.mean() < MOST or abs(drift) > 2 * DAY:
        return None
    found = Months(months)
    if (np.diff(found.places(times)) == 0).any():
        raise DataError(
            f"the rows are {apart.min() / DAY:g} to {apart.max() / DAY:g} days apart, as {found} are, but "
            f"some of the {found} have several; take each row for a step with data.time=null"
        )
    return found


def _lie_on(times: np.ndarray, anchor: str) -> bool:
    """Return whether all rows have one time of the day, on the days of an offset."""
    from pandas import DatetimeIndex  # noqa: PLC0415 (slow)

    offset = offset_of(anchor)
    of_day = times.astype(np.int64) % (DAY * SECOND)
    return bool(
        (of_day == of_day[0]).all() and all(offset.is_on_offset(time) for time in DatetimeIndex(times))
    )


def _weekdays(times: np.ndarray) -> Weekdays | None:
    """Return the days of the week that have rows, where some day never has one."""
    apart = distances(times) / SECOND
    usual, weeks = _usual(distances(times)) / SECOND, float(apart.sum()) / (7 * DAY)
    if usual % DAY or usual >= 7 * DAY:
        return None
    present = set((times.astype("datetime64[D]").astype(np.int64) + THURSDAY) % 7)
    absent = " ".join(day for number, day in enumerate(WEEKDAYS) if number not in present)
    if not absent or weeks < WEEKS / (2 if absent in WEEKEND else 1):
        return None
    return Weekdays(" ".join(day for number, day in enumerate(WEEKDAYS) if number in present))


def _usual(apart: np.ndarray) -> int:
    """Return the commonest of the distances [R - 1], the shortest of several; else the median."""
    found, counts = np.unique(apart, return_counts=True)
    return int(found[counts.argmax()] if counts.max() >= COMMON * len(apart) else np.median(apart))


def _are_multiples(apart: np.ndarray, step: float) -> bool:
    """Return whether all distances are multiples of a step, an hour more or less."""
    return bool((np.abs(apart - np.round(apart / step) * step) <= 3600).all())  # noqa: PLR2004
