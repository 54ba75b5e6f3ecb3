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


def test_rounding_is_no_difference(classify, benchmark):
    right = RANDOM.random(500) < 0.7
    for name, seeds in (("one", 1), ("three", 3)):
        for seed in range(seeds):
            answers(classify(f"{name}{seed}", seed=seed, model={"cell": name}), right)
    ((found,), _) = differences(benchmark())
    assert (found.low, found.high, found.is_clear) == (0, 0, False)


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
    assert "the same 20 test samples" in note


def windows(folder, errors: np.ndarray, first: int = 0) -> None:
    """Write what a forecaster does whose errors are these, [windows, targets, steps]."""
    count, targets, steps = errors.shape
    keys = [np.arange(first, first + count), [f"t{number}" for number in range(targets)], np.arange(steps)]
    index = pd.MultiIndex.from_product(keys, names=["after", "target", "hours_ahead"])
    frame = pd.DataFrame({"true": 0.0, "predicted": errors.ravel()}, index=index)
    frame.reset_index().to_csv(folder / "predictions.csv", index=False)


def interval_of_blocks(off: np.ndarray, block: int) -> tuple[float, ...]:
    """Return the interval of a mean by blocks, [N] drawn one after the other."""
    random, means = np.random.default_rng(2), []
    for _ in range(4000):
        starts = random.integers(len(off), size=-(-len(off) // block))
        means.append(np.mean([off[(start + step) % len(off)] for start in starts for step in range(block)]))
    return tuple(np.quantile(means, [0.025, 0.975]))


def test_the_targets_of_a_window_are_drawn_together(forecast, benchmark):
    """Three targets whose errors are nearly alike are worth one."""
    noise = RANDOM.normal(size=(2, 120, 1, 1)).cumsum(1) / 4 + RANDOM.normal(scale=0.1, size=(2, 120, 3, 4))
    for name, errors in zip(("one", "two"), noise, strict=True):
        windows(forecast(name, model={"cell": name}), errors)
    ((found,), note) = differences(benchmark())
    off = np.abs(noise[0]).mean((1, 2)) - np.abs(noise[1]).mean((1, 2))
    sign = 1 if found.first == "one" else -1
    low, high = sorted(sign * end for end in interval_of_blocks(off, 4))
    assert found.mean == pytest.approx(sign * off.mean())
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.1 * (high - low))
    assert "the same 120 test samples" in note
    assert "in blocks of 4 neighbouring windows" in note


@pytest.mark.parametrize(
    ("tested", "block"),
    [(40, 6), (60, 4), (100, 3), (240, 1)],  # windows 1, 1.5, 2.5 and 6 apart, of 6 steps each
)
def test_thinned_windows_are_told_and_fewer_of_them_share_steps(forecast, benchmark, tested, block):
    """A block has as many of the kept windows as begin within a horizon, counted one by one."""
    data = {"name": "jena", "source": "sample", "series": {"targets": ["t0"]}, "sizes": {"test": tested}}
    for name in ("one", "two"):
        windows(forecast(name, model={"cell": name}, data=data), RANDOM.random((40, 1, 6)))
    _, note = differences(benchmark())
    assert f"the same 40{f' of {tested}' * (tested > 40)} test samples" in note
    assert ("other predictions were not written" in note) == (tested > 40)
    assert block == sum(kept * tested / 40 < 6 for kept in range(40))
    assert (f"in blocks of {block} neighbouring windows" in note) == (block > 1)


def test_thinned_predictions_of_a_classifier_are_told(classify, benchmark):
    for name in ("one", "two"):
        folder = classify(name, model={"cell": name})  # 80 test samples, by classes.csv
        table = pd.read_csv(folder / "predictions.csv").assign(true="cat")
        table[::2].to_csv(folder / "predictions.csv", index=False)
    assert "the same 40 of 80 test samples" in differences(benchmark())[1]


def test_blocks_are_those_of_the_groups_that_are_compared(forecast, benchmark):
    for name, steps, first in (("one", 4, 0), ("two", 4, 0), ("other", 6, 9)):
        metrics = {"test/mae": 9.0 if name == "other" else 1.0}  # so that it is read last
        windows(forecast(name, model={"cell": name}, metrics=metrics), np.ones((40, 2, steps)), first)
    pairs, note = differences(benchmark())
    assert [{pair.first, pair.second} for pair in pairs] == [{"one", "two"}]
    assert "in blocks of 4 neighbouring windows" in note


def test_horizons_that_differ_are_not_compared(forecast, benchmark):
    for name, steps in (("one", 4), ("two", 6)):
        windows(forecast(name, model={"cell": name}), np.ones((40, 2, steps)))
    assert differences(benchmark())[0] == []


@pytest.mark.parametrize("unit", ["sentence", "sequence"])
def test_the_tokens_of_a_sentence_are_drawn_together(classify, benchmark, unit):
    """The interval is scipy's of the ratio of right tokens to tokens, over sentences."""
    sizes = RANDOM.integers(1, 30, 150)
    of = np.repeat(np.arange(150), sizes)
    steps = np.concatenate([np.arange(size) for size in sizes])
    right = {}
    for name, share in (("good", 0.8), ("bad", 0.6)):
        is_easy = RANDOM.random(150) < share
        right[name] = is_easy[of] ^ (RANDOM.random(len(of)) < 0.05)
        frame = pd.DataFrame({unit: of + 1, "step": steps, "true": "N"})
        frame["predicted"] = np.where(right[name], "N", "V")
        folder = classify(name, accuracy=right[name].mean(), model={"cell": name})
        frame.to_csv(folder / "predictions.csv", index=False)
    ((found,), note) = differences(benchmark())
    off = np.bincount(of, right["good"].astype(float) - right["bad"])

    def share(off, sizes, axis):
        return off.sum(axis) / sizes.sum(axis)

    settings = {"paired": True, "method": "percentile", "n_resamples": 9999, "rng": 1}
    expected = bootstrap((off, sizes), share, **settings).confidence_interval
    assert found.mean == pytest.approx(right["good"].mean() - right["bad"].mean())
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.015)
    assert expected.high - expected.low > 0.1
    assert f"the same {len(of):,} test samples" in note
    assert f"draws of 150 whole {unit}s and of seeds" in note


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


def test_predictions_without_a_row_are_left_out(forecast, benchmark):
    for name in ("one", "two"):
        windows(forecast(name, model={"cell": name}), np.ones((0, 2, 4)))
    assert differences(benchmark())[0] == []
