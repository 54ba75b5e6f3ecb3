"""Differences between groups: the means are pandas', the intervals scipy's and a formula's."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap

from seqlab.comparison.paired import differences, draws

RANDOM = np.random.default_rng(7)


def answers(folder, right: np.ndarray) -> None:
    frame = pd.DataFrame({"text": [f"t{number}" for number in range(len(right))], "true": "cat"})
    frame["predicted"] = np.where(right, "cat", "dog")
    frame.to_csv(folder / "predictions.csv", index=False)


def test_a_difference_of_two_runs_has_the_interval_of_scipys_paired_bootstrap(classify, benchmark):
    good = RANDOM.random(500) < 0.8
    bad = np.where(RANDOM.random(500) < 0.5, good, RANDOM.random(500) < 0.5)
    for name, right in (("good", good), ("bad", bad)):
        answers(classify(name, accuracy=right.mean(), model={"cell": name}), right)
    ((found,), note) = differences(benchmark())
    assert (found.first, found.second) == ("good", "bad")
    assert found.mean == pytest.approx(good.mean() - bad.mean())
    off = good.astype(float) - bad
    expected = bootstrap((off,), np.mean, method="percentile", n_resamples=9999, rng=1).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.01)
    assert found.is_clear
    assert "the same 500 test samples" in note
    assert "Groups of one seed" in note


def test_seeds_widen_the_interval_as_the_formula_says():
    values = np.repeat([[0.2], [0.4], [0.6], [0.8]], 50, axis=1)  # only seeds differ
    (means,) = draws([values])
    assert means.std() == pytest.approx(np.std([0.2, 0.4, 0.6, 0.8]) / 2, rel=0.05)
    assert means.mean() == pytest.approx(0.5, abs=0.01)


def test_blocks_widen_the_interval_of_what_is_alike_among_neighbours():
    walk = np.repeat(RANDOM.normal(size=40), 25)[None]
    (alone,), (together,) = draws([walk]), draws([walk], block=25)
    assert alone.std() == pytest.approx(walk.std() / 1000**0.5, rel=0.06)
    assert together.std() > 3 * alone.std()


def test_forecasts_are_compared_window_by_window(forecast, benchmark):
    for name, hidden in (("one", 8), ("two", 16)):
        forecast(name, model={"hidden_size": hidden})
    ((found,), note) = differences(benchmark())
    means = {}
    for group in benchmark().groups:
        table = pd.read_csv(group.best.path / "predictions.csv")
        means[group.label] = (table["true"] - table["predicted"]).abs().mean()
    assert found.mean == pytest.approx(means[found.first] - means[found.second])
    assert "in blocks of 4 neighbouring windows" in note


def test_groups_asked_other_samples_are_not_compared(classify, benchmark):
    for name, count in (("one", 20), ("two", 30)):
        answers(classify(name, model={"cell": name}), np.ones(count) > 0)
    assert differences(benchmark()) == (
        [],
        "No two groups have predictions of the same test samples, so no pair is compared.",
    )


def test_one_group_has_no_pair_and_missing_answers_are_left_out(classify, benchmark):
    classify("one")
    assert differences(benchmark()) == ([], "")
    (classify("two", model={"cell": "gru"}) / "predictions.csv").unlink()
    assert differences(benchmark())[0] == []
