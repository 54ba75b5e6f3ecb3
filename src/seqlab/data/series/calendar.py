"""Clocks that go back: local times that occur twice at the end of summer time."""

import numpy as np

from seqlab.data.series.spec import DAY

HOUR = 3600
THURSDAY = 3
"""The day of the week of 1970-01-01."""


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
