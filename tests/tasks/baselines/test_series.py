"""Persistence, yesterday and climatology on small series, each computed a second time."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from seqlab.data import SequenceData
from seqlab.tasks.baselines.series import UnavailableError, climatology, persistence, yesterday

READ, ASKED = 24, 30


def in_units(data: SequenceData, scaled: np.ndarray) -> np.ndarray:
    series = data.spec.series
    means, scales = (np.array(values)[list(series.places)] for values in (series.means, series.scales))
    return scaled * scales + means


def columns(frame: pd.DataFrame, data: SequenceData) -> np.ndarray:
    return frame[list(data.spec.series.targets)].to_numpy()


@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
@pytest.mark.parametrize("split", ["val", "test"])
def test_persistence_repeats_the_last_value(load, targets, split, table):
    frame = table()
    data = load(frame, targets=targets)
    found = in_units(data, persistence(data)(split))
    values = columns(frame, data)
    for window, start in enumerate(data.samples[split].starts.tolist()):
        expected = np.tile(values[start + READ - 1], (ASKED, 1))
        np.testing.assert_allclose(found[window], expected, atol=1e-4)


@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
@pytest.mark.parametrize("split", ["val", "test"])
def test_yesterday_repeats_the_last_day_that_is_known(load, targets, split, table):
    frame = table()
    data = load(frame, targets=targets)
    found = in_units(data, yesterday(data)(split))
    values = columns(frame, data)
    for window, start in enumerate(data.samples[split].starts.tolist()):
        known = start + READ
        for ahead in range(ASKED):
            at = known + ahead
            while at >= known:
                at -= 24
            np.testing.assert_allclose(found[window, ahead], values[at], atol=1e-4)


def test_yesterday_is_the_last_of_several_days(load, table):
    frame = table()
    data = load(frame, input_days=3.0, horizon_days=0.5)
    start = int(data.samples["test"].starts[7])
    found = in_units(data, yesterday(data)("test"))[7, :, 0]
    np.testing.assert_allclose(found, frame["t"][start + 48 : start + 60], atol=1e-4)


def test_yesterday_counts_steps_and_not_rows(load, table):
    frame = table(3000, "20min")
    data = load(frame, horizon_days=0.25)
    start = int(data.samples["test"].starts[0])
    found = in_units(data, yesterday(data)("test"))[0, :, 0]
    np.testing.assert_allclose(found, frame["t"][start : start + 18], atol=1e-4)


def test_yesterday_needs_a_day_of_input_and_a_day_of_whole_steps(load, table):
    with pytest.raises(UnavailableError, match="needs a day of input"):
        yesterday(load(table(), input_days=0.5))
    with pytest.raises(UnavailableError, match="a day is not a whole number of steps of 50 minutes"):
        yesterday(load(table(1200, "50min")))
    with pytest.raises(UnavailableError, match="not a whole number of steps of 2880 minutes"):
        yesterday(load(table(600, "2D"), input_days=20, horizon_days=10))


@pytest.mark.parametrize("averages", [{}, {"step_minutes": 60}])
def test_rows_at_any_times_have_no_yesterday(load, table, averages):
    frame = table().sample(frac=0.8, random_state=0).sort_index()
    data = load(frame, side_inputs={"time": "diff:time"}, **averages)
    with pytest.raises(UnavailableError, match="rows at any times have no step of a day"):
        yesterday(data)


def test_the_climatology_is_the_regression_on_season_and_hour_that_scikit_learn_fits(load, table):
    frame = table(3 * 366 * 8, "3h")
    data = load(frame, targets=["p", "t"], input_days=1.0, horizon_days=1.0)
    times = pd.to_datetime(frame["time"])
    seconds = (times - pd.Timestamp(0)).dt.total_seconds().to_numpy()
    year, day = 2 * np.pi * seconds / (365.2425 * 86400), 2 * np.pi * seconds / 86400
    waves = [f(k * angle) for angle in (year, day) for k in (1, 2) for f in (np.sin, np.cos)]
    inputs = np.column_stack([*waves, *(a * d for a in waves[:2] for d in waves[4:])])
    count = len(frame)
    train = count - round(0.2 * count) - round(0.1 * count)
    values = columns(frame, data)
    expected = LinearRegression().fit(inputs[:train], values[:train]).predict(inputs)
    starts = data.samples["test"].starts.numpy()
    found = in_units(data, climatology(data)("test"))
    np.testing.assert_allclose(found, expected[starts[:, None] + np.arange(8, 16)], atol=1e-3)
    # It has found the season: far better than the mean, which is all there is for pressure.
    errors = np.abs(found - values[starts[:, None] + np.arange(8, 16)]).mean((0, 1))
    assert errors[1] < 0.4 * np.abs(values[train:, 1] - values[:train, 1].mean()).mean()


def test_the_climatology_needs_a_year_of_training(load, table):
    settings = {"input_days": 2.0, "horizon_days": 1.0}
    with pytest.raises(UnavailableError, match=r"needs a year of training \(365 days\)"):
        climatology(load(table(521 * 4, "6h"), **settings))
    climatology(load(table(522 * 4, "6h"), **settings))
