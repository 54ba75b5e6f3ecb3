"""What a cell reads beside x, out of the columns and times of a series."""

# ruff: noqa: PD011 (these are the values of windows)

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import JenaClimate, Series
from seqlab.data.series.step import Averaging, Duration, Uneven, step_named
from seqlab.data.spec import read_spec
from seqlab.errors import DataError
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn.parts import InputSpec

COUNT, READ, ASKED = 300, 12, 2
SETTINGS = {"targets": ["a"], "input_steps": READ, "horizon_steps": ASKED, "calendar": False}


def uneven() -> pd.DataFrame:
    """Return rows at any times, of which some lack a number."""
    random = np.random.default_rng(0)
    seconds = np.cumsum(random.integers(1, 5000, COUNT))
    numbers = random.normal(size=(COUNT, 2)).round(3)
    numbers[::7, 1] = np.nan
    begins = (random.random(COUNT) < 0.1).astype(int)
    times = (pd.Timestamp("2020-01-01") + pd.to_timedelta(seconds, "s")).astype(str)
    return pd.DataFrame({"time": times, "a": numbers[:, 0], "b": numbers[:, 1], "start": begins})


def data_of(folder, frame, **settings):
    frame.to_csv(folder / "mine.csv", index=False)
    return Series(path=str(folder / "mine.csv"), **(SETTINGS | settings))


def hourly() -> pd.DataFrame:
    """Return the same numbers at every hour."""
    return uneven().assign(time=pd.date_range("2020-01-01", periods=COUNT, freq="h").astype(str))


SOURCES = {"dt": "diff:time", "mask": "mask", "reset": "start"}


def test_they_are_the_last_columns_in_training_and_prediction(tmp_path):
    frame = uneven()
    data = data_of(tmp_path, frame, side_inputs=SOURCES)
    spec, samples, _ = data.load()
    assert spec.series.columns == ("a", "b", "x.dt", "x.mask a", "x.mask b", "x.reset")
    assert spec.side_inputs == {"dt": 1, "mask": 2, "reset": 1}
    assert read_spec(spec.as_dict()).fits()
    train = frame[: int(COUNT * 0.7)]
    seconds = pd.to_datetime(frame["time"]).diff().dt.total_seconds()
    seconds[0] = seconds[1]
    np.testing.assert_allclose(spec.series.means, [train["a"].mean(), train["b"].mean(), 0, 0, 0, 0])
    stds = train["a"].std(ddof=0), train["b"].std(ddof=0)
    np.testing.assert_allclose(spec.series.scales, [*stds, seconds[: len(train)].mean(), 1, 1, 1])
    expected = np.column_stack(
        [seconds / spec.series.scales[2], frame["a"].notna(), frame["b"].notna(), frame["start"]]
    )
    found = samples["test"].batch(torch.tensor([5, 6]))
    first = int(samples["test"].starts[5])
    for row, begin in enumerate((first, first + 1)):
        of_window = expected[begin : begin + READ].copy()
        of_window[0, 0] = 1
        np.testing.assert_allclose(found.x[row, :, 2:], of_window, rtol=1e-6)
    frame[: first + READ].to_csv(tmp_path / "latest.csv", index=False)
    asked = spec.unlabelled(data, [], tmp_path / "latest.csv")
    torch.testing.assert_close(spec.scaled(asked.samples.batch(torch.tensor([0])).x), found.x[:1])
    last = frame["time"][first + READ - 1].replace(" ", "T")
    assert asked.names[0].times == [f"{last} + 1 rows", f"{last} + 2 rows"]


def test_a_window_tells_the_same_whatever_is_before_it(tmp_path):
    frame = uneven().assign(b=1.0)
    spec, samples, _ = data_of(tmp_path, frame, side_inputs=SOURCES).load()
    first = int(samples["test"].starts[9])
    latest = tmp_path / "latest.csv"
    frame[first : first + READ].to_csv(latest, index=False)
    asked = spec.unlabelled(data_of(tmp_path, frame, side_inputs=SOURCES), [], latest)
    found = spec.scaled(asked.samples.batch(torch.tensor([0])).x)
    torch.testing.assert_close(found, samples["test"].batch(torch.tensor([9])).x)


def test_with_a_mask_all_gaps_are_bridged_in_inputs_and_told(tmp_path):
    frame = hourly()
    frame.loc[40:60, "a"] = np.nan
    frame = frame.drop(columns="start").drop(index=range(100, 120))
    spec, samples, _ = data_of(tmp_path, frame, side_inputs={"mask": "mask"}).load()
    assert spec.series.columns == ("a", "b", "x.mask a", "x.mask b")
    whole = frame.set_index(pd.to_datetime(frame["time"])).drop(columns="time").asfreq("h")
    found = samples["train"].values.double().numpy() * spec.series.scales + spec.series.means
    np.testing.assert_allclose(found[1:, :2], whole.ffill()[1:], atol=1e-6)
    np.testing.assert_array_equal(found[:, 2:], whole.notna())
    np.testing.assert_allclose(spec.series.means[:2], whole[: int(COUNT * 0.7)].mean())
    assert not set(samples["train"].starts.tolist()) & set(range(100 - READ - ASKED + 1, 120 - READ))


