"""Errors of forecasts against torchmetrics and NumPy."""

import numpy as np
import pytest
import torch
from torchmetrics import MeanAbsoluteError, MeanSquaredError

from seqlab.tasks.metrics import SCORES, PredictionsAndTargets, error_scores, relative_scores, scores_by_step


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 1), (7, 3, 1), (8, 3, 1), (100, 48, 1)])
def test_scores_equal_torchmetrics_and_numpy(shape):
    forecasts, target = random(*shape), 3 * random(*shape) + 1
    found = error_scores(forecasts - target, ("T",))
    assert tuple(found) == SCORES
    assert found["mae"] == pytest.approx(float(MeanAbsoluteError()(forecasts, target)), rel=1e-6)
    assert found["rmse"] == pytest.approx(float(MeanSquaredError(squared=False)(forecasts, target)), rel=1e-6)
    errors = (forecasts - target).double().numpy()
    assert found["median_ae"] == pytest.approx(np.median(np.abs(errors)), rel=1e-12)
    assert found["bias"] == pytest.approx(errors.mean(), rel=1e-12)


def test_a_forecast_that_is_too_high_has_a_positive_bias():
    assert error_scores(torch.tensor([[[5.0], [1.0]]]) - torch.tensor([[[2.0], [0.0]]]), ("T",))["bias"] == 2


def test_the_median_lies_between_the_two_middle_errors():
    assert error_scores(torch.tensor([-1.0, 2, -4, 9])[:, None, None], ("T",))["median_ae"] == 3


def test_several_targets_have_scores_of_their_own_and_their_mean():
    errors = random(50, 6, 3) * torch.tensor([1.0, 10, 100])
    found = error_scores(errors, ("T", "p", "rh"))
    for score in SCORES:
        each = [error_scores(errors[:, :, place : place + 1], ("x",))[score] for place in range(3)]
        assert [found[f"{score}/{name}"] for name in ("T", "p", "rh")] == each
        assert found[score] == pytest.approx(np.mean(each))
    assert len(found) == 16


def test_relative_scores_equal_their_formulas():
    target, errors = 3 * random(50, 6, 2).double() + 5, random(50, 6, 2).double()
    naive = torch.tensor([[2.0, 1.0], [4.0, float("nan")]]).double().repeat(25, 1)
    found = relative_scores(errors, target, naive)
    y, off = target.numpy(), np.abs(errors.numpy())
    forecasts = y + errors.numpy()
    assert found["smape"].tolist() == pytest.approx(
        (200 * off / (np.abs(y) + np.abs(forecasts))).mean((0, 1)).tolist(), rel=1e-12
    )
    wape = 100 * off.sum((0, 1)) / np.abs(y).sum((0, 1))
    assert found["wape"].tolist() == pytest.approx(wape.tolist(), rel=1e-12)
    known = off[::2, :, 1]  # the other windows are of a series without such an error
    expected = [(off[..., 0] / naive[:, :1].numpy()).mean(), known.mean()]
    assert found["mase"].tolist() == pytest.approx(expected, rel=1e-12)


def test_relative_scores_of_nothing():
    zeros, naive = torch.zeros(4, 2, 1).double(), torch.full((4, 1), float("nan")).double()
    assert {name: value.tolist() for name, value in relative_scores(zeros, zeros, naive).items()} == {
        "smape": [0.0]
    }


def test_each_step_ahead_has_scores_of_its_own():
    errors = random(40, 5) * torch.arange(1, 6)
    found = scores_by_step(errors)
    assert len(found) == 5
    for step, values in enumerate(found):
        column = errors[:, step].double().numpy()
        assert values == pytest.approx(
            {
                "mae": np.abs(column).mean(),
                "median_ae": np.median(np.abs(column)),
                "rmse": np.sqrt((column**2).mean()),
                "bias": column.mean(),
            }
        )


def test_many_errors_are_summed_without_loss():
    errors = torch.full((3000, 1000, 1), 0.1)
    errors[0, 0] = 1e4
    found = error_scores(errors, ("T",))
    exact = errors.double()
    assert found["mae"] == pytest.approx(float(exact.abs().mean()), rel=1e-12)
    assert found["median_ae"] == pytest.approx(0.1, rel=1e-6)


def test_forecasts_are_sorted_by_id_and_leave_out_rows_that_only_fill_up():
    order = torch.tensor([4, -1, 0, 2, 3, 1, -1, -1, 5])
    forecasts, target = (
        order[:, None, None] * torch.ones(9, 2, 3),
        order[:, None, None] * -torch.ones(9, 2, 3),
    )
    metric = PredictionsAndTargets()
    for rows in torch.arange(9).split(4):
        metric.update(order[rows], forecasts[rows], target[rows])
    found, came = metric.compute()
    assert torch.equal(found, torch.arange(6)[:, None, None] * torch.ones(6, 2, 3))
    assert torch.equal(came, -found)


def test_a_reset_forgets_all_forecasts():
    metric = PredictionsAndTargets()
    metric.update(torch.tensor([0]), torch.zeros(1, 2, 1), torch.zeros(1, 2, 1))
    metric.reset()
    metric.update(torch.tensor([9]), torch.ones(1, 2, 1), torch.zeros(1, 2, 1))
    assert metric.compute()[0].tolist() == [[[1], [1]]]
