"""The step that rows follow is recognised: places and coming dates are those of pandas' calendars."""

# ruff: noqa: PD011 (these are the values of a Grid)

import numpy as np
import pandas as pd
import pytest

from seqlab.data.series.grid import Grid
from seqlab.data.series.prepared import averaging
from seqlab.data.series.resampling import resample
from seqlab.data.series.step import step_named
from seqlab.data.series.table import Measured
from seqlab.errors import DataError

PERIODS = {
    "MS": "months",
    "ME": "months",
    "BMS": "months",
    "BME": "months",
    "WOM-1MON": "months",
    "WOM-3FRI": "months",
    "QS": "quarters",
    "QS-FEB": "quarters",
    "QE": "quarters",
    "BQE": "quarters",
    "2QS": "half-years",
    "2MS": "2 months",
    "YS": "years",
    "YE": "years",
    "YE-JUN": "years",
    "10YS": "120 months",
}
WEEKMASKS = ["Mon Tue Wed Thu Fri", "Mon Tue Wed Thu Sun", "Mon Tue Wed Thu Fri Sat", "Mon Wed Fri"]


def series(times: pd.DatetimeIndex) -> Measured:
    return Measured(times.to_numpy("datetime64[us]"), np.arange(float(len(times)))[:, None], ("a",))


def without_some(times: pd.DatetimeIndex) -> np.ndarray:
    """Return which nine of ten rows are kept, the first and last among them."""
    kept = np.random.default_rng(0).random(len(times)) > 0.1
    kept[[0, -1]] = True
    return kept


def assert_follows(grid: Grid, times: pd.DatetimeIndex, kept: np.ndarray, coming: pd.DatetimeIndex) -> None:
    """Assert that the grid has the times of a calendar and a gap where a row is missing, and goes on so."""
    np.testing.assert_array_equal(grid.times, times.to_numpy("datetime64[us]"))
    np.testing.assert_array_equal(grid.whole, kept)
    assert grid.values[grid.whole, 0].tolist() == list(range(int(kept.sum())))
    again = step_named(grid.step.name)
    assert again == grid.step
    np.testing.assert_array_equal(again.after(grid.times[-1], len(coming)), coming.to_numpy("datetime64[us]"))


