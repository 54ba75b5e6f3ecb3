"""Clocks that go back: local times that occur twice are told from other repetitions."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data.series.calendar import is_end_of_summer_time


def again(local: pd.DatetimeIndex, zone: str) -> np.ndarray:
    """Return the local times that occur twice when a zone's clocks go back."""
    utc = pd.date_range(local[0], local[-1], freq=local.freq, tz="UTC")
    shown = utc.tz_convert(zone).tz_localize(None)
    return shown[shown.duplicated()].to_numpy("datetime64[s]").astype(np.int64)


@pytest.mark.parametrize("freq", ["h", "30min", "10min"])
@pytest.mark.parametrize(
    "zone",
    [
        *("Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles"),
        *("Australia/Sydney", "Pacific/Auckland", "America/Santiago", "Asia/Jerusalem", "Africa/Cairo"),
    ],
)
def test_clocks_that_go_back_are_known(zone, freq):
    times = again(pd.date_range("2015-01-01", "2024-12-31", freq=freq), zone)
    assert len(times)
    assert is_end_of_summer_time(times)
    assert is_end_of_summer_time(times[:1])


@pytest.mark.parametrize(
    "times",
    [
        ["2020-10-25T12:00"],
        ["2020-10-20T02:00"],
        ["2020-07-26T02:00"],
        ["2020-10-25T01:00", "2020-10-25T02:30"],
        ["2020-10-25T02:00", "2020-11-01T02:00"],
    ],
    ids=["noon", "Tuesday", "July", "over an hour", "twice a year"],
)
def test_other_repeats_are_not_of_clocks(times):
    assert not is_end_of_summer_time(np.array(times, "datetime64[s]").astype(np.int64))
