"""Rows of a calendar are refused, rows of a clock are not, whatever they look like."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data.series.calendar import is_end_of_summer_time, refuse_months
from seqlab.data.series.grid import resample
from seqlab.data.series.table import Measured
from seqlab.errors import DataError


def series(times: pd.DatetimeIndex) -> Measured:
    seconds = times.to_numpy("datetime64[s]").astype(np.int64)
    return Measured(seconds, np.arange(float(len(seconds)))[:, None], ("a",))


def some(times: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return the times without a tenth of them."""
    return times[np.random.default_rng(0).random(len(times)) > 0.1]


PERIODS = {
    "MS": "months",
    "ME": "months",
    "BME": "months",
    "WOM-1MON": "months",
    "WOM-3FRI": "months",
    "QS": "quarters",
    "QE": "quarters",
    "BQE": "quarters",
    "2QS": "half-years",
    "2MS": "2 months",
    "YS": "years",
    "YE": "years",
    "YE-JUN": "years",
    "10YS": "120 months",
}


@pytest.mark.parametrize("step_minutes", [None, 43_830])
@pytest.mark.parametrize("thin", [lambda times: times, some], ids=["every", "some missing"])
@pytest.mark.parametrize(("freq", "name"), PERIODS.items())
def test_months_and_what_is_made_of_them_are_refused(freq, name, thin, step_minutes):
    times = thin(pd.date_range("1900-01-01", "2019-12-31", freq=freq))
    with pytest.raises(DataError, match=rf"days apart, as {name} are, and the steps of a series are equally"):
        resample(series(times), step_minutes)


def test_the_twelve_months_of_weeks_that_a_shop_has_are_refused():
    weeks = np.tile([4, 4, 5], 40).cumsum()
    with pytest.raises(DataError, match="28 to 35 days apart, as months are"):
        resample(series(pd.Timestamp("2010-01-03") + pd.to_timedelta(7 * weeks, "D")), None)


def test_the_middle_of_a_month_is_refused():
    months = pd.date_range("2000-01-01", periods=60, freq="MS")
    with pytest.raises(DataError, match="as months are"):
        resample(series(months + (months + pd.offsets.MonthBegin() - months) / 2), None)


@pytest.mark.parametrize("days", [28, 30, 31, 90, 91, 364, 365, 365.25])
@pytest.mark.parametrize("thin", [lambda times: times, some], ids=["every", "some missing"])
def test_equal_steps_as_long_as_months_are_none(days, thin):
    times = thin(pd.date_range("1980-01-01", periods=60, freq=pd.Timedelta(days=days)))
    assert resample(series(times), None).step == days * 86400


def test_rows_that_are_rare_and_irregular_are_no_months():
    apart = np.random.default_rng(0).integers(20 * 86400, 60 * 86400, 100)
    times = pd.Timestamp("1990-01-01") + pd.to_timedelta(apart.cumsum(), "s")
    grid = resample(series(times), 60 * 24 * 60)
    expected = pd.Series(np.arange(100.0), times).resample("60D", origin="epoch").mean()
    np.testing.assert_allclose(grid.values[:, 0], expected)  # noqa: PD011


@pytest.mark.parametrize("at", ["0h", "16h"])
@pytest.mark.parametrize(
    ("freq", "names"),
    [
        ("B", "Saturday or Sunday"),
        (pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu"), "Friday or Saturday"),
        (pd.offsets.CustomBusinessDay(weekmask="Mon Tue Wed Thu Fri Sat"), "Sunday"),
    ],
)
def test_working_days_are_refused_unless_gaps_are_wanted(freq, names, at):
    times = some(pd.date_range("2020-01-01", periods=200, freq=freq)) + pd.Timedelta(at)
    with pytest.raises(DataError, match=rf"no row is on a {names}, .* data\.step_minutes=1440 .*, or date"):
        resample(series(times), None)
    grid = resample(series(times), 1440)
    assert grid.whole.sum() == len(times)


def test_some_days_of_the_week_are_refused():
    times = pd.date_range("2020-01-01", periods=60, freq=pd.offsets.CustomBusinessDay(weekmask="Mon Wed Fri"))
    with pytest.raises(DataError, match="no row is on a Tuesday or Thursday or Saturday or Sunday") as error:
        resample(series(times), None)
    assert "step_minutes" not in str(error.value)


@pytest.mark.parametrize("freq", ["D", "2D", "7D", "14D", "W-TUE"])
def test_days_and_weeks_are_none_of_it(freq):
    times = some(pd.date_range("2020-01-01", periods=200, freq=freq))
    assert resample(series(times), None).whole.sum() == len(times)


def test_a_few_days_that_are_all_weekdays_are_no_rule():
    times = pd.date_range("2020-01-06", periods=15, freq="B")
    assert len(resample(series(times), None)) == 19


@pytest.mark.parametrize("step_minutes", [None, 1440])
def test_local_days_with_an_offset_are_refused_where_they_would_be_merged(step_minutes):
    local = pd.date_range("2020-01-01", periods=500, freq="D")
    with pytest.raises(
        DataError, match=r"local days, of 23 hours .* write the dates without hour and offset"
    ):
        resample(series(local.tz_localize("Europe/London").tz_convert(None)), step_minutes)
    for zone in ("Europe/Berlin", "America/New_York"):
        grid = resample(series(local.tz_localize(zone).tz_convert(None)), step_minutes)
        assert grid.values[:, 0].tolist() == list(range(500))  # noqa: PD011
    weekly = resample(series(local.tz_localize("Europe/London").tz_convert(None)), 7 * 1440)
    assert len(weekly) == 73


def test_rows_that_would_be_merged_unasked_are_refused():
    late = np.random.default_rng(0).integers(-1, 2, 500)
    times = pd.date_range("2020-01-01", periods=500, freq="h") + pd.to_timedelta(late, "s")
    with pytest.raises(
        DataError, match=r"mostly 60 minutes apart, but .* of 500 would share a step .*_minutes to 60 or"
    ):
        resample(series(times), None)
    expected = pd.Series(np.arange(500.0), times).resample("h").mean()
    np.testing.assert_allclose(resample(series(times), 60).values[:, 0], expected)  # noqa: PD011


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


def test_two_readings_close_together_every_second_month_are_no_months():
    """No distance is the month that their median, between 29 hours and two months, would make it."""
    times = pd.DatetimeIndex(["2020-01-01 00:00", "2020-01-02 05:00", "2020-03-03 12:00"])
    refuse_months(times.to_numpy("datetime64[s]").astype(np.int64))
