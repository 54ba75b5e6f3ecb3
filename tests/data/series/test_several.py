"""Several series in one file: how each is split and scaled, and what is said where no id was named."""

# ruff: noqa: PD011 (these are the values of windows)

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import SequenceData, Series
from seqlab.data.series.several import series_ids
from seqlab.errors import DataError

READ, ASKED = 10, 3
LEVELS = {"A": (10, 1), "B": (1000, 50), "C": (-3, 0.1)}


def panel(count: int = 100, names: object = "ABC") -> pd.DataFrame:
    """Return series of other levels and lengths, one behind the other."""
    random = np.random.default_rng(0)
    frames = [
        pd.DataFrame(
            {
                "store": name,
                "date": pd.date_range("2020-01-01", periods=count + 20 * number, freq="D").astype(str),
                "sales": random.normal(*list(LEVELS.values())[number], count + 20 * number),
            }
        )
        for number, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)


def load(folder: Path, frame: pd.DataFrame, **settings: object) -> SequenceData:
    frame.to_csv(folder / "mine.csv", index=False)
    usual = {"time": "date", "targets": ["sales"], "input_steps": READ, "horizon_steps": ASKED}
    data = SequenceData(Series(path=str(folder / "mine.csv"), **(usual | settings)))
    data.setup()
    return data


def parts(frame: pd.DataFrame) -> dict[str, list[pd.DataFrame]]:
    """Return the rows of each series in each split."""
    found: dict[str, list[pd.DataFrame]] = {"train": [], "val": [], "test": []}
    for _, rows in frame.groupby("store", sort=False):
        test, val = round(0.2 * len(rows)), round(0.1 * len(rows))
        ends = (0, len(rows) - test - val, len(rows) - test, len(rows))
        for split, begin, end in zip(found, ends, ends[1:], strict=False):
            found[split].append(rows[begin:end])
    return found


@pytest.mark.parametrize("names", ["ABC", (101, 7, 33)])
@pytest.mark.parametrize("order", ["series", "time", "any"])
def test_windows_never_cross_series_and_each_is_split_by_time(tmp_path, names, order):
    frame = panel(150, names)
    given = {"series": frame, "time": frame.sort_values("date", kind="stable"), "any": frame.sample(frac=1)}
    data = load(tmp_path, given[order], series_id="store")
    assert {member.name for member in data.spec.series.members} == set(map(str, names))
    for split, series in parts(frame).items():
        samples = data.samples[split]
        expected = [
            rows["sales"].to_numpy()[at : at + READ + ASKED]
            for rows in series
            for at in range(len(rows) - READ - ASKED + 1)
        ]
        batch = samples.batch(torch.arange(len(samples)))
        found = torch.cat([batch.x[:, :, 0], batch.y[:, :, 0]], 1).double().numpy()
        found = found * data.spec.series.scales[0] + data.spec.series.means[0]
        by_first = np.argsort(found[:, 0]), np.argsort([window[0] for window in expected])
        np.testing.assert_allclose(found[by_first[0]], np.array(expected)[by_first[1]], atol=1e-3)


def test_each_series_may_have_a_scale_of_its_own_from_its_training_part(tmp_path):
    frame = panel(150)
    series = load(tmp_path, frame, series_id="store", scaling="series").spec.series
    for member, rows in zip(series.members, parts(frame)["train"], strict=True):
        assert member.means == pytest.approx([rows["sales"].mean()])
        assert member.scales == pytest.approx([rows["sales"].std(ddof=0)])
        assert member.windows[0] == len(rows) - READ - ASKED + 1
    assert series.means[0] == pytest.approx(0, abs=1e-9)
    assert series.scales[0] == pytest.approx(1)


