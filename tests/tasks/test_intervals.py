"""Scores of distributions against SciPy and NumPy, and what a point forecast's are."""

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from seqlab.data import Batch
from seqlab.errors import DataError
from seqlab.models.lightning_module import SequenceModule
from seqlab.tasks import Forecasting
from seqlab.tasks.intervals import Ends, Interval, margins_for
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
    """Evaluate random outputs; return forecasts and targets in the units of the targets."""
    random = torch.Generator().manual_seed(seed)
    targets = len(task.targets)
    outputs = torch.randn(ROWS, task.output_size, generator=random)
    x = torch.randn(ROWS, READ, targets, generator=random)
    counts = (torch.rand(ROWS, HORIZON, targets, generator=random) * 40).round()
    y = (counts - torch.from_numpy(MEANS[:targets])) / torch.from_numpy(SCALES[:targets])
    batch = Batch(x, torch.full((ROWS,), READ), y.float(), torch.arange(ROWS))
    for rows in torch.arange(ROWS).split(16):
        task.step("test", outputs[rows], Batch(*(part[rows] for part in batch)))
    return task.predict(outputs, x).numpy(), counts.double().numpy()


def mean_pinball(quantiles: np.ndarray, target: np.ndarray, levels) -> np.ndarray:
    """Return twice the pinball loss, averaged over levels and windows, for each target."""
    off = target[..., None] - quantiles
    levels = np.array(levels)
    return 2 * np.maximum(levels * off, (levels - 1) * off).mean(-1).mean((0, 1))


@pytest.mark.parametrize("levels", [(0.5,), (0.1, 0.5, 0.9), TENTHS, (0.3, 0.5, 0.95)])
def test_scores_of_quantiles_equal_their_formulas(levels):
    task = task_of(loss="quantiles", levels=levels)
    quantiles, target = evaluated(task)
    found = task.compute("test")
    expected = mean_pinball(quantiles, target, levels)
    assert [found["crps/a"], found["crps/b"]] == pytest.approx(expected, rel=1e-6)
    assert found["crps"] == pytest.approx(expected.mean(), rel=1e-6)
    median = quantiles[..., levels.index(0.5)]
    assert found["mae"] == pytest.approx(np.abs(median - target).mean((0, 1)).mean(), rel=1e-6)
    if round(levels[0] + levels[-1], 9) != 1 or levels == (0.5,):
        assert not {"coverage", "width"} & set(found)
        return
    low, high = quantiles[..., 0], quantiles[..., -1]
    assert found["coverage"] == pytest.approx(((low <= target) & (target <= high)).mean(), abs=1e-9)
    assert found["width/b"] == pytest.approx((high - low)[..., 1].mean(), rel=1e-6)


@pytest.mark.parametrize("loss", ["gaussian", "student_t", "negative_binomial"])
def test_scores_of_a_distribution_are_those_of_its_quantiles(loss):
    task = task_of(loss=loss)
    parameters, target = evaluated(task)
    first, second, *rest = np.moveaxis(parameters, -1, 0)[..., None]
    frozen = {
        "gaussian": lambda: stats.norm(first, second),
        "student_t": lambda: stats.t(rest[0], first, second),
        "negative_binomial": lambda: stats.nbinom(1 / second, 1 / (1 + first * second)),
    }[loss]()
    quantiles = frozen.ppf(np.array(TENTHS))
    found = task.compute("test")
    assert found["crps"] == pytest.approx(mean_pinball(quantiles, target, TENTHS).mean(), rel=1e-6)
    inside = (quantiles[..., 0] <= target) & (target <= quantiles[..., -1])
    assert found["coverage"] == pytest.approx(inside.mean(), abs=1e-9)
    assert found["median_ae/a"] == pytest.approx(
        np.median(np.abs(quantiles[..., 4] - target)[..., 0]), rel=1e-5, abs=1e-5
    )


def test_tables_of_counts_have_whole_numbers_and_the_coverage_of_the_scores():
    task = task_of(loss="negative_binomial")
    _, target = evaluated(task)
    rows = list(task.tables(str)["predictions"])
    assert [row["true"] for row in rows] == target.transpose(0, 2, 1).ravel().tolist()
    assert all(row["predicted"].is_integer() for row in rows)
    inside = [round(row["lower"], 6) <= row["true"] <= round(row["upper"], 6) for row in rows]
    assert np.mean(inside) == pytest.approx(task.compute("test")["coverage"], abs=1e-9)


def test_many_levels_come_near_the_integral_that_defines_the_score():
    levels = tuple((place + 0.5) / 201 for place in range(201))
    truth = 0.7
    quantiles = torch.from_numpy(stats.norm.ppf(levels))
    units = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    scoring = Scoring(("T",), *units, task_of(1).members, levels)
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
    forecasts, target = torch.randn(2, ROWS, HORIZON, 2, generator=random)
    found = task.scoring.scores(Scaled("test", torch.arange(ROWS), forecasts, target), POINT)
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


