"""Rows that follow a calendar: months, working days and local days are not equally long, as steps are."""

import numpy as np

from seqlab.data.series.spec import DAY, YEAR
from seqlab.errors import DataError

HOUR = 3600
MONTH = YEAR / 12
SHORTEST = 27 * DAY
"""Distance of rows from which they may be months."""
SLACK = 5 * DAY
"""How far a month may be from a mean one: first Mondays, last working days, months of whole weeks."""
MOST = 0.9
"""Share of the rows that have to fit."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
THURSDAY = 3
"""The day of the week of 1970-01-01."""
WEEKS = 4
"""Weeks in which a weekday must be missing before that is no accident."""
EQUAL = "the steps of a series are equally long"
NUMBERED = "date the rows on consecutive days instead, with data.calendar=false"


def refuse_months(times: np.ndarray) -> None:
    """Refuse months and their multiples: quarters, half-years, years.

    Args:
        times: of the rows, seconds since 1970, ascending, [R].

    Raises:
        DataError: the rows are such periods.
    """
    apart = np.diff(times)
    if np.median(apart) < SHORTEST or _are_multiples(apart, commonest(apart)):
        return
    months = max(round(float(np.median(apart)) / MONTH), 1)
    count = np.round(apart / (months * MONTH))
    fits = (count > 0) & (np.abs(apart - count * months * MONTH) <= SLACK)
    drift = apart.sum() / max(count.sum(), 1) - months * MONTH
    if fits.mean() < MOST or abs(drift) > 2 * DAY:
        return
    named = {1: "months", 3: "quarters", 6: "half-years", 12: "years"}.get(months, f"{months} months")
    days = apart[fits] / (count[fits] * DAY)
    raise DataError(
        f"the rows are {days.min():g} to {days.max():g} days apart, as {named} are, and {EQUAL}; {NUMBERED}"
    )


def refuse_working_days(times: np.ndarray, step: int) -> None:
    """Refuse rows of some days of the week.

    Args:
        times: of the rows, seconds since 1970, ascending, [R].
        step: the commonest distance of two rows.

    Raises:
        DataError: on some day of the week there is never a row.
    """
    if step % DAY or step >= 7 * DAY or times[-1] - times[0] < 7 * WEEKS * DAY:
        return
    present = set(((times // DAY + THURSDAY) % 7).tolist())
    missing = " or ".join(name for number, name in enumerate(WEEKDAYS) if number not in present)
    if missing:
        gaps = "set data.step_minutes=1440 to have the other days as gaps, which no window crosses, or "
        raise DataError(f"no row is on a {missing}, and {EQUAL}; {gaps if step == DAY else ''}{NUMBERED}")


def refuse_local_days(times: np.ndarray) -> None:
    """Refuse days of 23 and 25 hours, which summer time makes of local dates that have an offset.

    Args:
        times: of the rows, seconds since 1970, ascending, [R].

    Raises:
        DataError: the rows are such days.
    """
    apart = np.diff(times)
    if _are_multiples(apart, DAY) and (apart % DAY != 0).any():
        raise DataError(
            f"the rows are local days, of 23 hours when summer time begins and 25 when it ends, and {EQUAL}; "
            "write the dates without hour and offset"
        )


def is_end_of_summer_time(times: np.ndarray) -> bool:
    """Return whether times occur twice because clocks went back.

    Args:
        times: local ones that occur again, seconds since 1970, [R]; at least one.

    Returns:
        Whether they are within one hour of one night a year, a Sunday's or a Friday's in spring or autumn.
    """
    evening = 2 * HOUR  # some clocks go back at midnight, to 23:00
    night, into = np.divmod(times + evening, DAY)
    nights = np.unique(night)
    dates = (nights * DAY).astype("datetime64[s]")
    months = dates.astype("datetime64[M]").astype(int) % 12 + 1
    once_a_year = len(np.unique(dates.astype("datetime64[Y]"))) == len(nights)
    an_hour = all(np.ptp(into[night == one]) < HOUR for one in nights)
    weekdays = np.isin((nights + THURSDAY) % 7, [4, 6])
    in_season = np.isin(months, [2, 3, 4, 5, 9, 10, 11])
    return bool(once_a_year and an_hour and (into < 3 * evening).all() and (weekdays & in_season).all())


def commonest(apart: np.ndarray) -> int:
    """Return the commonest of the distances [R - 1], the shortest of several."""
    distances, counts = np.unique(apart, return_counts=True)
    return int(distances[counts.argmax()])


def _are_multiples(apart: np.ndarray, step: int) -> bool:
    """Return whether all distances are multiples of a step, an hour more or less."""
    return bool((np.abs(apart - np.round(apart / step) * step) <= HOUR).all())
