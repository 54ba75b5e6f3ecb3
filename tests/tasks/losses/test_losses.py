"""Every loss of forecasts against SciPy and formulas in NumPy, in scaled units and in the targets' own."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.nn import functional

from seqlab.config.forecasts import OF_POINTS
from seqlab.tasks.losses import Gaussian, NegativeBinomial, Point, Quantiles, StudentT, make_loss

LEVELS = (0.05, 0.1, 0.5, 0.75, 0.9)
MEANS, SCALES = torch.tensor([30.0, 4.0], dtype=torch.float64), torch.tensor([10.0, 2.0], dtype=torch.float64)
SHAPE = (5, 3, 2)
"""Windows, steps and targets."""
NAMES = ["mae", "mse", "huber", "quantiles", "gaussian", "student_t", "negative_binomial"]


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def made(name: str):
    return make_loss(name, LEVELS, MEANS.tolist(), SCALES.tolist())


def test_the_configuration_knows_the_losses_of_points():
    assert [name for name in NAMES if isinstance(made(name), Point)] == list(OF_POINTS)


def outputs_for(loss, seed: int = 0) -> torch.Tensor:
    return random(*SHAPE, *loss.shape, seed=seed)


def frozen(loss, forecasts: torch.Tensor):
    """Return SciPy's distributions for forecasts in units."""
    first, second, *rest = (one.numpy() for one in forecasts.unbind(-1))
    if isinstance(loss, Gaussian):
        return stats.norm(first, second)
    if isinstance(loss, StudentT):
        return stats.t(rest[0], first, second)
    return stats.nbinom(1 / second, 1 / (1 + first * second))


def test_quantiles_never_cross_and_the_median_starts_from_the_last_value():
    loss = Quantiles(LEVELS)
    outputs = 100 * outputs_for(loss).float()
    found = loss.read(outputs, last := random(*SHAPE, seed=1).float())
    assert (found.diff(dim=-1) >= 0).all()
    assert torch.equal(loss.point(found), outputs[..., 2] + last)
    assert (loss.in_units(found.double(), MEANS, SCALES).diff(dim=-1) >= 0).all()


def test_the_distances_between_quantiles_are_positive_outputs():
    loss = Quantiles(LEVELS)
    outputs = outputs_for(loss)
    distances = loss.read(outputs, None).diff(dim=-1)
    torch.testing.assert_close(distances, functional.softplus(outputs[..., [0, 1, 3, 4]]) / 2)


def test_the_loss_of_quantiles_is_twice_the_mean_pinball_loss():
    loss = Quantiles(LEVELS)
    forecasts, target = loss.read(outputs_for(loss), None), random(*SHAPE, seed=2)
    expected = 0.0
    for place, level in enumerate(LEVELS):
        off = (target - forecasts[..., place]).numpy()
        expected = expected + 2 / len(LEVELS) * np.where(off >= 0, level * off, (level - 1) * off)
    np.testing.assert_allclose(loss.each(forecasts, target), expected, rtol=1e-12)
    only_median = Quantiles([0.5])
    median = only_median.read(outputs_for(only_median), None)
    torch.testing.assert_close(only_median.each(median, target), (target - median[..., 0]).abs())


@pytest.mark.parametrize("name", ["gaussian", "student_t", "negative_binomial"])
def test_likelihood_and_quantiles_are_those_of_scipy_in_units(name):
    loss = made(name)
    scaled = loss.read(outputs_for(loss), random(*SHAPE, seed=1))
    in_units = loss.in_units(scaled, MEANS, SCALES)
    truth = frozen(loss, in_units)
    drawn = torch.from_numpy(np.asarray(truth.rvs(random_state=3), np.float64))
    found = loss.each(scaled, (drawn - MEANS) / SCALES)
    if isinstance(loss, NegativeBinomial):
        expected = -truth.logpmf(drawn.numpy())
    else:  # a density in scaled units
        expected = -truth.logpdf(drawn.numpy()) - np.log(SCALES.numpy())
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    quantiles = np.stack([truth.ppf(level) for level in LEVELS], -1)
    np.testing.assert_allclose(loss.quantiles(in_units, LEVELS), quantiles, rtol=1e-9)
    found = loss.scaled_quantiles(scaled, LEVELS) * SCALES.unsqueeze(-1) + MEANS.unsqueeze(-1)
    np.testing.assert_allclose(found, quantiles, rtol=1e-9, atol=1e-9)


def test_counts_have_the_declared_mean_and_variance():
    loss = made("negative_binomial")
    scaled = loss.read(outputs_for(loss), None)
    mean, dispersion = loss.in_units(scaled, MEANS, SCALES).unbind(-1)
    truth = frozen(loss, torch.stack([mean, dispersion], -1))
    np.testing.assert_allclose(truth.mean(), mean, rtol=1e-9)
    np.testing.assert_allclose(truth.var(), mean + dispersion * mean**2, rtol=1e-9)
    np.testing.assert_allclose(loss.point(scaled) * SCALES + MEANS, mean, rtol=1e-6)


@pytest.mark.parametrize("scale", [0.01, 7.0, 60_000.0, 200_000.0])
def test_what_is_no_count_is_told_at_any_scale(scale):
    mean = 3 * scale
    loss = NegativeBinomial([mean], [scale])
    counts = torch.linspace(0, 6 * scale + 3, 101, dtype=torch.float64).round()[:, None]

    def as_read(values):
        return ((values - mean) / scale).float().double() * scale + mean

    assert not loss.impossible(as_read(counts)).any()
    assert loss.impossible(as_read(counts + 0.5)).all()
    assert loss.impossible(as_read(-counts - 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_finite_differences(name):
    loss = made(name)
    target = ((random(*SHAPE, seed=4).abs() * 20).round() - MEANS) / SCALES
    outputs = outputs_for(loss, seed=5).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: loss.each(loss.read(given, target / 3), target), outputs)


@pytest.mark.parametrize("name", NAMES)
def test_weights_in_bfloat16_leave_levels_and_units_exact(name):
    loss, cast = made(name), made(name).to(torch.bfloat16)
    forecasts, target = loss.read(outputs_for(loss), None), random(*SHAPE, seed=6)
    assert torch.equal(loss.each(forecasts, target), cast.each(forecasts, target))
    assert not list(loss.state_dict())


def test_a_level_that_is_not_forecast_is_refused():
    loss = Quantiles(LEVELS)
    with pytest.raises(KeyError):
        loss.quantiles(loss.read(outputs_for(loss), None), (0.2,))