def test_a_mask_tells_of_what_is_derived_too(tmp_path):
    times = pd.date_range("2020-01-01", periods=3 * 366, freq="D").astype(str)
    frame = pd.DataFrame({"time": times, "a": np.arange(len(times)) % 30 / 30})
    frame.loc[100, "a"] = np.nan
    spec, samples, _ = data_of(tmp_path, frame, side_inputs={"mask": "mask"}, calendar=True).load()
    names = ["a", "sin of year", "cos of year", "a beside the usual"]
    assert list(spec.series.columns) == names + [f"x.mask {name}" for name in names]
    np.testing.assert_array_equal(samples["train"].values[99:102, 4:], [[1] * 4, [0, 1, 1, 0], [1] * 4])


def test_intervals_are_within_each_series(tmp_path):
    frame = uneven().assign(b=0.5)
    both = pd.concat(
        [frame.assign(id="p"), frame.assign(id="q", time=frame["time"].str.replace("2020", "2021"))]
    )
    spec, samples, _ = data_of(tmp_path, both, side_inputs={"dt": "diff:time"}, series_id="id").load()
    place = spec.series.columns.index("x.dt")
    found = samples["train"].values[:, place].reshape(2, COUNT)
    torch.testing.assert_close(found[0], found[1])
    assert spec.series.intervals == [place]


def test_an_average_without_a_row_is_no_step(tmp_path):
    times = pd.date_range("2020-01-01", periods=2000, freq="10min")
    numbers = np.random.default_rng(0).normal(size=len(times))
    frame = pd.DataFrame({"Date Time": times.strftime("%d.%m.%Y %H:%M:%S"), "T (degC)": numbers})
    frame = frame.drop(index=range(600, 630))
    frame.to_csv(tmp_path / "jena_climate_mine.csv", index=False)
    settings = {"input_steps": 12, "horizon_steps": 2, "side_inputs": {"dt": "diff:Date Time"}}
    spec, samples, _ = JenaClimate(root=str(tmp_path), **settings).load()
    assert spec.series.step == "3600000000 us averaged uneven"
    dt = samples["train"].values[:, -1].double().numpy() * spec.series.scales[-1]
    hours = 3600 * np.ones(len(dt))
    hours[100] = 6 * 3600  # those of rows 600 to 629 are left out
    np.testing.assert_allclose(dt[1:], hours[1:], rtol=1e-6)
    assert samples["train"].times[100] == np.datetime64("2020-01-01") + np.timedelta64(105, "h")


@pytest.mark.parametrize("step", [Uneven(Duration(7)), Uneven(Averaging(3_600_000_000))])
def test_a_step_of_any_length_is_read_again_by_its_name(step):
    assert step_named(step.name) == step


@pytest.mark.parametrize(
    ("cell", "sources"),
    [
        ("ltc", {"dt": "diff:time"}),
        ("cfc", {"dt": "diff:time"}),
        ("phased_lstm", {"dt": "diff:time"}),
        ("gru_d", {"mask": "mask"}),
    ],
)
def test_cells_that_read_them_are_given_them(tmp_path, cell, sources):
    data = data_of(tmp_path, hourly(), side_inputs=sources, fill_gaps=1)
    spec, samples, _ = data.load()
    torch.manual_seed(0)
    model = SequenceModel(InputSpec.of(spec.as_dict()), cell=cell, hidden_size=4)
    batch = samples["train"].batch(torch.arange(3))
    place = spec.series.width
    changed = batch.x.clone()
    changed[:, 5, place] = 0.5 - changed[:, 5, place]
    assert not torch.equal(model(batch.x, batch.lengths), model(changed, batch.lengths))


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"dt": "diff:when"}, r"no column 'when'"),
        ({"reset": "b"}, r"2020-01-01T\S+: 'b' is missing; data.side_inputs needs it at every step"),
        ({"dt": "diff:start"}, r"2020-01-01T\S+: 'start' goes back; sort the rows of a series by it"),
    ],
)
def test_what_is_no_side_input_is_told_in_one_line(tmp_path, sources, message):
    with pytest.raises(DataError, match=message) as raised:
        data_of(tmp_path, hourly(), side_inputs=sources).load()
    assert len(str(raised.value).splitlines()) == 1


def test_a_target_is_no_side_input(tmp_path):
    with pytest.raises(ValueError, match="'a' is in side_inputs, and is named elsewhere too"):
        data_of(tmp_path, uneven(), side_inputs={"dt": "a"})
