"""MeanLoss: the mean over samples, however they are cut into batches, whatever type the network has."""

import pytest
import torch

from seqlab import SequenceModule
from seqlab.tasks.loss import MeanLoss

SPEC = {"kind": "tokens", "input_size": 9, "classes": ["a", "b", "c"], "class_counts": [1, 10, 100]}


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


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_states_of_metrics_and_weights_of_classes_keep_at_least_their_type(dtype):
    module = SequenceModule(SPEC, hidden_size=4, task={"class_weight_power": 0.5}).to(dtype)
    assert {one.dtype for one in module.model.parameters()} == {dtype}
    task = module.task
    for stage in task.stages:
        assert stage.loss.total.dtype == torch.float64
        stage.loss.reset()
        assert stage.loss.total.dtype == torch.float64
    expected = torch.tensor([1.0, 10.0, 100.0]) ** -0.5
    torch.testing.assert_close(task.weights.float(), expected / expected.mean())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_the_mean_of_many_losses_is_exact(dtype):
    found = SequenceModule(SPEC, hidden_size=4).to(dtype).task.stages[0].loss
    mean, rows = torch.tensor(0.7), torch.tensor(32)
    for _ in range(2000):
        found.update(mean, rows)
    assert float(found.compute()) == pytest.approx(float(mean), abs=1e-12)
