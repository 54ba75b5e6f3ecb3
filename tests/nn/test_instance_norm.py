"""Instance normalization: its formulas, what forecasts do when a window is moved or stretched, refusals."""

import pytest
import torch

from seqlab.errors import ConfigError
from seqlab.nn.instance_norm import InstanceNorm
from seqlab.nn.parts import InputSpec

from .series import HORIZON, STEPS, TARGETS, forecast, network, windows

INPUTS = InputSpec("features", 3, targets=TARGETS, steps=STEPS, horizon=HORIZON)
LOSSES = ("mae", "quantiles", "gaussian", "student_t")
KINDS = ("last", "standard", "revin")


def revin(x: torch.Tensor, gain: torch.Tensor, shift: torch.Tensor):
    """Kim et al. 2022, equations 1 to 3, window by window: normalized, and the function that undoes it."""
    mean = torch.stack([row.sum(0) / len(row) for row in x])[:, None]
    variance = torch.stack([((row - its) ** 2).sum(0) / len(row) for row, its in zip(x, mean, strict=True)])
    deviation = torch.sqrt(variance + 1e-5)[:, None]
    return gain * (x - mean) / deviation + shift, lambda y: deviation * (y - shift) / gain + mean


def norm_of(kind: str) -> InstanceNorm:
    norm = InstanceNorm(kind, INPUTS).double()
    with torch.no_grad():
        for number, parameter in enumerate(norm.parameters()):
            parameter.copy_(torch.tensor([0.3, -0.7]) + number)
    return norm


@pytest.mark.parametrize("kind", ["standard", "revin"])
def test_targets_are_normalized_as_revin_does_and_back(kind):
    norm, x = norm_of(kind), windows()
    is_learned = kind == "revin"
    gain = norm.log_gain.exp() if is_learned else torch.ones(2)
    shift = norm.shift if is_learned else torch.zeros(2)
    expected, undo = revin(x[:, :, TARGETS], gain, shift)
    found = norm(x)
    torch.testing.assert_close(found[:, :, TARGETS], expected)
    assert torch.equal(found[:, :, 1], x[:, :, 1])
    location, scale = norm.place(x)
    answers = windows(1)[:, :HORIZON, :2]
    torch.testing.assert_close(answers * scale + location, undo(answers))


def test_the_last_value_is_taken_away():
    x = windows()
    found = norm_of("last")(x)
    for column in range(3):
        last = x[:, -1:, column] if column in TARGETS else 0
        assert torch.equal(found[:, :, column], x[:, :, column] - last)


@pytest.mark.parametrize("residual", ["persistence", "none"])
@pytest.mark.parametrize("channels", ["mixed", "independent"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_window_that_is_moved_or_stretched_moves_or_stretches_its_forecast(kind, loss, channels, residual):
    model = {"instance_norm": kind, "channels": channels}
    module, x = network({"loss": loss, "residual": residual}, **model), windows()
    before = forecast(module, x)
    moved = x.clone()
    moved[:, :, TARGETS] += torch.tensor([3.0, -20.0])
    names = torch.tensor([3.0, -20.0]).view(2, *[1] * (before.ndim - 3))
    found = forecast(module, moved)
    if loss in ("gaussian", "student_t"):  # a location, then what does not move
        torch.testing.assert_close(found[..., 0], before[..., 0] + torch.tensor([3.0, -20.0]))
        torch.testing.assert_close(found[..., 1:], before[..., 1:])
    else:
        torch.testing.assert_close(found, before + names)
    if kind == "last":
        return
    stretched = x.clone()
    stretched[:, :, TARGETS] *= 1000
    found = forecast(module, stretched)
    if loss == "student_t":
        torch.testing.assert_close(found[..., 2], before[..., 2], rtol=1e-3, atol=1e-3)
        found, before = found[..., :2], before[..., :2]
    torch.testing.assert_close(
        found, 1000 * before, rtol=1e-3, atol=1e-1
    )  # but for what is added to variances


def test_the_change_since_the_last_value_is_in_units_of_the_window():
    x = windows()
    plain, relative = (
        network({"residual": one}, instance_norm="standard") for one in ("none", "persistence")
    )
    location, scale = plain.model.instance_norm.place(x)
    outputs = (forecast(plain, x) - location) / scale
    torch.testing.assert_close(forecast(relative, x), outputs * scale + x[:, -1:, TARGETS])


def test_quantiles_keep_their_order_whatever_the_gain():
    module = network({"loss": "quantiles"}, instance_norm="revin")
    with torch.no_grad():
        module.model.instance_norm.log_gain.copy_(torch.tensor([-4.0, 4.0]))
    assert (forecast(module, windows()).diff(dim=-1) > 0).all()


def test_gain_and_shift_are_learned_and_saved_once():
    module, x = network({"loss": "gaussian"}, instance_norm="revin"), windows()
    names = [name for name in module.state_dict() if "norm" in name]
    assert names == ["model.instance_norm.log_gain", "model.instance_norm.shift"]
    module.task.forecast(module(x, torch.full((4,), STEPS)), x).sum().backward()
    norm = module.model.instance_norm
    assert norm.log_gain.grad.abs().min() > 0
    assert norm.shift.grad.abs().min() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_in_units_of_their_own(kind):
    with pytest.raises(ConfigError, match="negative_binomial counts in the units of the targets"):
        network({"loss": "negative_binomial"}, instance_norm=kind)


def test_only_series_have_windows():
    with pytest.raises(ConfigError, match="instance_norm=revin is for series that are forecast; use model"):
        InstanceNorm("revin", InputSpec("features", 3))
