"""Short gaps are bridged in what is read, never in what is asked, and what they cost is said."""

# ruff: noqa: PD011 (these are the values of windows)

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import SequenceData, Series
from seqlab.errors import DataError

READ, ASKED = 24, 6


def load(folder: Path, frame: pd.DataFrame, **settings: object) -> SequenceData:
    frame.to_csv(folder / "mine.csv", index=False)
    usual = {"targets": ["a"], "input_steps": READ, "horizon_steps": ASKED, "calendar": False}
    data = SequenceData(Series(path=str(folder / "mine.csv"), **(usual | settings)))
    data.setup()
    return data


@pytest.fixture
def frame() -> pd.DataFrame:
    """Return columns with scattered gaps of one to five steps, some without a row at all."""
    random = np.random.default_rng(0)
    count = 1200
    found = pd.DataFrame(
        {
            "time": pd.date_range("2020-01-01", periods=count, freq="h").astype(str),
            "a": random.normal(size=count).round(3),
            "b": random.normal(size=count).round(3),
        }
    )
    for at in range(0, count, 90):
        found.loc[at : at + at // 90 % 5, "a"] = np.nan
    for at in range(30, count, 41):
        found.loc[at, "b"] = np.nan
    return found.drop(index=[500, 501, 502])


def test_windows_are_those_whose_inputs_pandas_fills_and_whose_targets_were_measured(frame, tmp_path):
    data = load(tmp_path, frame, fill_gaps=3)
    indexed = frame.set_index(pd.to_datetime(frame.pop("time"))).asfreq("h")
    filled = indexed.copy()
    for name, column in indexed.items():
        missing = column.isna()
        length = missing.groupby((~missing).cumsum()).transform("sum")
        filled[name] = column.ffill().where(~missing | (length <= 3))
    whole, there = filled.notna().all(axis=1).to_numpy(), indexed["a"].notna().to_numpy()
    is_filled = (indexed.isna() & filled.notna()).any(axis=1).to_numpy()
    for split, (first, last) in {"train": (0, 840), "val": (840, 960), "test": (960, 1200)}.items():
        samples = data.samples[split]
        expected = [
            at
            for at in range(first, last - READ - ASKED + 1)
            if whole[at : at + READ].all() and there[at + READ : at + READ + ASKED].all()
        ]
        assert samples.starts.tolist() == expected
        batch = samples.batch(torch.arange(len(expected)))
        assert torch.isfinite(batch.x).all()
        assert torch.isfinite(batch.y).all()
    series = data.spec.series
    assert series.columns == ("a", "b", "(filled)")
    values = data.samples["train"].values.double().numpy() * series.scales + series.means
    np.testing.assert_allclose(values[:, 2], is_filled, atol=1e-5)
    np.testing.assert_allclose(values[whole, :2], filled[whole], atol=1e-5)


def test_a_gap_is_never_bridged_by_what_comes_after_it(frame, tmp_path):
    data = load(tmp_path, frame.assign(a=np.arange(1197.0), b=frame["b"].fillna(0)), fill_gaps=3)
    series = data.spec.series
    found = data.samples["train"].values[499:504, 0].double().numpy() * series.scales[0] + series.means[0]
    np.testing.assert_allclose(found, [499, 499, 499, 499, 500], atol=1e-3)


def test_the_refusal_proposes_it_and_names_the_column_that_costs_most(frame, tmp_path):
    with pytest.raises(DataError, match=r"gaps column 'b' costs most; data\.fill_gaps=1 bridges short gaps"):
        load(tmp_path, frame.assign(a=frame["a"].fillna(0)), input_steps=60)


def test_what_gaps_cost_in_training_is_said(frame, tmp_path, caplog):
    data = load(tmp_path, frame)
    cost = 840 - 29 - data.spec.sizes["train"]
    assert f"gaps cost {cost} of 811 training windows: column 'b' costs most; data.fill_gaps=" in caplog.text
