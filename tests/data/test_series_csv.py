"""series_csv: a series of one's own, however it is written."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import SequenceData, SeriesCSV
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
    data = SequenceData(SeriesCSV(path=str(path), **(usual | settings)))
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