@pytest.mark.parametrize("at", ["0h", "16h"])
@pytest.mark.parametrize(("freq", "name"), PERIODS.items())
def test_months_and_what_is_made_of_them(freq, name, at):
    every = pd.date_range("1960-01-01", "2059-12-31", freq=freq) + pd.Timedelta(at)
    times, coming = every[: len(every) * 3 // 5], every[len(every) * 3 // 5 :]
    for kept in (np.ones(len(times), dtype=bool), without_some(times)):
        grid = resample(series(times[kept]), None)
        assert str(grid.step) == name
        assert_follows(grid, times, kept, coming)


@pytest.mark.parametrize("day", [1, 15, 28, 29, 30])
def test_a_day_of_the_month_is_kept_but_where_a_month_is_too_short(day):
    every = pd.DatetimeIndex([pd.Timestamp(2000, 1, day) + pd.DateOffset(months=n) for n in range(80)])
    assert_follows(resample(series(every[:61]), None), every[:61], np.ones(61, dtype=bool), every[61:73])


def test_months_that_begin_on_no_fixed_day_are_steps_all_the_same():
    months = pd.date_range("2000-01-01", periods=60, freq="MS")
    times = months + pd.to_timedelta(np.random.default_rng(0).integers(0, 4, 60), "D")
    grid = resample(series(times), None)
    assert str(grid.step) == "months"
    np.testing.assert_array_equal(grid.times, times.to_numpy("datetime64[us]"))


def test_the_twelve_months_of_weeks_that_a_shop_has_are_told_of_row_order():
    weeks = np.tile([4, 4, 5], 40).cumsum()
    with pytest.raises(DataError, match=r"28 to 35 days apart, as months are, but .* data\.time=null"):
        resample(series(pd.Timestamp("2010-01-03") + pd.to_timedelta(7 * weeks, "D")), None)


@pytest.mark.parametrize("days", [28, 30, 31, 90, 91, 364, 365, 365.25])
@pytest.mark.parametrize("is_thin", [False, True])
def test_equal_steps_as_long_as_months_are_none(days, is_thin):
    times = pd.date_range("1980-01-01", periods=60, freq=pd.Timedelta(days=days))
    kept = without_some(times) if is_thin else np.ones(60, dtype=bool)
    coming = times[-1] + pd.to_timedelta(days * np.arange(1, 5), "D")
    assert_follows(resample(series(times[kept]), None), times, kept, coming)


def test_rows_that_are_rare_and_irregular_are_averaged_if_that_is_asked():
    apart = np.random.default_rng(0).integers(20 * 86400, 60 * 86400, 100)
    times = pd.Timestamp("1990-01-01") + pd.to_timedelta(apart.cumsum(), "s")
    grid = resample(series(times), averaging(60 * 24 * 60))
    expected = pd.Series(np.arange(100.0), times).resample("60D", origin="epoch").mean()
    np.testing.assert_allclose(grid.values[:, 0], expected)


@pytest.mark.parametrize("at", ["0h", "16h"])
@pytest.mark.parametrize("days", WEEKMASKS)
def test_business_days_are_steps_and_holidays_are_counted(days, at, caplog):
    every = pd.date_range("2015-01-01", periods=1310, freq=pd.offsets.CustomBusinessDay(weekmask=days))
    every += pd.Timedelta(at)
    times = every[:1305][without_some(every[:1305])]
    grid = resample(series(times), None)
    assert_follows(grid, times, np.ones(len(times), dtype=bool), every[1305:])
    assert f"{1305 - len(times)} days of business days ({days}) have no row and count as holid" in caplog.text


def test_a_month_without_business_days_is_a_gap():
    times = pd.date_range("2020-01-01", periods=200, freq="B")
    kept = np.ones(200, dtype=bool)
    kept[60:82] = False
    assert_follows(
        resample(series(times[kept]), None), times, kept, pd.date_range(times[-1], periods=4, freq="B")[1:]
    )


def test_two_weeks_of_business_days_are_enough_and_one_is_not():
    assert len(resample(series(pd.date_range("2020-01-06", periods=15, freq="B")), None)) == 15
    assert len(resample(series(pd.date_range("2020-01-06", periods=7, freq="B")), None)) == 9


@pytest.mark.parametrize("freq", ["D", "2D", "7D", "14D", "W-TUE", "h", "s", "10ms", "250us"])
def test_a_duration_begins_at_the_first_row(freq):
    times = pd.date_range("2020-01-01 06:30:00.5", periods=203, freq=freq)
    kept = without_some(times[:200])
    assert_follows(resample(series(times[:200][kept]), None), times[:200], kept, times[200:])


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin", "America/New_York"])
def test_local_days_with_an_offset_are_days(zone):
    local = pd.date_range("2020-01-01", periods=500, freq="D", tz=zone)
    grid = resample(series(local.tz_convert(None)), None)
    assert grid.values[:, 0].tolist() == list(range(500))


def test_rows_that_come_early_or_late_stay_steps_and_a_late_clock_never_adds_up(caplog):
    late = np.random.default_rng(0).integers(-300, 300, 5000)
    times = pd.date_range("2020-01-01", periods=5000, freq="3601s") + pd.to_timedelta(late, "s")
    grid = resample(series(times), None)
    assert grid.values[:, 0].tolist() == list(range(5000))
    np.testing.assert_array_equal(grid.times, times.to_numpy("datetime64[us]"))
    assert "rows come early or late" in caplog.text


def test_rows_that_would_share_a_step_unasked_are_refused():
    times = pd.date_range("2020-01-01", periods=500, freq="h").append(pd.DatetimeIndex(["2020-01-05 01:01"]))
    with pytest.raises(DataError, match=r"mostly 60 minutes, but 1 of 501 rows .* data\.time=null"):
        resample(series(times.sort_values()), None)


@pytest.mark.parametrize(
    "name", ["", "0 us", "-1 us", "1e9 us", "3 months WOM-1MON", "MS", "Monday", "2 months X", "rows"]
)
def test_other_names_are_of_no_step(name):
    with pytest.raises(ValueError, match="is no step"):
        step_named(name)
