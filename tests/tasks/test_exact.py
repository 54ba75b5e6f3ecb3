"""Scores are summed as exactly where the network has a smaller type."""

import pytest
import torch

from seqlab import SequenceModule

SPEC = {"kind": "tokens", "input_size": 9, "classes": ["a", "b", "c"], "class_counts": [1, 10, 100]}


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
