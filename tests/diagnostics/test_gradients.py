"""∂loss/∂s_t against gradients taken by perturbing one state of one sequence."""

import copy

import pytest
import torch
from torch.nn import functional

from seqlab.cells import State
from seqlab.data import Batch
from seqlab.diagnostics import recording, state_gradients

from ..cells.textbook import TEXTBOOK
from .conftest import LENGTHS, module_of, stepwise


def loss_from(module, run, probe: Batch, row: int, *, time: int, state: State) -> torch.Tensor:
    """Return the sequence's loss if its state after ``time`` + 1 steps were another one."""
    output = state[run.cell.output]
    if time + 1 < LENGTHS[row]:
        rest = run.x[row : row + 1, time + 1 : LENGTHS[row]]
        outputs, _ = module.model.recurrent(rest, state=State({k: v[None] for k, v in state.items()}))
        output = outputs[:, -1]
    return functional.cross_entropy(module.model.head(output), probe.y[row : row + 1])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "lstm_peephole"])
def test_norms_are_those_of_each_sequences_own_loss_by_its_own_state(cell, probe):
    module = module_of(cell, engine="reference").eval()
    (found,) = state_gradients(module, probe)
    with recording(module.model.recurrent) as runs:
        module(probe.x, probe.lengths)
    for row, length in enumerate(LENGTHS):
        for time in range(length):
            after = runs[0].states[time + 1]
            state = State({k: v[row : row + 1].detach().requires_grad_() for k, v in after.items()})
            loss = loss_from(module, runs[0], probe, row, time=time, state=state)
            grads = torch.autograd.grad(loss, list(state.values()), materialize_grads=True)
            for name, grad in zip(state, grads, strict=True):
                assert float(found.norms[name][row, time]) == pytest.approx(float(grad.norm()), rel=1e-9)
        for norms in found.norms.values():
            assert norms[row, length:].isnan().all()


@pytest.mark.parametrize("task", ["language_model", "tagging"])
def test_the_loss_of_a_sequence_with_a_target_at_every_step_is_the_mean_over_its_own_steps(task, probe):
    module = stepwise(task).eval()
    inside = torch.arange(6) < probe.lengths[:, None]
    y = torch.randint(0, 3, (4, 6), generator=torch.Generator().manual_seed(2)).where(inside, -1)
    (found,) = state_gradients(module, probe._replace(y=y))
    for row, length in enumerate(LENGTHS):
        with recording(module.model.recurrent) as runs:
            logits = module(probe.x[row : row + 1, :length], probe.lengths[row : row + 1])
        loss = functional.cross_entropy(logits[0], y[row, :length])
        states = [after["h"] for after in runs[0].states[1:]]
        expected = [float(grad.norm()) for grad in torch.autograd.grad(loss, states)]
        assert found.norms["h"][row, :length].tolist() == pytest.approx(expected, rel=1e-9)


def test_by_distance_is_the_median_counted_from_the_last_step(probe):
    (found,) = state_gradients(module_of("gru"), probe)
    h = found.norms["h"]
    for distance in range(6):
        values = [h[row, length - 1 - distance] for row, length in enumerate(LENGTHS) if length > distance]
        assert found.by_distance("h")[distance] == torch.stack(values).median()


def test_rows_that_only_fill_up_have_no_loss(probe):
    whole = state_gradients(module_of(), probe)[0].norms["h"]
    partly = state_gradients(module_of(), probe._replace(ids=torch.tensor([0, 1, -1, 3])))[0].norms["h"]
    assert torch.allclose(partly[[0, 1, 3]], whole[[0, 1, 3]], equal_nan=True)
    assert partly[2, :4].tolist() == [0, 0, 0, 0]


def test_every_layer_and_direction_has_its_gradients(probe):
    module = module_of("lstm", num_layers=2, bidirectional=True, pooling="mean")
    found = state_gradients(module, probe)
    assert len(found) == 4
    for layer in found:
        assert set(layer.norms) == {"h", "c"}
        assert all(norms.shape == (4, 6) for norms in layer.norms.values())
        assert (layer.norms["h"].nan_to_num(1.0) > 0).all()


def test_measuring_leaves_the_module_as_it_was(probe):
    module = module_of().train()
    module.task.step("val", torch.zeros(4, 3).double(), probe)
    before = copy.deepcopy(module.task.compute("val"))
    with torch.no_grad():
        state_gradients(module, probe)
    assert module.training
    assert module.task.compute("val") == before
    assert all(parameter.grad is None for parameter in module.parameters())


@pytest.mark.parametrize("cell", TEXTBOOK)
def test_every_textbook_cell_can_be_measured(cell, probe):
    (found,) = state_gradients(module_of(cell), probe)
    for norms in found.norms.values():
        assert norms.shape == (4, 6)
        assert norms[0].isfinite().all()
