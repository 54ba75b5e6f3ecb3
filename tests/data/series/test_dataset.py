"""From a file to scaled windows: splits by time, what training may know, calendar, settings."""

# ruff: noqa: PD011 (these are the values of windows and grids)

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from seqlab.data import SequenceData, Series
from seqlab.data.series.prepared import read_grid, scaled, step_of
from seqlab.data.series.seasons import fit_climatology, seasons
from seqlab.errors import DataError

Load = Callable[..., Series]


def weather(rows: int, step: str = "h", start: str = "2019-06-01") -> pd.DataFrame:
    """Return a daily cycle, a yearly one, and noise, of different units."""
    random = np.random.default_rng(rows)
    times = pd.date_range(start, periods=rows, freq=step)
    day = 2 * np.pi * (times.hour + times.minute / 60).to_numpy() / 24
    year = 2 * np.pi * times.day_of_year.to_numpy() / 365.25
    t = 9 - 10 * np.cos(year) + 4 * np.sin(day) + random.normal(size=rows).cumsum() * 0.05
    return pd.DataFrame(
        {"time": times.astype(str), "t": t, "p": 990 + random.normal(size=rows), "rain": random.random(rows)}
    )


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a data set of a table, set up."""

    def from_table(frame: pd.DataFrame, seed: int = 0, **settings) -> SequenceData:
        frame.to_csv(tmp_path / "series.csv", index=False)
        usual = {"time": "time", "targets": ["t"], "input_days": 1.0, "horizon_days": 0.5}
        data = SequenceData(Series(path=str(tmp_path / "series.csv"), **(usual | settings)), seed=seed)
        data.setup()
        return data

    return from_table


def spans(data: SequenceData, split: str) -> list[tuple[int, int]]:
    """Return time of the first and the last step of every window."""
    samples = data.samples[split]
    return [
        (samples.times[start], samples.times[start + samples.input_steps + len(samples._horizon) - 1])
        for start in samples.starts.tolist()
    ]


def test_every_window_lies_in_its_split_and_holds_no_gap_and_none_is_left_out(load):
    frame = weather(1200)
    gaps = [5, 300, 301, 838, 839, 841, 960, 1100, 1199]
    holed = frame.drop(index=[*gaps[:4], gaps[-1]])
    holed.loc[gaps[4:-1], "p"] = np.nan
    data = load(holed)
    times = pd.to_datetime(frame["time"]).to_numpy("datetime64[us]")
    sound = [step not in gaps for step in range(1200)]
    # 1,199 steps: the last row is missing, so the grid ends before it.
    bounds = {"train": (0, 839), "val": (839, 959), "test": (959, 1199)}
    for split, (first, last) in bounds.items():
        starts = [at for at in range(first, last - 36 + 1) if all(sound[at : at + 36])]
        assert spans(data, split) == [(times[at], times[at + 35]) for at in starts]
        assert data.spec.sizes[split] == len(starts)
        x, _, y, _ = data.samples[split].batch(torch.arange(len(starts)))
        assert torch.isfinite(x).all()
        assert torch.isfinite(y).all()


@pytest.mark.parametrize("shares", [(0.1, 0.2), (0.25, 0.25), (0.3, 0.15)])
def test_splits_follow_each_other_in_time(load, shares):
    data = load(weather(1000), val_share=shares[0], test_share=shares[1])
    found = [spans(data, split) for split in ("train", "val", "test")]
    train, val, test = ([span[0][0], span[-1][1]] for span in found)
    assert train[0] < train[1] < val[0] < val[1] < test[0] < test[1]
    count = 1000 * np.array([1 - sum(shares), *shares])
    assert [len(span) for span in found] == [round(steps) - 35 for steps in count]
    assert all(later - earlier == np.timedelta64(35, "h") for span in found for earlier, later in span)


@pytest.fixture
def other_test_values(load) -> tuple[Series, Series]:
    """Return two data sets of two years, whose values differ behind the training part alone."""
    frame = weather(2 * 366 * 12, "2h")
    count = len(frame)
    train = count - round(0.2 * count) - round(0.1 * count)
    wild = frame.copy()
    wild.loc[train:, ["t", "p"]] = wild.loc[train:, ["t", "p"]].to_numpy() * -7 + 1000
    wild.loc[train:, "rain"] = 0.0
    return load(frame), load(wild)


def test_scales_and_climatology_see_the_training_part_only(other_test_values):
    calm, wild = other_test_values
    assert calm.spec.series == wild.spec.series
    assert calm.spec.series.climatology
    assert torch.equal(
        calm.samples["train"].batch(torch.arange(500)).x, wild.samples["train"].batch(torch.arange(500)).x
    )
    assert not torch.equal(
        calm.samples["val"].batch(torch.arange(9)).x, wild.samples["val"].batch(torch.arange(9)).x
    )


def test_columns_are_scaled_as_scikit_learn_does_on_the_training_part(load):
    frame = weather(900)
    frame.loc[[3, 50], "p"] = np.nan
    data = load(frame, calendar=False)
    numbers = frame[["t", "p", "rain"]].to_numpy()
    scaler = StandardScaler().fit(numbers[:630])
    series = data.spec.series
    assert series.columns == series.measured == ("t", "p", "rain")
    assert series.means == pytest.approx(scaler.mean_)
    assert series.scales == pytest.approx(scaler.scale_)
    found = data.samples["train"].values
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, scaler.transform(numbers), rtol=1e-5, atol=1e-5)


def test_the_climatology_is_fitted_on_the_training_part_and_its_distance_is_a_column(load):
    frame = weather(2 * 366 * 12, "2h")
    data = load(frame)
    series = data.spec.series
    count = len(frame)
    train = count - round(0.2 * count) - round(0.1 * count)
    times = pd.to_datetime(frame["time"]).to_numpy("datetime64[us]")
    coefficients = fit_climatology(times[:train], frame["t"].to_numpy()[:train])
    assert series.climatology == (pytest.approx(coefficients),)
    distance = frame["t"].to_numpy() - seasons(times) @ coefficients
    place = series.columns.index("t beside the usual")
    found = data.samples["test"].values[:, place].numpy() * series.scales[place] + series.means[place]
    np.testing.assert_allclose(found, distance, atol=1e-3)


def test_all_splits_are_views_of_one_array(load):
    data = load(weather(600), limit_train_samples=50)
    pointers = {samples.values.untyped_storage().data_ptr() for samples in data.samples.values()}
    assert len(pointers) == 1


DAY, YEAR = ("sin of day", "cos of day"), ("sin of year", "cos of year")


@pytest.mark.parametrize(
    ("days", "added"),
    [
        (60, DAY),
        (500, DAY),  # the training part is shorter than a year
        (522, (*DAY, "t beside the usual")),
        (730, (*DAY, "t beside the usual")),
        (731, (*DAY, *YEAR, "t beside the usual")),
    ],
)
def test_the_season_is_a_column_with_two_years_and_its_usual_with_one_of_training(load, days, added):
    frame = weather(days * 4, "6h")
    assert load(frame).spec.series.columns == ("t", "p", "rain", *added)
    assert load(frame, calendar=False).spec.series.columns == ("t", "p", "rain")


def test_without_calendar_columns_there_is_still_a_climatology_to_compare_with(load):
    series = load(weather(600 * 4, "6h"), calendar=False).spec.series
    assert (series.calendar, len(series.climatology)) == ((), 1)


@pytest.mark.parametrize("step", ["12h", "24h", "7D"])
def test_steps_too_long_for_an_hour_of_the_day_make_no_column_of_rounding_errors(load, step):
    frame = weather(900, step)
    series = load(frame, input_days=14, horizon_days=7).spec.series
    assert min(series.scales) > 1e-3
    assert all(np.abs(coefficients).max() < 1e4 for coefficients in series.climatology)


def test_a_column_that_is_constant_in_training_does_not_explode_later(load):
    frame = weather(1000)
    frame["rain"], frame["p"] = 0.1, 0.0
    frame.loc[990:, ["rain", "p"]] = 0.2
    values = load(frame).samples["test"].values
    assert values.abs().max() < 100


@pytest.mark.parametrize("step_minutes", [None, 60, 30])
def test_steps_of_a_window_follow_from_the_days(load, step_minutes):
    series = load(
        weather(4000, "10min"), step_minutes=step_minutes, input_days=2, horizon_days=0.25
    ).spec.series
    minutes = step_minutes or 10
    assert series.step_minutes == minutes
    assert (series.input_steps, series.horizon_steps) == (2 * 1440 / minutes, 360 / minutes)


def test_a_window_has_at_least_a_step_of_each(load):
    series = load(weather(3000), input_days=0.001, horizon_days=0.001).spec.series
    assert (series.input_steps, series.horizon_steps) == (1, 1)


def test_columns_are_chosen_by_features_and_targets(load):
    frame = weather(600)
    assert load(frame, features=["rain"], calendar=False).spec.series.columns == ("t", "rain")
    assert load(frame, features=[], calendar=False).spec.series.columns == ("t",)
    series = load(frame, features=["t"], targets=["rain", "t"], calendar=False).spec.series
    assert series.columns == ("t", "rain")
    assert (series.targets, series.places) == (("rain", "t"), (1, 0))


def test_text_beside_the_features_does_not_disturb(load):
    frame = weather(600)
    frame["note"] = "dry"
    assert load(frame, features=["p"], calendar=False).spec.series.columns == ("t", "p")
    assert "note" not in load(frame).spec.series.columns
    frame.loc[9, "note"] = "wet"
    with pytest.raises(
        DataError, match=r"words, not numbers, are in: note; 'data\.drop=\[note\]' leaves it out"
    ):
        load(frame)


def test_an_unnamed_column_of_row_numbers_is_passed_over(load, tmp_path):
    frame = weather(600)
    frame.insert(0, "", range(600))
    assert load(frame, calendar=False).spec.series.columns == ("t", "p", "rain")


def test_several_targets_are_answered_in_their_order(load):
    data = load(weather(600), targets=["rain", "t"], calendar=False)
    samples = data.samples["test"]
    start = int(samples.starts[5])
    assert samples.y.shape == (len(samples), 12, 2)
    assert torch.equal(samples.y[5], samples.values[start + 24 : start + 36][:, [2, 0]])


def test_targets_are_scaled_inputs_that_come_later(load):
    frame = weather(600)
    data = load(frame)
    series, samples = data.spec.series, data.samples["val"]
    values = samples.y[:, :, 0].double().numpy() * series.scales[0] + series.means[0]
    later = frame["t"].to_numpy()[samples.starts.numpy()[:, None] + np.arange(24, 36)]
    np.testing.assert_allclose(values, later, atol=1e-5)


def test_training_windows_can_be_limited(load):
    frame = weather(600)
    every, few, again = load(frame), load(frame, limit_train_samples=40), load(frame, limit_train_samples=40)
    assert few.spec.sizes == every.spec.sizes | {"train": 40}
    chosen = few.samples["train"].starts
    assert torch.equal(chosen, again.samples["train"].starts)
    assert set(chosen.tolist()) < set(every.samples["train"].starts.tolist())
    assert few.spec.series == every.spec.series
    other = load(frame, limit_train_samples=40, seed=1)
    assert torch.equal(other.samples["train"].starts, chosen), "runs of other seeds are trained on the same"


def test_the_loaders_hand_out_every_window_once(load):
    data = load(weather(700), batch_size=32)
    for split, loader in (("train", data.train_dataloader()), ("test", data.test_dataloader())):
        ids = torch.cat([batch.ids for batch in loader])
        assert sorted(ids.tolist()) == list(range(data.spec.sizes[split]))
    assert max(len(batch.ids) for batch in data.train_dataloader()) == 32


def test_a_window_is_described_by_the_last_time_it_reads(load):
    frame = weather(600)
    data = load(frame)
    start = int(data.samples["test"].starts[3])
    assert data.describe("test", 3) == frame["time"][start + 23].replace(" ", "T")


def test_the_spec_says_what_was_read(load, tmp_path):
    spec = load(weather(600)).spec
    assert (spec.name, spec.kind, spec.task, spec.source) == ("series_csv", "features", "forecasting", "real")
    assert spec.input_size == len(spec.series.columns) == len(spec.series.means) == 5
    assert spec.path == str(tmp_path / "series.csv")


@pytest.mark.parametrize(("rows", "split"), [(10, "train"), (50, "train"), (110, "val")])
def test_a_split_shorter_than_what_it_forecasts_is_named(load, rows, split):
    with pytest.raises(
        DataError, match=rf"'{split}' has .* a window needs 36 \(24 to read, 12 to forecast\)"
    ):
        load(weather(rows))


@pytest.mark.parametrize("rows", [120, 300, 350])
def test_windows_of_a_split_shorter_than_one_read_what_is_before(load, rows, caplog):
    data = load(weather(rows))
    parts = {"val": (round(0.7 * rows), round(0.8 * rows)), "test": (round(0.8 * rows), rows)}
    for split, (begin, end) in parts.items():
        first = begin - 24 if end - begin < 36 else begin
        assert data.samples[split].starts.tolist() == list(range(first, end - 35))
        assert (f"'{split}'" in caplog.text) == (end - begin < 36)
    assert data.samples["train"].starts.tolist() == list(range(parts["val"][0] - 35))


def test_days_that_nobody_chose_become_few_steps_where_they_are_too_long(load, caplog):
    usual = {"input_days": 5.0, "horizon_days": 2.0}
    for rows, steps in ((1680, (120, 48)), (1660, (12, 1))):
        series = load(weather(rows), **usual).spec.series
        assert (series.input_steps, series.horizon_steps) == steps
    assert (
        "data.input_days=5 is too long for splits of 166 steps; data.input_steps=12 is taken" in caplog.text
    )
    chosen = load(weather(500), horizon_days=2.0, input_days=4.0).spec.series
    assert (chosen.input_steps, chosen.horizon_steps) == (96, 1)


def test_a_split_without_a_whole_window_is_named(load):
    frame = weather(1000)
    frame.loc[700:800:20, "rain"] = np.nan
    with pytest.raises(
        DataError, match="'val' has 100 steps of 60 minutes, 95 of them without a missing value"
    ):
        load(frame)


def test_a_column_without_any_value_is_an_error_without_warnings_of_numpy(load):
    frame = weather(600)
    frame["rain"] = np.nan
    with pytest.raises(DataError, match="column 'rain' has no value in 'train'"):
        load(frame)


@pytest.mark.parametrize("target", ["time", "snow"])
def test_a_target_that_cannot_be_forecast_is_named(load, target):
    with pytest.raises(DataError, match=f"'{target}'"):
        load(weather(600), targets=[target])


def test_the_times_of_the_splits_are_logged(load, caplog):
    caplog.set_level(logging.INFO, logger="seqlab")
    load(weather(1000, start="2020-01-01"))
    assert "train: 2020-01-01T00:00:00 to 2020-01-30T03:00:00" in caplog.text
    assert "test: 2020-02-03T08:00:00 to 2020-02-11T15:00:00" in caplog.text


def test_another_table_is_scaled_by_what_training_knew(load, tmp_path):
    data = load(weather(2 * 366 * 12, "2h"))
    grid = read_grid(
        data.dataset,
        data.dataset.open(data.dataset.find()),
        data.spec.series.measured,
        step_of(data.spec.series),
    )
    torch.testing.assert_close(scaled(grid, data.spec.series), data.samples["train"].values, rtol=0, atol=0)
    part = type(grid)(grid.step, grid.times[50:90], grid.values[50:90] * 1.0, grid.columns)
    torch.testing.assert_close(
        scaled(part, data.spec.series), data.samples["train"].values[50:90], rtol=0, atol=0
    )
