"""Columns that are known ahead: what a network reads of the horizon, and what it never does."""

# ruff: noqa: PD011 (these are the values of windows)

import sys

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import JenaClimate, Series, read_spec
from seqlab.errors import ConfigError, DataError

COUNT, READ, ASKED = 300, 12, 3
SETTINGS = {"targets": ["a"], "input_steps": READ, "horizon_steps": ASKED, "calendar": False}
KNOWN = ["price", "holiday"]


def frame_of(freq: str = "h") -> pd.DataFrame:
    random = np.random.default_rng(0)
    numbers = random.normal(size=(COUNT, 3)).round(3)
    times = pd.date_range("2020-01-01", periods=COUNT, freq=freq).astype(str)
    holiday = (random.random(COUNT) < 0.2).astype(int)
    return pd.DataFrame(
        {"time": times, **dict(zip("ab", numbers.T, strict=False)), "price": numbers[:, 2]}
    ).assign(holiday=holiday)


def data_of(folder, frame, **settings):
    frame.to_csv(folder / "mine.csv", index=False)
    return Series(path=str(folder / "mine.csv"), **(SETTINGS | {"known": KNOWN} | settings))


def written(folder, frame, name="part.csv"):
    frame.to_csv(folder / name, index=False)
    return folder / name


def asked(spec, data, latest, future):
    found = spec.unlabelled(data.with_known(future), [], latest)
    return spec.scaled(found.samples.batch(torch.arange(len(found.samples))).x), found.names


@pytest.mark.parametrize("freq", ["h", "B", "MS", None])
def test_at_every_step_the_next_values_are_read_in_training_and_prediction(tmp_path, freq):
    frame = frame_of(freq or "h")
    data = data_of(tmp_path, frame, **({} if freq else {"time": None, "drop": ["time"]}))
    spec, samples, _ = data.load()
    ahead = [f"{name} +{step}" for name in KNOWN for step in (1, 2, 3)]
    assert spec.series.columns == ("a", "b", *KNOWN, *ahead)
    assert read_spec(spec.as_dict()).fits()
    window = len(samples["test"]) - 1
    first = int(samples["test"].starts[window])
    x = samples["test"].batch(torch.tensor([window])).x
    found = x[0].double().numpy() * spec.series.scales + spec.series.means
    lagged = [frame[name].shift(-step) for name in KNOWN for step in (1, 2, 3)]
    expected = pd.concat([frame[["a", "b", *KNOWN]], *lagged], axis=1)[first : first + READ]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    end = first + READ
    latest = written(tmp_path, frame[:end])
    future = written(tmp_path, frame[end:].drop(columns=["a", "b"]) if freq else frame[end:], "future.csv")
    read, names = asked(spec, data, latest, future)
    torch.testing.assert_close(read, x)
    if freq:
        assert [time[:10] for time in names[0].times] == [time[:10] for time in frame["time"][end:]]


SIDES = {"dt": "diff:time", "mask": "mask", "reset": "start"}


def begun(frame):
    """Return a table with a column that is 1 where a state is to start anew."""
    return frame.assign(start=(np.random.default_rng(1).random(COUNT) < 0.1).astype(int))


def test_side_inputs_are_read_beside_it_as_they_are_alone(tmp_path):
    frame = begun(frame_of())
    minutes = np.cumsum(np.random.default_rng(2).integers(1, 90, COUNT))
    frame["time"] = (pd.Timestamp("2020-01-01") + pd.to_timedelta(minutes, "min")).astype(str)
    frame.loc[::7, "b"] = np.nan
    frame.loc[: COUNT - 6 : 5, "price"] = np.nan
    data = data_of(tmp_path, frame, side_inputs=SIDES)
    spec, samples, _ = data.load()
    read = ["a", "b", *KNOWN, *(f"{name} +{step}" for name in KNOWN for step in (1, 2, 3))]
    assert list(spec.series.columns) == [*read, "x.dt", *(f"x.mask {name}" for name in read), "x.reset"]
    assert spec.side_inputs == {"dt": 1, "mask": len(read), "reset": 1}
    assert read_spec(spec.as_dict()).fits()
    plain = frame[["a", "b", *KNOWN]]
    x, mask = (
        np.column_stack([one, *(one[name].shift(-step) for name in KNOWN for step in (1, 2, 3))])
        for one in (plain.ffill(), plain.notna().astype(float))
    )
    seconds = pd.to_datetime(frame["time"]).diff().dt.total_seconds()
    expected = np.column_stack([x, seconds, mask, frame["start"]])
    for window in (0, len(samples["test"]) - 1):
        first = int(samples["test"].starts[window])
        end = first + READ
        of_window = expected[first:end].copy()
        of_window[0, len(read)] = spec.series.scales[len(read)]
        x = samples["test"].batch(torch.tensor([window])).x
        np.testing.assert_allclose(
            x[0].double().numpy() * spec.series.scales + spec.series.means, of_window, rtol=1e-5, atol=1e-5
        )
    future = frame[end:].drop(columns=["a", "b", "start"])
    latest, future = written(tmp_path, frame[:end]), written(tmp_path, future, "future.csv")
    found, names = asked(spec, data, latest, future)
    torch.testing.assert_close(found, x)
    last = frame["time"][end - 1].replace(" ", "T")
    assert names[0].times == [f"{last} + {number} rows" for number in (1, 2, 3)]
    with pytest.raises(DataError, match=rf"no row of {last} \+ 2 rows; give the 3 steps that follow {last}"):
        asked(spec, data, latest, written(tmp_path, frame[end - 1 : end + 1], "future.csv"))


