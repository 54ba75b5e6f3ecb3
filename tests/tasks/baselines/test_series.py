"""Persistence, yesterday, climatology and ridge on small series, each computed a second time."""

# ruff: noqa: PD011 (these are the values of windows)

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LinearRegression, Ridge

from seqlab.data import SequenceData, Series
from seqlab.tasks.baselines import series as series_baselines
from seqlab.tasks.baselines.series import (
    BASELINES,
    PENALTIES,
    UnavailableError,
    climatology,
    persistence,
    ridge,
    yesterday,
)
from seqlab.tasks.forecasting import Forecasting

READ, ASKED = 24, 30
Load = Callable[..., Series]


def table(rows: int = 900, step: str = "h") -> pd.DataFrame:
    random = np.random.default_rng(rows)
    times = pd.date_range("2018-05-01", periods=rows, freq=step)
    day = 2 * np.pi * times.hour.to_numpy() / 24
    year = 2 * np.pi * times.day_of_year.to_numpy() / 365.25
    noise = np.convolve(random.normal(size=rows), 0.8 ** np.arange(30))[:rows]
    t = 9 - 8 * np.cos(year) + 4 * np.sin(day) + noise
    return pd.DataFrame({"time": times.astype(str), "t": t, "p": random.normal(990, 5, rows) - noise})


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a data set of a table that reads a day and asks for 30 hours, set up."""

    def from_table(frame: pd.DataFrame, **settings) -> Series:
        frame.to_csv(tmp_path / "series.csv", index=False)
        usual = {"time": "time", "targets": ["t"], "input_days": READ / 24, "horizon_days": ASKED / 24}
        data = SequenceData(Series(path=str(tmp_path / "series.csv"), **(usual | settings)))
        data.setup()
        return data

    return from_table


def in_units(data: Series, scaled: np.ndarray) -> np.ndarray:
    series = data.spec.series
    means, scales = (np.array(values)[list(series.places)] for values in (series.means, series.scales))
    return scaled * scales + means


def columns(frame: pd.DataFrame, data: Series) -> np.ndarray:
    return frame[list(data.spec.series.targets)].to_numpy()


@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
@pytest.mark.parametrize("split", ["val", "test"])
def test_persistence_repeats_the_last_value(load, targets, split):
    frame = table()
    data = load(frame, targets=targets)
    found = in_units(data, persistence(data)(split))
    values = columns(frame, data)
    for window, start in enumerate(data.samples[split].starts.tolist()):
        expected = np.tile(values[start + READ - 1], (ASKED, 1))
        np.testing.assert_allclose(found[window], expected, atol=1e-4)


@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
@pytest.mark.parametrize("split", ["val", "test"])
def test_yesterday_repeats_the_last_day_that_is_known(load, targets, split):
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


def test_yesterday_is_the_last_of_several_days(load):
    frame = table()
    data = load(frame, input_days=3.0, horizon_days=0.5)
    start = int(data.samples["test"].starts[7])
    found = in_units(data, yesterday(data)("test"))[7, :, 0]
    np.testing.assert_allclose(found, frame["t"][start + 48 : start + 60], atol=1e-4)


def test_yesterday_counts_steps_and_not_rows(load):
    frame = table(3000, "20min")
    data = load(frame, horizon_days=0.25)
    start = int(data.samples["test"].starts[0])
    found = in_units(data, yesterday(data)("test"))[0, :, 0]
    np.testing.assert_allclose(found, frame["t"][start : start + 18], atol=1e-4)


def test_yesterday_needs_a_day_of_input_and_a_day_of_whole_steps(load):
    with pytest.raises(UnavailableError, match="needs a day of input"):
        yesterday(load(table(), input_days=0.5))
    with pytest.raises(UnavailableError, match="a day is not a whole number of steps of 50 minutes"):
        yesterday(load(table(1200, "50min")))
    with pytest.raises(UnavailableError, match="not a whole number of steps of 2880 minutes"):
        yesterday(load(table(600, "2D"), input_days=20, horizon_days=10))


def test_the_climatology_is_the_regression_on_season_and_hour_that_scikit_learn_fits(load):
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


def test_the_climatology_needs_a_year_of_training(load):
    settings = {"input_days": 2.0, "horizon_days": 1.0}
    with pytest.raises(UnavailableError, match=r"needs a year of training \(365 days\)"):
        climatology(load(table(521 * 4, "6h"), **settings))
    climatology(load(table(522 * 4, "6h"), **settings))


def naive_inputs(data: Series, split: str, measured: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return inputs, last values and answers of every window."""
    samples, places = data.samples[split], list(data.spec.series.places)
    values = samples.values.double().numpy()
    rows, last, answers = [], [], []
    for start in samples.starts.tolist():
        read = values[start : start + READ]
        rows.append([*read[:, :measured].ravel(), *read[-1, measured:], 1.0])
        last.append(values[start + READ - 1, places])
        answers.append(values[start + READ : start + READ + ASKED, places])
    return np.array(rows), np.array(last)[:, None], np.array(answers)


@pytest.mark.parametrize("calendar", [True, False])
@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
def test_ridge_is_the_one_of_scikit_learn_with_the_penalty_that_suits_validation(load, targets, calendar):
    data = load(table(), targets=targets, calendar=calendar)
    x, last, y = naive_inputs(data, "train", measured=2)
    found = ridge(data)
    assert x.shape[1] == READ * 2 + 2 * calendar + 1
    forecasts, errors = {}, {}
    for penalty in PENALTIES:
        model = Ridge(alpha=penalty, fit_intercept=False).fit(x, (y - last).reshape(len(y), -1))
        for split in ("val", "test"):
            inputs, before, truth = naive_inputs(data, split, measured=2)
            forecasts[penalty, split] = model.predict(inputs).reshape(truth.shape) + before
            errors[penalty, split] = np.abs(forecasts[penalty, split] - truth).mean()
    best = min(PENALTIES, key=lambda penalty: errors[penalty, "val"])
    assert len({round(error, 6) for (_, split), error in errors.items() if split == "val"}) == len(PENALTIES)
    for split in ("val", "test"):
        np.testing.assert_allclose(found(split), forecasts[best, split], atol=1e-4)


