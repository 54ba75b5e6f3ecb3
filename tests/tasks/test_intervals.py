"""Scores of distributions against SciPy and NumPy, and what a point forecast's are."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from seqlab.data import Batch
from seqlab.errors import DataError
from seqlab.tasks import Forecasting
from seqlab.tasks.intervals import Interval
from seqlab.tasks.losses import POINT
from seqlab.tasks.scoring import Scaled, Scoring

ROWS, READ, HORIZON = 40, 6, 3
MEANS, SCALES = np.array([20.0, 500.0]), np.array([4.0, 50.0])
TENTHS = tuple(place / 10 for place in range(1, 10))


def task_of(targets: int = 2, **settings) -> Forecasting:
    names = ["a", "b"][:targets]
    series = {"columns": names, "targets": names, "horizon_steps": HORIZON, "step_minutes": 60}
    units = {"means": MEANS[:targets].tolist(), "scales": SCALES[:targets].tolist()}
    return Forecasting(series | units, **settings)


def evaluated(task: Forecasting, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate random outputs; return forecasts and truths in the units of the targets."""
    random = torch.Generator().manual_seed(seed)
    targets = len(task.targets)
    outputs = torch.randn(ROWS, task.output_size, generator=random)
    x = torch.randn(ROWS, READ, targets, generator=random)
    counts = (torch.rand(ROWS, HORIZON, targets, generator=random) * 40).round()
    y = (counts - torch.from_numpy(MEANS[:targets])) / torch.from_numpy(SCALES[:targets])
    batch = Batch(x, torch.full((ROWS,), READ), y.float(), torch.arange(ROWS))
    for rows in torch.arange(ROWS).split(16):
        task.step("test", outputs[rows], Batch(*(part[rows] for part in batch)))
    return task.answers(outputs, x).numpy(), counts.double().numpy()


def mean_pinball(quantiles: np.ndarray, truths: np.ndarray, levels) -> np.ndarray:
    """Return twice the pinball loss, averaged over levels and windows, for each target."""
    off = truths[..., None] - quantiles
    levels = np.array(levels)
    return 2 * np.maximum(levels * off, (levels - 1) * off).mean(-1).mean((0, 1))


@pytest.mark.parametrize("levels", [(0.5,), (0.1, 0.5, 0.9), TENTHS, (0.3, 0.5, 0.95)])
def test_scores_of_quantiles_equal_their_formulas(levels):
    task = task_of(loss="quantiles", levels=levels)
    quantiles, truths = evaluated(task)
    found = task.compute("test")
    expected = mean_pinball(quantiles, truths, levels)
    assert [found["crps/a"], found["crps/b"]] == pytest.approx(expected, rel=1e-6)
    assert found["crps"] == pytest.approx(expected.mean(), rel=1e-6)
    median = quantiles[..., levels.index(0.5)]
    assert found["mae"] == pytest.approx(np.abs(median - truths).mean((0, 1)).mean(), rel=1e-6)
    if round(levels[0] + levels[-1], 9) != 1 or levels == (0.5,):
        assert not {"coverage", "width"} & set(found)
        return
    low, high = quantiles[..., 0], quantiles[..., -1]
    assert found["coverage"] == pytest.approx(((low <= truths) & (truths <= high)).mean(), abs=1e-9)
    assert found["width/b"] == pytest.approx((high - low)[..., 1].mean(), rel=1e-6)


@pytest.mark.parametrize("loss", ["gaussian", "student_t", "negative_binomial"])
def test_scores_of_a_distribution_are_those_of_its_quantiles(loss):
    task = task_of(loss=loss)
    parameters, truths = evaluated(task)
    first, second, *rest = np.moveaxis(parameters, -1, 0)[..., None]
    frozen = {
        "gaussian": lambda: stats.norm(first, second),
        "student_t": lambda: stats.t(rest[0], first, second),
        "negative_binomial": lambda: stats.nbinom(1 / second, 1 / (1 + first * second)),
    }[loss]()
    quantiles = frozen.ppf(np.array(TENTHS))
    found = task.compute("test")
    assert found["crps"] == pytest.approx(mean_pinball(quantiles, truths, TENTHS).mean(), rel=1e-6)
    inside = (quantiles[..., 0] <= truths) & (truths <= quantiles[..., -1])
    assert found["coverage"] == pytest.approx(inside.mean(), abs=1e-9)
    assert found["median_ae/a"] == pytest.approx(
        np.median(np.abs(quantiles[..., 4] - truths)[..., 0]), rel=1e-5, abs=1e-5
    )


def test_many_levels_come_near_the_integral_that_defines_the_score():
    levels = tuple((place + 0.5) / 201 for place in range(201))
    truth = 0.7
    quantiles = torch.from_numpy(stats.norm.ppf(levels))
    scoring = Scoring(("T",), torch.ones(1, dtype=torch.float64), task_of(1).members, levels)
    task = task_of(1, loss="quantiles", levels=levels)
    found = Scaled(
        "test", torch.zeros(1, dtype=torch.int64), quantiles[None, None, None], torch.full((1, 1, 1), truth)
    )
    below, _ = integrate.quad(lambda value: stats.norm.cdf(value) ** 2, -10, truth)
    above, _ = integrate.quad(lambda value: (1 - stats.norm.cdf(value)) ** 2, truth, 10)
    assert scoring.scores(found, task.loss)["crps"] == pytest.approx(below + above, rel=5e-3)


def test_the_score_of_a_point_forecast_is_its_absolute_error():
    task = task_of(loss="quantiles", levels=TENTHS)
    random = torch.Generator().manual_seed(1)
    forecasts, truths = torch.randn(2, ROWS, HORIZON, 2, generator=random)
    found = task.scoring.scores(Scaled("test", torch.arange(ROWS), forecasts, truths), POINT)
    assert found["crps/b"] == pytest.approx(found["mae/b"], rel=1e-9)
    assert not {"coverage", "width"} & set(found)


def test_forecasts_of_values_have_no_scores_of_distributions():
    task = task_of(loss="huber")
    evaluated(task)
    assert not {"crps", "coverage", "width"} & set(task.compute("test"))


@pytest.mark.parametrize(
    ("levels", "widest"),
    [
        ((0.5,), None),
        ((0.5, 0.9), None),
        ((0.1, 0.5, 0.9), (0.1, 0.9)),
        ((0.01, 0.05, 0.3, 0.5, 0.7, 0.95), (0.05, 0.95)),
    ],
)
def test_the_interval_is_the_widest_one_in_the_middle(levels, widest):
    assert Interval.widest(levels) == widest


@pytest.mark.parametrize(("share", "ends"), [(0.8, (0.1, 0.9)), (0.9, (0.05, 0.95)), (0.5, (0.25, 0.75))])
def test_an_interval_is_named_by_its_share(share, ends):
    found = Interval.around(share)
    assert (found, found.share, found.label) == (ends, share, f"{100 * share:g} % interval")


@pytest.mark.parametrize(("value", "shown"), [(-1.0, "-1"), (2.5, "2.5")])
def test_values_that_are_no_counts_are_refused(value, shown):
    task = task_of(1, loss="negative_binomial")
    y = torch.full((2, HORIZON, 1), 3.0)
    y[1, 2] = value
    batch = Batch(
        torch.zeros(2, READ, 1), torch.full((2,), READ), (y - MEANS[0]) / SCALES[0], torch.arange(2)
    )
    task.step("val", torch.zeros(2, task.output_size), batch)
    with pytest.raises(DataError, match=f"of counts, and column 'a' has {shown};"):
        task.compute("val")