@pytest.mark.parametrize(
    "settings",
    [{}, {"fill_gaps": 4}, {"side_inputs": SIDES}, {"side_inputs": {"dt": "diff:clock"}, "fill_gaps": 4}],
)
def test_what_is_not_known_ahead_never_reaches_a_forecast(tmp_path, settings):
    frame = begun(frame_of()).assign(clock=np.arange(COUNT) ** 1.5)
    end = 280
    if settings:
        frame.loc[end - 2 : end + 1, "b"] = np.nan
    changed = frame.copy()
    changed.loc[end:, "a"] += 100
    changed.loc[end + 2 :, "b"] = 9.0
    changed.loc[end:, "clock"] += 7.0
    changed.loc[end:, "start"] = 1 - changed["start"]
    if settings.get("side_inputs") == SIDES:  # rows are steps, however far apart
        changed.loc[end:, "time"] = changed["time"].str.replace("2020", "2021")
    inputs = []
    for one in (frame, changed):
        _, samples, _ = data_of(tmp_path, one, **settings).load()
        test = samples["test"]
        (window,) = np.flatnonzero(test.starts.numpy() == end - READ)
        inputs.append(test.batch(torch.tensor([int(window)])).x)
    assert torch.equal(*inputs)
    _, samples, _ = data_of(
        tmp_path, frame.assign(price=frame["price"] + (frame.index == end)), **settings
    ).load()
    assert not torch.equal(samples["test"].batch(torch.tensor([int(window)])).x, inputs[0])


def test_a_window_needs_what_is_known_in_its_horizon(tmp_path):
    frame = frame_of()
    frame.loc[100:110, "price"] = np.nan
    _, samples, _ = data_of(tmp_path, frame, fill_gaps=3).load()
    starts = set(samples["train"].starts.tolist())
    assert not starts & set(range(100 - READ - ASKED + 1, 111))
    assert {100 - READ - ASKED, 111} <= starts


def test_each_series_has_its_own_future_and_scale(tmp_path):
    one = frame_of()
    both = pd.concat([one.assign(id="p"), one.assign(id="q", a=one["a"] * 10, price=one["price"] * 100)])
    data = data_of(tmp_path, both, series_id="id", scaling="series")
    spec, samples, _ = data.load()
    end = COUNT - ASKED
    latest = written(tmp_path, both[both.index < end])
    future = written(tmp_path, both[both.index >= end].iloc[::-1].drop(columns=["a", "b"]), "future.csv")
    read, names = asked(spec, data, latest, future)
    assert [name.series for name in names] == ["p", "q"]
    counts = len(samples["test"]) // 2
    torch.testing.assert_close(read, samples["test"].batch(torch.tensor([counts - 1, 2 * counts - 1])).x)


@pytest.mark.parametrize("side_inputs", [{}, {"dt": "diff:Date Time"}])
def test_what_is_known_is_averaged_as_the_series_is(tmp_path, side_inputs):
    times = pd.date_range("2020-01-01", periods=2400, freq="10min")
    numbers = np.random.default_rng(0).normal(size=(len(times), 2))
    frame = pd.DataFrame({"Date Time": times.strftime("%d.%m.%Y %H:%M:%S"), "T (degC)": numbers[:, 0]})
    frame["rain"] = numbers[:, 1]
    missing = 6 if side_inputs else 0  # rows of an hour that is no step then
    frame = frame.drop(index=range(2388, 2388 + missing))
    written(tmp_path, frame, "jena_climate_mine.csv")
    settings = {"input_steps": READ, "horizon_steps": ASKED, "known": ["rain"], "side_inputs": side_inputs}
    data = JenaClimate(root=str(tmp_path), **settings)
    spec, samples, _ = data.load()
    end = 2400 - 6 * ASKED - missing
    latest, future = written(tmp_path, frame[:end]), written(tmp_path, frame[end:], "future.csv")
    read, _ = asked(spec, data, latest, future)
    torch.testing.assert_close(read, samples["test"].batch(torch.tensor([len(samples["test"]) - 1])).x)


