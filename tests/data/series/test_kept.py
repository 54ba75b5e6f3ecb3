"""A large file is read once: the next run takes what was read from the cache, with what was said of it."""

import numpy as np
import pandas as pd
import pytest

from seqlab.data.series import kept as module
from seqlab.data.series import prepare
from seqlab.data.series_csv import SeriesCSV

WINDOW = {"targets": ["x"], "input_steps": 3, "horizon_steps": 1, "calendar": False, "series_id": ["shop"]}


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Return a function that loads two series of a file, and says whether it was read."""
    monkeypatch.setattr(module, "LARGE", 0)
    times = pd.date_range("2020-01-01", periods=60, freq="h").astype(str)
    shops = [pd.DataFrame({"time": times, "shop": shop, "kind": shop * 2, "x": range(60)}) for shop in "ab"]
    pd.concat(shops).replace({"x": {7: None}}).to_csv(tmp_path / "shops.csv", index=False)
    read, reads = prepare.read_measured, []

    def counted(*given: object, **others: object) -> object:
        reads.append(given)
        return read(*given, **others)

    monkeypatch.setattr(prepare, "read_measured", counted)

    def load(path: str = "shops.csv", **settings: object) -> tuple[object, bool]:
        reads.clear()
        data = SeriesCSV(path=str(tmp_path / path), **WINDOW, static=["kind"], **settings)
        return data.load(), bool(reads)

    return load


def test_what_was_read_is_taken_from_the_cache_with_its_warnings(loaded, caplog, tmp_path):
    first, is_read = loaded()
    said = [record.getMessage() for record in caplog.records]
    assert is_read
    caplog.clear()
    (tmp_path / "shops.csv").rename(tmp_path / "moved.csv")
    again, is_read = loaded("moved.csv")
    assert not is_read
    assert again.spec.series == first.spec.series
    np.testing.assert_array_equal(again.samples["train"].values, first.samples["train"].values)
    assert [record.getMessage() for record in caplog.records] == [
        line.replace("shops.csv", "moved.csv") for line in said
    ]
    assert any("values are missing" in line for line in said)


@pytest.mark.parametrize("settings", [{"sentinels": [3]}, {"missing": ["3"]}, {"duplicates": "first"}])
def test_other_settings_are_another_reading(settings, loaded):
    loaded()
    assert loaded(**settings)[1]


def test_another_content_is_read_and_a_small_file_always(loaded, tmp_path, monkeypatch):
    loaded()
    path = tmp_path / "shops.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",9\n", ",9.5\n"), encoding="utf-8")
    assert loaded()[1]
    monkeypatch.setattr(module, "LARGE", 2**20)
    assert loaded()[1]
