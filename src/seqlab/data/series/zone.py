"""Local times: the hour that clocks repeat, the one that they leave out, and how people write them."""

import logging

import numpy as np

from seqlab.data.table.base import Table

log = logging.getLogger(__name__)

DAY = 86_400_000_000
"""Microseconds of a day."""
EVENING = np.timedelta64(2, "h")
"""Some clocks go back at midnight, to 23:00."""


def has_hours(times: np.ndarray) -> bool:
    """Return whether rows are measured at more than one time of the day; days are the same on every clock."""
    of_day = times.astype(np.int64) % DAY
    return bool((of_day != of_day[:1]).any())


def to_utc(table: Table, times: np.ndarray, lines: np.ndarray, series: np.ndarray, zone: str) -> np.ndarray:
    """Return local times in UTC, datetime64[us], [R].

    In a repeated hour, rows belong to the second pass from the first time that does not increase.

    Args:
        table: their file.
        times: local ones in the order of the file, [R].
        lines: of the file, [R].
        series: the number of each row's series, [R].
        zone: the time zone, as zoneinfo names it.

    Raises:
        DataError: a time is in the hour that clocks leave out, or rows of a repeated hour are in no order.
    """
    from pandas import DatetimeIndex  # noqa: PLC0415 (slow)

    index = DatetimeIndex(times)
    odd = np.asarray(index.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").isna())
    is_second = np.zeros(len(times), dtype=bool)
    places = np.flatnonzero(odd)
    summer = np.ones(len(places), dtype=bool)
    missing = np.asarray(index[places].tz_localize(zone, ambiguous=summer, nonexistent="NaT").isna())
    if missing.any():
        place = places[int(missing.argmax())]
        raise table.error(
            int(lines[place]),
            f"the time {times[place]} does not exist in {zone}, where clocks leave that hour out; set the "
            "right data.timezone, or null if the times have one offset all year",
        )
    if len(places):
        nights = (times[places] + EVENING).astype("datetime64[D]")
        for key in sorted(set(zip(series[places].tolist(), nights.tolist(), strict=True))):
            its = places[(series[places] == key[0]) & (nights == np.datetime64(key[1]))]
            is_second[its] = _second(table, times, lines, its, falls=_falls(times[series == key[0]]))
        log.info(
            "%s times of hours that clocks in %s repeat were told apart by their order", len(places), zone
        )
    found = index.tz_localize(zone, ambiguous=~is_second).tz_convert("UTC").tz_localize(None)
    return found.to_numpy("datetime64[us]")


def _falls(times: np.ndarray) -> bool:
    """Return whether rows are mostly in falling order."""
    apart = np.diff(times).astype(np.int64)
    return bool((apart < 0).sum() > (apart > 0).sum())


def _second(
    table: Table, times: np.ndarray, lines: np.ndarray, places: np.ndarray, *, falls: bool
) -> np.ndarray:
    """Return which rows of one night are in the second of the two hours."""
    ordered = places[::-1] if falls else places
    begins = np.concatenate([[0], (np.diff(times[ordered]).astype(np.int64) <= 0).cumsum()])
    if begins[-1] > 1:
        raise table.error(
            int(lines[places[0]]),
            f"the hour of {times[places[0]]} comes twice that night, and its rows are in no order that "
            "tells which is which; sort the file, or write times with their offset",
        )
    return (begins[::-1] if falls else begins) > 0


def local(times: np.ndarray, zone: str | None) -> np.ndarray:
    """Return times in UTC as clocks show them; as they are without a zone, or of rows without times."""
    if zone is None or times.dtype.kind != "M":
        return times
    from pandas import DatetimeIndex  # noqa: PLC0415 (slow)

    index = DatetimeIndex(times.ravel()).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    found: np.ndarray = index.to_numpy("datetime64[us]").reshape(times.shape)
    return found
