"""MeanLoss: the mean over samples, however they are cut into batches."""

import pytest
import torch

from seqlab.tasks.loss import MeanLoss


@pytest.mark.parametrize("sizes", [[10], [3, 3, 4], [9, 1], [1] * 10, [4, 0, 6], [0, 10]])
def test_batches_of_any_size_give_the_mean_over_all_samples(sizes):
    losses = torch.rand(10, generator=torch.Generator().manual_seed(0))
    metric, start = MeanLoss(), 0
    for size in sizes:
        part = losses[start : start + size]
        metric.update(part.sum() / max(size, 1), torch.tensor(size))
        start += size
    assert float(metric.compute()) == pytest.approx(sum(losses.tolist()) / 10, rel=1e-6)


def test_the_loss_of_nothing_is_zero():
    metric = MeanLoss()
    metric.update(torch.tensor(0.0), torch.tensor(0))
    assert float(metric.compute()) == 0.0


def test_a_loss_that_is_no_number_is_not_hidden():
    metric = MeanLoss()
    metric.update(torch.tensor(float("nan")), torch.tensor(3))
    metric.update(torch.tensor(1.0), torch.tensor(3))
    assert torch.isnan(metric.compute())


def test_a_reset_forgets_all_batches():
    metric = MeanLoss()
    metric.update(torch.tensor(5.0), torch.tensor(2))
    metric.reset()
    metric.update(torch.tensor(1.0), torch.tensor(4))
    assert float(metric.compute()) == 1.0