def holed(frame):
    return frame.assign(price=frame["price"].where(frame.index != COUNT - 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda frame: frame.iloc[:-1],
            r"future.csv: no row of 2020-01-13T11:00:00; give the 3 steps that foll",
        ),
        (
            lambda frame: frame.iloc[1:],
            r"no row of 2020-01-13T09:00:00; .*follow 2020-01-13T08:00:00, the last",
        ),
        (holed, r"future.csv: 'price' is missing at 2020-01-13T10:00:00; fill it"),
        (lambda frame: frame.drop(columns="price"), "has no column 'price'"),
    ],
)
def test_what_is_missing_of_the_future_is_told_in_one_line(tmp_path, change, message):
    frame = frame_of()
    data = data_of(tmp_path, frame)
    spec = data.load().spec
    latest = written(tmp_path, frame[: COUNT - ASKED])
    future = written(tmp_path, change(frame[COUNT - ASKED :]), "future.csv")
    with pytest.raises(DataError, match=message) as raised:
        asked(spec, data, latest, future)
    assert len(str(raised.value).splitlines()) == 1
    with pytest.raises(
        DataError, match="reads price, holiday of the 3 steps ahead: give them with --known FILE"
    ):
        spec.unlabelled(data, [], latest)


def test_settings_that_do_not_suit_are_refused(tmp_path):
    frame = frame_of()
    with pytest.raises(ValueError, match="'a' is in known, and is named elsewhere too"):
        data_of(tmp_path, frame, known=["a"])
    with pytest.raises(ValueError, match="'price' is in known, and is named elsewhere too"):
        data_of(tmp_path, frame, side_inputs={"dt": "price"})
    with pytest.raises(ValueError, match=r"holidays follow .* with side_inputs diff:time nobody knows them"):
        data_of(tmp_path, frame, holidays="DE", side_inputs={"dt": "diff:time"})
    with pytest.raises(DataError, match="no column 'prize'"):
        data_of(tmp_path, frame, known=["prize"]).load()
    with pytest.raises(ConfigError, match=r"--known is for runs with data\.known"):
        data_of(tmp_path, frame, known=[]).with_known(tmp_path / "future.csv")


@pytest.fixture
def holidays():
    """Return the library of public holidays."""
    return pytest.importorskip("holidays", reason="needs holidays: pip install 'seqlab[holidays]'")


def test_public_holidays_follow_from_the_times(tmp_path, holidays):
    german = holidays.country_holidays("DE", subdiv="BY")
    frame = frame_of("D")
    expected = [float(pd.Timestamp(day).date() in german) for day in frame["time"]]
    assert 5 < sum(expected) < 20
    data = data_of(tmp_path, frame, known=["price"], holidays="DE-BY", fill_gaps=2)
    spec, samples, _ = data.load()
    assert spec.series.known == ("price", "public holiday")
    place = spec.series.columns.index("public holiday")
    train = samples["train"]
    found = train.values[:, place].double().numpy() * spec.series.scales[place] + spec.series.means[place]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    end = COUNT - ASKED
    latest, future = written(tmp_path, frame[:end]), written(tmp_path, frame[end:], "future.csv")
    read, _ = asked(spec, data, latest, future)
    torch.testing.assert_close(read, samples["test"].batch(torch.tensor([len(samples["test"]) - 1])).x)


def test_one_row_that_is_known_ahead_is_of_the_time_zone_of_the_series(tmp_path):
    frame = frame_of()
    data = data_of(tmp_path, frame, horizon_steps=1, timezone="Europe/Berlin")
    spec = data.load().spec
    latest, future = written(tmp_path, frame[:-1]), written(tmp_path, frame[-1:], "future.csv")
    read, _ = asked(spec, data, latest, future)
    last = frame[KNOWN].iloc[-1].to_numpy(float)
    found = read[0, -1, -2:].double().numpy() * spec.series.scales[-2:] + spec.series.means[-2:]
    np.testing.assert_allclose(found, last, atol=1e-5)


def test_public_holidays_alone_need_no_file(tmp_path, holidays):
    frame = frame_of("D")
    data = data_of(tmp_path, frame, known=[], holidays="CN", timezone="Asia/Shanghai")
    spec, samples, _ = data.load()
    found = spec.unlabelled(data, [], written(tmp_path, frame[: COUNT - ASKED]))
    read = spec.scaled(found.samples.batch(torch.tensor([0])).x)
    torch.testing.assert_close(read, samples["test"].batch(torch.tensor([len(samples["test"]) - 1])).x)


def test_holidays_that_nobody_knows_are_told_in_one_line(tmp_path, holidays):
    frame = frame_of()
    for country in ("XX", "DE-QQ"):
        with pytest.raises(ConfigError, match=f"data.holidays={country}: .*; examples are DE, DE-BY, CN"):
            data_of(tmp_path, frame, holidays=country).load()
    with pytest.raises(DataError, match="the rows have no times, and so no holidays"):
        data_of(tmp_path, frame, holidays="DE", time=None, drop=["time"]).load()


def test_holidays_without_the_library_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ConfigError, match=r"data.holidays needs holidays: pip install 'seqlab\[holidays\]'"):
        data_of(tmp_path, frame_of(), holidays="DE").load()
