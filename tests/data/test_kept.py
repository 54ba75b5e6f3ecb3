"""What was made of a large file comes from the cache the next time, with what was said of it."""

import logging

import pandas as pd
import pytest

from seqlab.data import kept as module
from seqlab.data.series import prepared
from seqlab.data.series_csv import Series
from seqlab.errors import DataError

WINDOW = {"targets": ["x"], "input_steps": 3, "horizon_steps": 1, "calendar": False, "series_id": ["shop"]}


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Return a function that loads two series of a file, and says what was not in the cache."""
    monkeypatch.setattr(module, "LARGE", 0)
    times = pd.date_range("2020-01-01", periods=60, freq="h").astype(str)
    shops = [pd.DataFrame({"time": times, "shop": shop, "kind": shop * 2, "x": range(60)}) for shop in "ab"]
    pd.concat(shops).replace({"x": {7: None}}).to_csv(tmp_path / "shops.csv", index=False)
    made = []
    for name in ("read_measured", "resample"):
        monkeypatch.setattr(prepared, name, _noted(getattr(prepared, name), made))

    def load(path: str = "shops.csv", **settings: object) -> tuple[object, list[str]]:
        made.clear()
        data = Series(path=str(tmp_path / path), **{**WINDOW, "static": ["kind"], **settings})
        return data.load(), [*made]

    return load


def _noted(function, made):
    def noted(*given: object, **others: object) -> object:
        made.append(function.__name__)
        return function(*given, **others)

    return noted


def contents(loaded):
    """Return all numbers of all windows, and where these begin."""
    values = {split: samples.values for split, samples in loaded.samples.items()}  # noqa: PD011 (a tensor)
    return [
        (split, found.numpy().tobytes(), loaded.samples[split].starts.tolist())
        for split, found in values.items()
    ]


EVERYTHING = ["read_measured", "resample"]


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_a_series_is_taken_from_the_cache_with_all_that_was_said(loaded, caplog, tmp_path, level):
    caplog.set_level(level)
    first, made = loaded()
    said = [record.getMessage() for record in caplog.records]
    assert made == EVERYTHING
    caplog.set_level(logging.INFO)
    caplog.clear()
    (tmp_path / "shops.csv").rename(tmp_path / "moved.csv")
    again, made = loaded("moved.csv")
    assert not made
    assert again.spec.series == first.spec.series
    assert contents(again) == contents(first)
    heard = [record.getMessage() for record in caplog.records if record.levelno >= level]
    assert heard == [line.replace("shops.csv", "moved.csv") for line in said]
    assert any("values are missing" in line for line in said)
    assert any("a step is" in record.getMessage() for record in caplog.records)


def test_it_equals_what_is_made_without_the_cache(loaded, monkeypatch):
    kept = loaded(fill_gaps=2)[0]
    monkeypatch.setattr(module, "LARGE", 2**20)
    fresh = loaded(fill_gaps=2)[0]
    assert kept.spec == fresh.spec
    assert contents(kept) == contents(fresh)


@pytest.mark.parametrize(
    ("settings", "made"),
    [
        ({"input_steps": 5}, []),
        ({"batch_size": 3}, []),
        ({"val_share": 0.2}, ["resample"]),
        ({"scaling": "series"}, ["resample"]),
        ({"sentinels": [3]}, EVERYTHING),
        ({"missing": ["3"]}, EVERYTHING),
        ({"duplicates": "first"}, EVERYTHING),
    ],
)
def test_other_settings_make_anew_what_depends_on_them(settings, made, loaded):
    loaded()
    assert loaded(**settings)[1] == made


def test_a_class_of_ones_own_is_prepared_anew(loaded, tmp_path):
    loaded()

    class Doubled(Series):
        def transform(self, measured):
            return prepared.replace(measured, numbers=2 * measured.numbers)

    given = {"path": str(tmp_path / "shops.csv"), **WINDOW, "drop": ["kind"]}
    own, other = (cls(**given).load().spec.series.means[0] for cls in (Doubled, Series))
    assert own == pytest.approx(2 * other)


def test_damaged_files_are_made_again(loaded, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "cache"))
    before = contents(loaded()[0])
    (values,) = (tmp_path / "cache" / "prepared").glob("*/values.npy")
    torn = values.with_suffix(".torn")
    torn.write_bytes(values.read_bytes()[:-8])
    torn.replace(values)
    again, made = loaded()
    assert made == ["resample"]
    assert "damaged" in caplog.text
    assert contents(again) == before


def test_what_was_said_comes_before_an_error(loaded, caplog):
    with pytest.raises(DataError, match="'val' has no series"):
        loaded(split="series")
    assert "values are missing" in caplog.text


def test_another_content_is_read_and_a_small_file_always(loaded, tmp_path, monkeypatch):
    loaded()
    path = tmp_path / "shops.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",9\n", ",9.5\n"), encoding="utf-8")
    assert loaded()[1] == EVERYTHING
    monkeypatch.setattr(module, "LARGE", 2**20)
    assert loaded()[1] == EVERYTHING
