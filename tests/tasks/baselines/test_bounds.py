"""Baselines of very many samples: fitted to every n-th, in pieces, and said; of few ones all as they are."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from seqlab.data import SequenceData, Series
from seqlab.data.batches import FeatureSamples
from seqlab.tasks.baselines import bounds, features, text
from seqlab.tasks.baselines.bounds import every_nth, scattered
from seqlab.tasks.forecasting import Forecasting

X = np.random.default_rng(0).normal(size=(60, 5, 2))
Y = X[:, 0, 0] - X[:, 3, 1]


class Data:
    samples: ClassVar = {
        split: FeatureSamples.of(X[rows], Y[rows])
        for split, rows in (("train", slice(40)), ("val", slice(40, 50)), ("test", slice(50, 60)))
    }


def few(monkeypatch, values):
    for module in (bounds, features):
        monkeypatch.setattr(module, "MOST_VALUES", values)


@pytest.mark.parametrize(
    ("count", "most", "found"), [(5, 9, 5), (9, 9, 9), (10, 9, 5), (100, 9, 9), (3, 0, 1)]
)
def test_every_nth_is_evenly_spread(count, most, found):
    ids = every_nth(count, most)
    assert len(ids) == found
    assert len(set(ids.diff().tolist())) <= 1


def test_scattered_samples_are_one_of_each_block_and_no_comb(caplog):
    caplog.set_level("INFO")
    ids = scattered(1003, 100, "a baseline forecasts")
    assert "a baseline forecasts 100 of 1,003 samples, one at random of each block" in caplog.text
    assert [number * 100 // 1003 for number in ids.tolist()] == pytest.approx(list(range(100)), abs=1)
    assert len(set((ids % 24).tolist())) > 20
    assert torch.equal(ids, scattered(1003, 100, ""))
    assert scattered(100, 100, "").tolist() == list(range(100))


def test_ridge_is_fitted_to_every_nth_sequence_and_predicts_all(monkeypatch, caplog):
    caplog.set_level("INFO")
    few(monkeypatch, 10 * 14)
    found = features.ridge(Data, Y[:40])
    flat = X.astype(np.float32).reshape(60, 10)
    expected = Ridge().fit(flat[:40:3], Y[:40:3]).predict(flat[40:])
    np.testing.assert_allclose(np.concatenate([found["val"], found["test"]]), expected, atol=1e-5)
    assert "baselines are fitted to 14 of 40 samples, evenly spread" in caplog.text


def test_ridge_of_long_sequences_reads_summaries(monkeypatch):
    monkeypatch.setattr(features, "MOST_INPUTS", 9)
    found = features.ridge(Data, Y[:40])
    read = {split: features.summaries(samples) for split, samples in Data.samples.items()}
    np.testing.assert_allclose(
        found["val"], Ridge().fit(read["train"], Y[:40]).predict(read["val"]), rtol=1e-9
    )


def test_summaries_in_small_blocks_are_the_same(monkeypatch):
    whole = features.summaries(Data.samples["train"])
    few(monkeypatch, 10)
    np.testing.assert_allclose(features.summaries(Data.samples["train"]), whole, rtol=1e-12)


def test_forecasts_are_scored_on_evenly_spread_windows(monkeypatch, caplog):
    caplog.set_level("INFO")
    values = np.random.default_rng(1).normal(size=200)
    data = SequenceData(
        Series(path={"x": values}, time=None, targets=["x"], input_steps=4, horizon_steps=3, calendar=False)
    )
    data.setup()
    few(monkeypatch, 30)
    found = Forecasting.of(data.spec.as_dict(), {}).baselines(data, fitted=False)["persistence"]
    starts = data.samples["test"].starts.numpy()
    every = starts[:: -(-len(starts) // 10)]
    errors = np.abs([values[start + 3] - values[start + 4 : start + 7] for start in every])
    assert found["test/mae"] == pytest.approx(errors.mean(), rel=1e-5)
    assert found["test/median_ae"] == pytest.approx(np.median(errors), rel=1e-5)
    assert f"forecast in 'test' {len(every)} of {len(starts)} samples" in caplog.text


def test_n_grams_are_not_fitted_to_too_many_texts_or_characters(monkeypatch):
    class Texts:
        samples: ClassVar = {split: FeatureSamples.of(X[:4], Y[:4]) for split in ("train", "val", "test")}

        @staticmethod
        def describe(split, number):
            return f"{split} {number}"

    monkeypatch.setattr(text, "MOST_CHARACTERS", 50)
    assert text.char_ngrams_of(Texts, None) == "not fitted to more than 50 characters"
    monkeypatch.setattr(text, "MOST_TEXTS", 3)
    assert text.char_ngrams_of(Texts, None) == "not fitted to more than 3 texts"