def exchangeable(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return forecasts and targets, [N, horizon, 2], whose skewed errors differ by step and target."""
    random = np.random.default_rng(seed)
    forecasts = random.normal(size=(count, HORIZON, 2))
    spread = np.arange(1, HORIZON + 1)[:, None] * [1.0, 0.1]
    return torch.from_numpy(forecasts), torch.from_numpy(
        forecasts + spread * random.exponential(size=forecasts.shape)
    )


@pytest.mark.parametrize("loss", ["mae", "quantiles", "gaussian"])
def test_calibrated_intervals_hold_the_share_of_new_truths_that_they_are_to(loss):
    task = task_of(loss=loss, conformal=0.8, residual="none")
    for stage, seed in (("val", 1), ("test", 2)):
        forecasts, target = exchangeable(5000, seed)
        outputs = torch.zeros(5000, HORIZON, 2, *task.loss.shape)
        middle = {"mae": ..., "quantiles": (..., 4), "gaussian": (..., 0)}[loss]
        outputs[middle] = forecasts.float()
        batch = Batch(
            torch.zeros(5000, READ, 2), torch.full((5000,), READ), target.float(), torch.arange(5000)
        )
        task.step(stage, outputs.flatten(1), batch)
        found = task.compute(stage)
    assert 0.78 <= found["coverage/a"] <= 0.82
    assert 0.78 <= found["coverage/b"] <= 0.82
    # At each step too: an interval for all steps would hold most of the first and few of the last.
    ends = task.intervals.of(task.stage("test").forecasts.compute()[0])
    inside = (ends.lower <= target.float()) & (target.float() <= ends.upper)
    assert inside.double().mean(0).numpy() == pytest.approx(np.full((HORIZON, 2), 0.8), abs=0.025)


def test_margins_are_a_quantile_of_how_far_truths_are_outside():
    ends = Ends(torch.full((9, 1, 1), -1.0).double(), torch.full((9, 1, 1), 2.0).double())
    target = torch.tensor([0.0, 1.5, 2.5, -2.0, 5.0, -4.5, 1.0, 2.25, 9.0])[:, None, None].double()
    outside = np.sort(np.maximum(-1 - target.numpy(), target.numpy() - 2).ravel())
    for share, rank in ((0.8, 8), (0.9, 9), (0.5, 5), (0.1, 1)):
        assert float(margins_for(ends, target, share)) == outside[rank - 1]
    with pytest.raises(
        DataError, match=r"task.conformal=0.95 needs 19 windows of validation or more, and there are 9"
    ):
        margins_for(ends, target, 0.95)


def test_intervals_that_shrink_end_in_their_middle():
    ends = Ends(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 4.0])).widened(torch.tensor(-1.5))
    assert (ends.lower.tolist(), ends.upper.tolist()) == ([0.5, 1.5], [0.5, 2.5])


@pytest.mark.parametrize("found", [[[1.0, 2.0]], [[1.0]] * HORIZON, [[1.0, float("nan")]] * HORIZON])
def test_a_calibration_of_something_else_is_refused(found):
    with pytest.raises(DataError, match="does not match its task"):
        task_of(conformal=0.8).load_calibration(found)


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


@pytest.mark.slow
def test_a_quantile_network_recovers_the_quantiles_of_scaled_noise():
    """With y = x·u and u uniform on 0 to 1, the quantile of y at a level is x times the level."""
    levels, steps, rows = (0.1, 0.25, 0.5, 0.75, 0.9), 600, 8192
    series = {"columns": ["y", "x"], "targets": ["y"], "means": [1.0, 2.0], "scales": [0.6, 0.58]}
    torch.manual_seed(0)
    module = SequenceModule(
        spec={
            "kind": "features",
            "task": "forecasting",
            "input_size": 2,
            "series": series | {"input_steps": 1, "horizon_steps": 1, "step_minutes": 60},
        },
        model={"cell": "gru", "hidden_size": 16, "engine": "eager"},
        task={"loss": "quantiles", "levels": levels, "residual": "none"},
    )
    optimizer = torch.optim.Adam(module.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.03, total_steps=steps)
    for _ in range(steps):
        x, u, noise = 1 + 2 * torch.rand(rows), torch.rand(rows), torch.randn(rows)
        read = torch.stack([noise, (x - 2) / 0.58], -1)[:, None]
        y = ((x * u - 1) / 0.6)[:, None, None]
        batch = Batch(read, torch.ones(rows, dtype=torch.int64), y, torch.arange(rows))
        optimizer.zero_grad()
        module.task.step("train", module(batch.x, batch.lengths), batch).backward()
        optimizer.step()
        schedule.step()
    x = torch.linspace(1.1, 2.9, 10)
    read = torch.stack([torch.zeros(10), (x - 2) / 0.58], -1)[:, None]
    found = module.task.predict(module(read, torch.ones(10, dtype=torch.int64)), read)[:, 0, 0]
    np.testing.assert_allclose(found.detach(), x[:, None] * torch.tensor(levels), rtol=0.03)