def test_static_columns_are_numbers_or_a_column_a_word(tmp_path):
    frame = panel(150)
    frame["size"] = frame["store"].map({"A": 10, "B": 30, "C": 20})
    frame["region"] = frame["store"].map({"A": "north", "B": "south", "C": "north"})
    data = load(tmp_path, frame, series_id="store", static=["size", "region"], calendar=False)
    series = data.spec.series
    assert series.columns == ("sales", "size", "region=north", "region=south")
    values = data.samples["train"].values.double().numpy() * series.scales + series.means
    expected = [[10, 1, 0]] * 150 + [[30, 0, 1]] * 170 + [[20, 1, 0]] * 190
    np.testing.assert_allclose(values[:, 1:], expected, atol=1e-5)
    frame.loc[20, "region"] = "west"
    with pytest.raises(DataError, match=r"line 22: data.static: column 'region' changes within a series"):
        load(tmp_path, frame, series_id="store", static=["region"])


@pytest.mark.parametrize("names", ["ABC", (101, 102, 103)])
@pytest.mark.parametrize("scaling", ["all", "series"])
def test_an_id_that_is_static_is_a_column_for_each_series(tmp_path, names, scaling):
    frame = panel(150, names)
    data = load(tmp_path, frame, series_id="store", static=["store"], calendar=False, scaling=scaling)
    series = data.spec.series
    assert series.columns == ("sales", *(f"store={name}" for name in names))
    values = data.samples["train"].values.double().numpy() * series.scales + series.means
    np.testing.assert_allclose(values[:, 1:], np.repeat(np.eye(3), [150, 170, 190], axis=0), atol=1e-5)


@pytest.mark.parametrize("names", ["AB", (101, 102)])
@pytest.mark.parametrize("order", ["series", "time"])
@pytest.mark.parametrize("duplicates", ["error", "first"])
def test_series_without_an_id_are_refused_and_the_column_of_ids_is_named(tmp_path, names, order, duplicates):
    frame = panel(120, names)
    frame = frame if order == "series" else frame.sort_values("date", kind="stable")
    with pytest.raises(DataError, match=r"several series, named by store\? Set data\.series_id=store"):
        load(tmp_path, frame, duplicates=duplicates)


def test_times_that_begin_anew_name_the_column_of_ids_without_one_repeat(tmp_path):
    frame = panel(120, (5, 6))
    frame.loc[frame["store"] == 6, "date"] = pd.date_range("2019-01-01", periods=140).astype(str)
    with pytest.raises(DataError, match=r"line 122: times begin anew; .* Set data\.series_id=store"):
        load(tmp_path, frame)


def test_two_columns_that_name_the_series_together_are_found_and_taken(tmp_path):
    one, other = panel(150), panel(150)
    frame = pd.concat([one.assign(item=1), other.assign(item=2, sales=other["sales"] * 2)])
    with pytest.raises(DataError, match=r"Set data\.series_id=\[store,item\]"):
        load(tmp_path, frame, series_id="store")
    data = load(tmp_path, frame, series_id=["store", "item"])
    assert [member.name for member in data.spec.series.members] == ["A/1", "B/1", "C/1", "A/2", "B/2", "C/2"]


def test_a_file_in_no_order_is_one_series(tmp_path):
    frame = panel(200, "A").drop(columns="store").assign(flag=np.arange(200) % 2)
    assert load(tmp_path, frame.sample(frac=1, random_state=0)).spec.sizes["train"] == 140 - 12


def test_rows_are_steps_in_each_series_without_times(tmp_path):
    frame = panel(150).drop(columns="date")
    data = load(tmp_path, frame, time=None, series_id="store")
    assert data.spec.sizes["test"] == sum(round(0.2 * count) - 12 for count in (150, 170, 190))
    assert data.describe("test", 0) == "row 130"


def test_what_is_wrong_with_an_id_is_said(tmp_path):
    frame = panel(120)
    frame.loc[3, "store"] = None
    with pytest.raises(DataError, match=r"line 5: column 'store' is blank"):
        load(tmp_path, frame, series_id="store")
    with pytest.raises(ValueError, match="scaling is for several series"):
        Series(path="x.csv", targets=["a"], scaling="series")
    with pytest.raises(ValueError, match="'a' is in series_id too"):
        Series(path="x.csv", targets=["a"], series_id="a")


