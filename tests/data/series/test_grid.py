"""The regular grid: means by time as in pandas, calendar columns, climatology as scikit-learn fits it."""

# ruff: noqa: PD011 (these are the values of a Grid)

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from seqlab.data.series import prepared as prepared_module
from seqlab.data.series import seasons as seasons_module
from seqlab.data.series.grid import Grid
from seqlab.data.series.prepared import averaging
from seqlab.data.series.resampling import resample
from seqlab.data.series.seasons import derive, fit_climatology, seasons
from seqlab.data.series.spec import DAY, YEAR, in_seconds
from seqlab.data.series.step import Duration, Row
from seqlab.data.series.table import Measured
from seqlab.data.series_csv import Series
from seqlab.errors import DataError

NAN = float("nan")


def measured(times: pd.DatetimeIndex, numbers: np.ndarray) -> Measured:
    columns = tuple("abcdefg"[: numbers.shape[1]])
    return Measured(times.to_numpy("datetime64[us]"), numbers, columns)


def ten_minutes(rows: int, random: np.random.Generator) -> pd.DatetimeIndex:
    return pd.date_range("2020-02-28 23:10", periods=rows, freq="10min")


def hourly(rows: int, random: np.random.Generator) -> pd.DatetimeIndex:
    return pd.date_range("2019-12-30 05:00", periods=rows, freq="h")


def half_past(rows: int, random: np.random.Generator) -> pd.DatetimeIndex:
    return pd.date_range("2020-01-01 00:30", periods=rows, freq="h")


def irregular(rows: int, random: np.random.Generator) -> pd.DatetimeIndex:
    apart = np.cumsum(random.integers(1, 1500, rows))
    return pd.DatetimeIndex(np.datetime64("1969-12-31T20:00:01") + apart.astype("timedelta64[s]"))


def with_missing_rows(rows: int, random: np.random.Generator) -> pd.DatetimeIndex:
    kept = random.random(rows) < 0.6
    kept[:: rows - 1] = True
    kept[100:130] = False
    return ten_minutes(rows, random)[kept]


@pytest.mark.parametrize("minutes", [60, 20, 180, 1440])
@pytest.mark.parametrize("times_of", [ten_minutes, hourly, half_past, irregular, with_missing_rows])
def test_resampling_is_the_mean_by_time_that_pandas_computes(times_of, minutes):
    if minutes < 60 and times_of in (hourly, half_past):
        minutes = 90
    random = np.random.default_rng(0)
    times = times_of(700, random)
    numbers = random.normal([0, 1000, -5], size=(len(times), 3))
    numbers[random.random(numbers.shape) < 0.1] = NAN
    grid = resample(measured(times, numbers), averaging(minutes))
    frame = pd.DataFrame(numbers, times)
    # From 1970 on, the place of a step does not depend on the first row.
    expected = frame.resample(f"{minutes}min", origin="epoch").mean()
    assert grid.step.seconds == minutes * 60
    np.testing.assert_array_equal(grid.times, expected.index.to_numpy("datetime64[us]"))
    np.testing.assert_allclose(grid.values, expected.to_numpy(), rtol=1e-12)
    np.testing.assert_array_equal(grid.whole, expected.notna().all(axis=1))


def test_missing_rows_do_not_shift_later_ones():
    times = pd.date_range("2020-01-01", periods=48, freq="h")
    whole = resample(measured(times, np.arange(48.0)[:, None]), averaging(60))
    kept = np.delete(np.arange(48), [5, 6, 7, 30])
    grid = resample(measured(times[kept], np.arange(48.0)[kept, None]), averaging(60))
    expected = whole.values.copy()
    expected[[5, 6, 7, 30]] = NAN
    np.testing.assert_array_equal(grid.values, expected)
    assert np.flatnonzero(~grid.whole).tolist() == [5, 6, 7, 30]


@pytest.mark.parametrize("times_of", [ten_minutes, hourly, half_past, with_missing_rows])
def test_without_a_step_the_files_own_is_taken(times_of):
    random = np.random.default_rng(3)
    times = times_of(400, random)
    numbers = random.normal(size=(len(times), 1))
    grid = resample(measured(times, numbers), None)
    assert grid.step.seconds == (3600 if times_of in (hourly, half_past) else 600)
    np.testing.assert_array_equal(grid.values[grid.whole], numbers)
    assert (~grid.whole).sum() == len(grid) - len(times)


