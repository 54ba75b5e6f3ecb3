"""Gradient boosting on lags, computed a second time by scikit-learn for each window."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from seqlab.tasks.baselines import boosting as boosting_module
from seqlab.tasks.baselines.boosting import LEAVES, boosting

READ, ASKED = 24, 30


@pytest.mark.parametrize(("targets", "known"), [(["t"], []), (["p", "t"], []), (["t"], ["p"])])
def test_it_is_the_one_of_scikit_learn_on_the_same_lags(load, table, monkeypatch, targets, known):
    monkeypatch.setattr(boosting_module, "MOST_MODELS", 4)
    monkeypatch.setattr(boosting_module, "MOST_LAGS", 8)
    data = load(table(500), targets=targets, known=known)
    values = data.samples["train"].values.numpy()
    lags = [2, 5, 8, 11, 14, 17, 20, 23]

    def row(start: int, place: int, ahead: int) -> list[float]:
        last = start + READ - 1
        past = (values[start + lag, place] - values[last, place] for lag in lags)
        return [*past, *values[last], ahead, *values[start + READ + ahead, [1] * len(known)]]

    found = boosting(data)("test")
    blocks = np.array_split(np.arange(ASKED), 4 // len(targets))

    def examples(split: str, place: int, block: np.ndarray) -> tuple[list[list[float]], list[float]]:
        starts = data.samples[split].starts.tolist()
        asked = [(start, block[at % len(block)]) for at, start in enumerate(starts)]
        x = [row(start, place, ahead) for start, ahead in asked]
        return x, [
            values[start + READ + ahead, place] - values[start + READ - 1, place] for start, ahead in asked
        ]

    for number, place in enumerate(data.spec.series.places):
        for block in blocks:
            model = HistGradientBoostingRegressor(
                loss="absolute_error", max_leaf_nodes=LEAVES, early_stopping=True, random_state=0
            )
            x_val, y_val = examples("val", place, block)
            model.fit(*examples("train", place, block), X_val=x_val, y_val=y_val)
            for ahead in block:
                tested = data.samples["test"].starts.tolist()
                expected = model.predict([row(start, place, ahead) for start in tested])
                expected += values[np.array(tested) + READ - 1, place]
                np.testing.assert_allclose(found[:, ahead, number], expected, atol=1e-4)


def test_it_is_fitted_to_some_of_many_windows_and_says_so(load, table, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(boosting_module, "MOST_MODELS", 1)
    monkeypatch.setattr(boosting_module, "MOST_ROWS", 100)
    data = load(table(500))
    assert np.isfinite(boosting(data)("test")).all()
    assert "baseline boosting is fitted to 99 of 297 samples, evenly spread" in caplog.text