def test_ridge_reads_the_distance_from_the_season_at_the_last_step_only(load):
    data = load(table(2 * 366 * 24), limit_train_samples=300)
    assert data.spec.series.columns[2:] == (
        "sin of day",
        "cos of day",
        "sin of year",
        "cos of year",
        "t beside the usual",
    )
    x, last, y = naive_inputs(data, "train", measured=2)
    inputs, before, truth = naive_inputs(data, "test", measured=2)
    found = ridge(data)("test")
    assert x.shape[1] == READ * 2 + 5 + 1
    candidates = [
        Ridge(alpha=penalty, fit_intercept=False).fit(x, (y - last).reshape(len(y), -1)).predict(inputs)
        for penalty in PENALTIES
    ]
    apart = [np.abs(found - candidate.reshape(truth.shape) - before).max() for candidate in candidates]
    assert min(apart) < 1e-4


def test_ridge_sees_neither_the_test_part_in_training_nor_in_choosing(load):
    frame = table()
    wild = frame.copy()
    wild.loc[720:, ["t", "p"]] = wild.loc[720:, ["t", "p"]].to_numpy() * -50
    calm = ridge(load(frame))("val")
    np.testing.assert_array_equal(ridge(load(wild))("val"), calm)


def test_ridge_in_pieces_is_the_same(load, monkeypatch):
    data = load(table())
    whole = ridge(data)("test")
    monkeypatch.setattr(series_baselines, "CHUNK", 37)
    np.testing.assert_allclose(ridge(data)("test"), whole, atol=1e-5)


def test_many_windows_are_thinned_out_evenly(load, monkeypatch):
    data = load(table())
    count = data.spec.sizes["train"]
    monkeypatch.setattr(series_baselines, "MOST_WINDOWS", count // 3)
    found = ridge(data)("test")
    rows = np.arange(0, count, 4)  # count is no multiple of 3
    assert count % 3
    x, last, y = (values[rows] for values in naive_inputs(data, "train", measured=2))
    inputs, before, truth = naive_inputs(data, "test", measured=2)
    candidates = [
        Ridge(alpha=penalty, fit_intercept=False).fit(x, (y - last).reshape(len(y), -1)).predict(inputs)
        for penalty in PENALTIES
    ]
    assert min(np.abs(found - c.reshape(truth.shape) - before).max() for c in candidates) < 1e-4


def test_long_inputs_are_thinned_out_in_time_and_keep_the_last_step(load, monkeypatch):
    data = load(table(), calendar=False)
    monkeypatch.setattr(series_baselines, "MOST_INPUTS", 20)
    steps = series_baselines._Inputs(data.spec.series).steps
    assert steps.tolist() == [2, 5, 8, 11, 14, 17, 20, 23]
    (inputs, *_), *_ = series_baselines._Inputs(data.spec.series).chunks(data.samples["test"])
    start = int(data.samples["test"].starts[0])
    values = data.samples["test"].values.numpy()
    np.testing.assert_array_equal(inputs[0], [*values[start + steps].ravel(), 1.0])
    assert np.isfinite(ridge(data)("test")).all()


def test_ridge_beats_the_simple_forecasts_where_the_future_is_linear(load):
    data = load(table(2000))
    truth = data.samples["test"].y.numpy()
    errors = {
        name: np.abs(BASELINES[name].prepare(data)("test") - truth).mean()
        for name in ("persistence", "yesterday", "ridge")
    }
    assert errors["ridge"] < 0.9 * min(errors["persistence"], errors["yesterday"])


@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
def test_baselines_are_scored_in_the_targets_units_or_say_why_not(load, targets):
    frame = table()
    data = load(frame, targets=targets)
    task = Forecasting.of(data.spec.as_dict(), {})
    found = task.baselines(data, fitted=False)
    assert list(found) == ["persistence", "yesterday", "climatology"]
    assert found["climatology"] == "needs a year of training (365 days)"
    assert "ridge" in task.baselines(data, fitted=True)
    values = columns(frame, data)
    for split in ("val", "test"):
        errors = [
            values[start + READ - 1] - values[start + READ : start + READ + ASKED]
            for start in data.samples[split].starts.tolist()
        ]
        expected = np.array(errors).mean((0, 1))
        for place, target in enumerate(targets):
            name = f"{split}/bias" if len(targets) == 1 else f"{split}/bias/{target}"
            assert found["persistence"][name] == pytest.approx(expected[place], abs=1e-4)
            mae = name.replace("bias", "mae")
            assert found["persistence"][mae] == pytest.approx(np.abs(errors).mean((0, 1))[place], abs=1e-4)
        mean = np.abs(errors).mean((0, 1)).mean()
        assert found["persistence"][f"{split}/mae"] == pytest.approx(mean, abs=1e-4)


def test_a_baseline_costs_no_copy_of_all_windows_at_once(load, monkeypatch):
    data = load(table())
    sizes = []
    batch = type(data.samples["train"]).batch

    def noted(self, ids: torch.Tensor):
        sizes.append(len(ids))
        return batch(self, ids)

    monkeypatch.setattr(series_baselines, "CHUNK", 64)
    monkeypatch.setattr(type(data.samples["train"]), "batch", noted)
    ridge(data)("test")
    assert max(sizes) == 64