def test_the_files_own_step_is_the_commonest_distance_of_two_rows():
    apart = [600, 1200, 600, 3600, 600, 1200, 7200, 600, 3600, 7200]
    times = pd.DatetimeIndex(
        np.datetime64("2020-01-01T00:00:00") + np.cumsum([0, *apart]).astype("timedelta64[s]")
    )
    assert resample(measured(times, np.arange(11.0)[:, None]), None).step.seconds == 600


def test_a_row_that_jitters_stays_in_its_step():
    times = pd.to_datetime(["2020-01-01 00:00", "2020-01-01 01:04", "2020-01-01 02:02", "2020-01-01 03:00"])
    grid = resample(measured(times, np.array([[1.0], [2], [3], [4]])), averaging(60))
    assert grid.values[:, 0].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(("minutes", "own"), [(50, 60), (30, 60), (8, 10)])
def test_a_step_shorter_than_the_files_own_is_refused(minutes, own):
    times = pd.date_range("2020-01-01", periods=20, freq=f"{own}min")
    with pytest.raises(DataError, match=f"{own} minutes apart.*data.step_minutes to {own} or more"):
        resample(measured(times, np.zeros((20, 1))), averaging(minutes))


def test_a_logger_that_is_a_second_late_every_hour_is_read():
    times = pd.date_range("2020-01-01", periods=500, freq="3601s")
    grid = resample(measured(times, np.arange(500.0)[:, None]), averaging(60))
    np.testing.assert_array_equal(grid.values[:, 0], np.arange(500))


def test_a_few_equal_long_distances_do_not_make_irregular_rows_too_rare():
    apart = np.concatenate([np.arange(300, 900), [7200, 7200]])
    times = pd.DatetimeIndex(np.datetime64("2020-01-01T00:00:00") + np.cumsum(apart).astype("timedelta64[s]"))
    numbers = np.arange(len(times), dtype=float)[:, None]
    grid = resample(measured(times, numbers), averaging(60))
    expected = pd.DataFrame(numbers, times).resample("h").mean()
    np.testing.assert_allclose(grid.values, expected.to_numpy())


def test_a_mistyped_year_is_named_and_fills_no_memory():
    times = pd.DatetimeIndex(
        ["0202-01-01", *pd.date_range("2020-01-01", periods=100, freq="h")]
    ).sort_values()
    with pytest.raises(DataError, match="0202-01-01T00:00:00"):
        resample(measured(times, np.zeros((101, 1))), averaging(60))


def test_one_row_has_no_step_of_its_own():
    with pytest.raises(DataError) as error:
        resample(measured(pd.DatetimeIndex(["2020-01-01"]), np.zeros((1, 1))), None)
    assert "to 0 or more" not in str(error.value)


def test_gaps_and_constant_columns_are_reported(caplog):
    times = pd.date_range("2020-01-01", periods=100, freq="h")
    numbers = np.column_stack([np.arange(100.0), np.full(100, 3.0)])
    kept = np.delete(np.arange(100), [10, 11, *range(20, 90, 10)])
    resample(measured(times[kept], numbers[kept]), None)
    assert "2020-01-01T10:00:00 (2 steps), 2020-01-01T20:00:00 (1 steps)" in caplog.text
    assert caplog.text.count("(1 steps)") == 4
    assert " and 3 more" in caplog.text
    assert "column 'b' never changes" in caplog.text
    assert "column 'a' never" not in caplog.text


def grid_of(steps: int, step: int = 3600, start: str = "2020-01-01", columns: int = 2) -> Grid:
    random = np.random.default_rng(5)
    times = pd.date_range(start, periods=steps, freq=f"{step}s").to_numpy("datetime64[us]")
    return Grid(
        Duration(step * 1_000_000), times, random.normal(size=(steps, columns)), tuple("abc"[:columns])
    )


def test_calendar_columns_are_the_hour_and_the_day_of_the_mean_year():
    grid = grid_of(3000, step=7200)
    full = derive(grid, ("day", "year"), ("a",), ())
    assert full.columns == ("a", "b", "sin of day", "cos of day", "sin of year", "cos of year")
    np.testing.assert_array_equal(full.values[:, :2], grid.values)
    times = pd.to_datetime(grid.times)
    day = 2 * np.pi * times.hour.to_numpy() / 24
    years = (times - pd.Timestamp("1970-01-01")).total_seconds().to_numpy() / (365.2425 * 86400)
    np.testing.assert_allclose(full.column("sin of day"), np.sin(day), atol=1e-9)
    np.testing.assert_allclose(full.column("cos of day"), np.cos(day), atol=1e-9)
    np.testing.assert_allclose(full.column("sin of year"), np.sin(2 * np.pi * years), atol=1e-9)
    np.testing.assert_allclose(full.column("cos of year"), np.cos(2 * np.pi * years), atol=1e-9)


