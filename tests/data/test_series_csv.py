"""series_csv: a series of one's own, however it is written."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import SequenceData, Series
from seqlab.data.series.step import step_named
from seqlab.errors import DataError

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return forty days of hours."""
    random = np.random.default_rng(0)
    when = pd.date_range("2021-02-20", periods=960, freq="h")
    return pd.DataFrame({"when": when, "load": random.normal(size=960), "größe": random.random(960)})


def load(path: Path, **settings) -> SequenceData:
    usual = {"time": "when", "targets": ["load"], "input_days": 1.0, "horizon_days": 0.5}
    data = SequenceData(Series(path=str(path), **(usual | settings)))
    data.setup()
    return data


@pytest.fixture
def plain(frame, tmp_path) -> SequenceData:
    frame.to_csv(tmp_path / "plain.csv", index=False)
    return load(tmp_path / "plain.csv")


def assert_same(data: SequenceData, other: SequenceData) -> None:
    assert data.spec.series == other.spec.series
    assert data.spec.sizes == other.spec.sizes
    np.testing.assert_array_equal(data.samples["test"].times, other.samples["test"].times)
    torch.testing.assert_close(data.samples["test"].values, other.samples["test"].values, rtol=0, atol=0)


@pytest.mark.product(3)
@pytest.mark.parametrize("name", ["comma", "semicolon", "tab", "pipe"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "gb18030"])
def test_separators_and_encodings(frame, plain, tmp_path, name, encoding):
    frame = frame.rename(columns={"größe": "gr"}) if encoding == "gb18030" else frame
    file = tmp_path / "mine.csv"
    frame.to_csv(file, index=False, sep=SEPARATORS[name], encoding=encoding)
    found = load(file, separator=name, encoding=encoding.removesuffix("-sig"))
    torch.testing.assert_close(found.samples["test"].values, plain.samples["test"].values, rtol=0, atol=0)
    assert found.spec.series.columns[1] in ("größe", "gr")


@pytest.mark.parametrize("format_", ["%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y%m%d%H%M%S", "%d-%b-%y %Hh"])
def test_time_formats(frame, plain, tmp_path, format_):
    file = tmp_path / "mine.csv"
    frame.assign(when=frame["when"].dt.strftime(format_)).to_csv(file, index=False)
    assert_same(load(file, time_format=format_), plain)


def test_a_time_in_another_format_names_the_cell_and_the_setting(frame, tmp_path):
    file = tmp_path / "mine.csv"
    frame.assign(when=frame["when"].dt.strftime("%d.%m.%Y %H:%M")).to_csv(file, index=False)
    with pytest.raises(DataError, match=r"line 2: column 'when' is '20\.02\.2021 00:00'.*data\.time_format"):
        load(file)
    with pytest.raises(DataError, match=r"line 2: .* no time like %Y/%m; .*data\.time_format"):
        load(file, time_format="%Y/%m")