def test_other_cells_are_another_id():
    cells = [("a/", "b"), ("a", "/b"), ("a", "b"), ("a\\", "b"), ("a\\/b", ""), ("a/b", "c"), ("a", "b/c")]
    columns = [
        np.array(column, dtype=object) for column in zip(*((x, y + "!") for x, y in cells), strict=True)
    ]
    found = series_ids(None, np.arange(len(cells)), ["x", "y"], columns)
    assert len(set(found)) == len(cells)
    assert found[2] == "a/b!"


def many(count: int = 10) -> pd.DataFrame:
    """Return series of other levels and lengths, one behind the other, in no order of their names."""
    random = np.random.default_rng(1)
    names = random.permutation([f"s{number}" for number in range(count)])
    frames = [
        pd.DataFrame(
            {
                "store": name,
                "date": pd.date_range("2020-01-01", periods=30 + number, freq="D").astype(str),
                "sales": random.normal(10 * number, 1 + number, 30 + number),
            }
        )
        for number, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("order", ["series", "any"])
def test_whole_series_are_split_by_a_seed_and_scaled_by_the_training_ones(tmp_path, seed, order):
    frame = many()
    given = frame if order == "series" else frame.sample(frac=1, random_state=0)
    data = load(tmp_path, given, series_id="store", split="series", split_seed=seed, calendar=False)
    names = np.array(sorted(set(frame["store"])))[np.random.default_rng(seed).permutation(10)]
    expected = {"train": set(names[3:]), "val": set(names[:1]), "test": set(names[1:3])}
    lengths = frame.groupby("store").size()
    for place, (split, its) in enumerate(expected.items()):
        counts = {member.name: member.windows[place] for member in data.spec.series.members}
        whole = {name: lengths[name] - READ - ASKED + 1 for name in its}
        assert counts == dict.fromkeys(names, 0) | whole
        assert data.spec.sizes[split] == sum(whole.values())
    trained = frame[frame["store"].isin(expected["train"])]["sales"]
    assert data.spec.series.means == pytest.approx([trained.mean()])
    assert data.spec.series.scales == pytest.approx([trained.std(ddof=0)])
    samples = data.samples["test"]
    tested = [rows["sales"].to_numpy() for name, rows in frame.groupby("store") if name in expected["test"]]
    windows = np.concatenate(
        [np.lib.stride_tricks.sliding_window_view(values, READ + ASKED) for values in tested]
    )
    batch = samples.batch(torch.arange(len(samples)))
    found = torch.cat([batch.x[:, :, 0], batch.y[:, :, 0]], 1).double().numpy() * trained.std(ddof=0)
    found = found[found[:, 0].argsort()] + trained.mean()
    np.testing.assert_allclose(found, windows[windows[:, 0].argsort()], atol=1e-3)


def test_series_of_one_split_are_not_said_to_have_no_window_in_the_others(tmp_path, caplog):
    load(tmp_path, many(), series_id="store", split="series")
    assert "have no window" not in caplog.text
    frame = many()
    short = frame[(frame["store"] != "s3") | (frame.groupby("store").cumcount() < READ)]
    load(tmp_path, short, series_id="store", split="series", val_share=0.3, test_share=0.3)
    assert "1 of " in caplog.text


def test_what_split_by_series_does_not_go_with_is_said(tmp_path):
    with pytest.raises(DataError, match=r"'val' has no series: .* there are 3; change data.val_share"):
        load(tmp_path, panel(), series_id="store", split="series")
    usual = {"path": "x.csv", "targets": ["a"], "split": "series"}
    with pytest.raises(ValueError, match="split is for several series; name the columns of their ids"):
        Series(**usual)
    with pytest.raises(ValueError, match="scaling=series has no scale for series that are not in training"):
        Series(**usual, series_id="id", scaling="series")
    with pytest.raises(ValueError, match="val_start splits by time, split=series by series"):
        Series(**usual, series_id="id", val_start=10, test_start=20)