def test_without_a_calendar_nothing_is_added():
    grid = grid_of(10)
    for climatology in ((), ((1.0,) * 17,)):
        full = derive(grid, (), ("a",), climatology)
        assert full.columns == grid.columns
        np.testing.assert_array_equal(full.values, grid.values)


def test_a_target_stands_beside_what_is_usual():
    grid = grid_of(500)
    usual = np.zeros((2, 17))
    usual[:, 0] = 3, -4  # the constant
    usual[0, 5] = 10  # the sine of the day
    full = derive(grid, ("day",), ("b", "a"), usual.tolist())
    sine = np.sin(2 * np.pi * in_seconds(grid.times) / DAY)
    np.testing.assert_allclose(full.column("b beside the usual"), grid.column("b") - 3 - 10 * sine, atol=1e-9)
    np.testing.assert_allclose(full.column("a beside the usual"), grid.column("a") + 4, atol=1e-9)


def waves(times: np.ndarray) -> np.ndarray:
    """Two harmonics of the year, two of the day, the year's first times the day's, one time after another."""
    rows = []
    for time in in_seconds(times).tolist():
        year, day = 2 * np.pi * time / YEAR, 2 * np.pi * time / DAY
        annual = [np.sin(year), np.cos(year), np.sin(2 * year), np.cos(2 * year)]
        daily = [np.sin(day), np.cos(day), np.sin(2 * day), np.cos(2 * day)]
        rows.append([*annual, *daily, *(a * d for a in annual[:2] for d in daily)])
    return np.array(rows)


def test_the_climatology_is_the_regression_that_scikit_learn_fits():
    grid = grid_of(2 * 365 * 4, step=6 * 3600 - 120)
    values = 20 * np.cos(2 * np.pi * in_seconds(grid.times) / YEAR) + grid.column("a")
    values[::17] = NAN
    there = ~np.isnan(values)
    coefficients = fit_climatology(grid.times, values)
    model = LinearRegression().fit(waves(grid.times)[there], values[there])
    np.testing.assert_allclose(
        seasons(grid.times) @ coefficients, model.predict(waves(grid.times)), atol=1e-7
    )


def test_the_climatology_finds_a_daily_cycle_that_differs_from_summer_to_winter():
    grid = grid_of(3 * 365 * 24)
    year, day = 2 * np.pi * in_seconds(grid.times) / YEAR, 2 * np.pi * in_seconds(grid.times) / DAY
    truth = 9 - 10 * np.cos(year) + (4 - 3 * np.cos(year)) * np.sin(day) + np.cos(2 * day)
    early = len(grid) // 2
    coefficients = fit_climatology(grid.times[:early], truth[:early] + 0.1 * grid.column("a")[:early])
    assert np.abs(seasons(grid.times) @ coefficients - truth).max() < 0.02


@pytest.mark.parametrize("hours", [12, 24, 48, 168])
def test_steps_too_long_for_a_daily_cycle_give_no_giant_coefficients(hours):
    grid = grid_of(4 * 365 * 24 // hours, step=hours * 3600)
    coefficients = fit_climatology(grid.times, grid.column("a"))
    assert np.abs(coefficients).max() < 100


def test_a_grid_knows_its_length_and_columns():
    grid = Grid(Row(), np.arange(1, 4), np.array([[1.0, 2], [NAN, 4], [5, 6]]), ("x", "y"))
    assert len(grid) == 3
    assert grid.whole.tolist() == [True, False, True]
    assert grid.column("y").tolist() == [2, 4, 6]


def test_a_long_series_is_prepared_in_blocks_to_the_same_end(monkeypatch):
    hours = np.arange(24 * 400)
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2020-01-01", periods=len(hours), freq="h"),
            "x": np.sin(hours / 5) + hours / 999,
        }
    )
    frame.loc[100:130, "x"] = np.nan
    data = Series(path=frame, targets=["x"], input_steps=5, horizon_steps=2, val_share=0.01, test_share=0.01)
    whole = data.load()
    monkeypatch.setattr(seasons_module, "BLOCK", 1000)
    for module in (seasons_module, prepared_module):
        monkeypatch.setattr(module, "LONG", 1000)
    parts = data.load()
    assert whole.spec.series.columns == parts.spec.series.columns
    assert len(whole.spec.series.climatology) == 1
    for name in ("means", "scales", "climatology"):
        expected, found = (np.array(getattr(loaded.spec.series, name)) for loaded in (whole, parts))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    expected, found = (loaded.samples["train"].values for loaded in (whole, parts))
    np.testing.assert_allclose(found, expected, atol=1e-5)