def test_a_zip_of_one_csv(frame, plain, tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.write(tmp_path / "plain.csv", "inside/plain.csv")
        archive.writestr("README.md", "about it")
    packed = load(tmp_path / "mine.zip")
    assert_same(packed, plain)
    assert packed.spec.sha256 == plain.spec.sha256


def test_order_and_repetition_of_rows_change_nothing(frame, plain, tmp_path):
    file = tmp_path / "mine.csv"
    shuffled = pd.concat([frame.sample(frac=1, random_state=0), frame[50:60]])
    shuffled.to_csv(file, index=False)
    assert_same(load(file), plain)


def test_columns_that_are_quoted_or_padded(frame, plain, tmp_path):
    file = tmp_path / "mine.csv"
    frame.rename(columns={"load": " load "}).to_csv(file, index=False, quoting=1, lineterminator="\r\n")
    assert_same(load(file), plain)


def test_the_hash_changes_with_the_file(frame, plain, tmp_path):
    frame.loc[3, "load"] += 1
    frame.to_csv(tmp_path / "mine.csv", index=False)
    assert load(tmp_path / "mine.csv").spec.sha256 != plain.spec.sha256


def test_a_tilde_and_a_missing_file(frame, plain, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert_same(load(Path("~/plain.csv")), plain)
    with pytest.raises(DataError, match=r"does not exist; set data\.path"):
        load(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="is a folder"):
        load(tmp_path)


def window_count(steps: int, window: int) -> dict[str, int]:
    """Return how many windows lie in each split of whole rows, by pandas."""
    test, val = round(0.2 * steps), round(0.1 * steps)
    rows = pd.Series(range(steps))
    parts = {"train": rows[: steps - test - val], "val": rows[steps - test - val : steps - test]}
    parts["test"] = rows[steps - test :]
    return {split: int(part.rolling(window).count().eq(window).sum()) for split, part in parts.items()}


def written(path: Path, times: object, count: int) -> pd.DataFrame:
    """Write a table of times and a column, and return it."""
    load = np.random.default_rng(0).normal(10, 3, count)
    frame = pd.DataFrame({"when": times, "load": load}) if times is not None else pd.DataFrame({"load": load})
    frame.to_csv(path / "mine.csv", index=False)
    return frame


def assert_rows_are_steps(data: SequenceData, frame: pd.DataFrame, window: int) -> None:
    assert data.spec.sizes == window_count(len(frame), window)
    series = data.spec.series
    scaled = data.samples["train"].values[:, 0]  # noqa: PD011 (of windows)
    values = scaled.numpy() * series.scales[0] + series.means[0]
    np.testing.assert_allclose(values, frame["load"], rtol=1e-5)


def test_months_are_steps_and_the_default_window_is_in_steps(tmp_path, caplog):
    months = pd.date_range("2000-01-01", periods=144, freq="MS")
    frame = written(tmp_path, months.strftime("%Y-%m"), 144)
    data = load(tmp_path / "mine.csv", input_days=5.0, horizon_days=2.0)
    assert (data.spec.series.input_steps, data.spec.series.horizon_steps) == (12, 1)
    assert_rows_are_steps(data, frame, 13)
    assert "data.input_steps=12 is taken" in caplog.text
    step = step_named(data.spec.series.step)
    assert step.after(data.samples["test"].times[-1], 1)[0] == np.datetime64("2012-01-01")


def test_sixty_business_days_are_sixty_rows_whatever_the_holidays(tmp_path):
    days = pd.date_range("2015-01-01", "2019-12-31", freq="B")
    holidays = [*days[70:75], *days[[130, 190, 191, 300, 520, 900]]]
    days = days.drop(holidays)
    frame = written(tmp_path, days.strftime("%Y-%m-%d"), len(days))
    for window in ({"input_days": 60, "horizon_days": 1}, {"input_steps": 60, "horizon_steps": 1}):
        assert_rows_are_steps(load(tmp_path / "mine.csv", **window), frame, 61)


def test_without_times_rows_are_steps(tmp_path):
    frame = written(tmp_path, None, 400)
    data = load(tmp_path / "mine.csv", time=None, input_steps=20, horizon_steps=5)
    assert_rows_are_steps(data, frame, 25)
    assert data.describe("test", 0) == "row 340"
    assert data.spec.series.calendar == ()


@pytest.mark.parametrize("unit", ["20ms", "250us"])
def test_rows_of_parts_of_a_second_are_all_steps(tmp_path, unit):
    times = pd.date_range("2020-01-01", periods=2000, freq=unit)
    frame = written(tmp_path, times.strftime("%Y-%m-%dT%H:%M:%S.%f"), 2000)
    data = load(tmp_path / "mine.csv", input_steps=50, horizon_steps=5)
    assert_rows_are_steps(data, frame, 55)


@pytest.mark.parametrize(("unit", "length"), [("unix", 1_000_000), ("unix_ms", 1000)])
def test_numbers_since_1970(frame, plain, tmp_path, unit, length):
    microseconds = frame["when"].to_numpy("datetime64[us]").astype(np.int64)
    frame.assign(when=microseconds // length).to_csv(tmp_path / "mine.csv", index=False)
    assert_same(load(tmp_path / "mine.csv", time_format=unit), plain)
    assert_same(load(tmp_path / "mine.csv"), plain)


def test_a_time_in_several_columns(frame, plain, tmp_path):
    when = frame["when"].dt
    parts = {"date": when.strftime("%d/%m/%Y"), "clock": when.strftime("%H.%M.%S")}
    frame.drop(columns="when").assign(**parts).to_csv(tmp_path / "mine.csv", index=False)
    assert_same(load(tmp_path / "mine.csv", time=["date", "clock"], time_format="%d/%m/%Y %H.%M.%S"), plain)
    numbers = {name: getattr(when, name) for name in ("year", "month", "day", "hour")}
    frame.drop(columns="when").assign(**numbers).to_csv(tmp_path / "mine.csv", index=False)
    assert_same(load(tmp_path / "mine.csv", time=list(numbers)), plain)
