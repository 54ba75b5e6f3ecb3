"""|∂output/∂x_t| against brute force, and half-lengths against formulas."""

import math

import pytest
import torch

from seqlab.diagnostics import Influence, influence

from ..cells.textbook import TEXTBOOK
from .conftest import LENGTHS, module_of


@pytest.mark.parametrize("cell", TEXTBOOK)
def test_norms_of_every_textbook_cell_agree_with_brute_force(cell, probe):
    module = module_of(cell, engine="reference").eval()
    found = influence(module, probe).norms
    for row, length in enumerate(LENGTHS):
        vectors = module.model.encoder(probe.x[row : row + 1, :length]).detach()

        def answer(x):
            readings, _ = module.model.recurrent.read(x)
            return module.model.head(readings[0][0, -1])

        jacobian = torch.autograd.functional.jacobian(answer, vectors)[:, 0]
        for distance in range(6):
            if distance < length:
                expected = float(jacobian[:, length - 1 - distance].norm())
                assert float(found[row, distance]) == pytest.approx(expected, rel=1e-9)
            else:
                assert found[row, distance].isnan()


def test_both_directions_and_several_layers_are_seen_through(probe):
    module = module_of("gru", num_layers=2, bidirectional=True, pooling="mean")
    norms = influence(module, probe).norms
    for row, length in enumerate(LENGTHS):
        assert (norms[row, :length] > 0).all()
        assert norms[row, length:].isnan().all()


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.95])
def test_the_half_length_of_a_linear_memory_is_its_half_life(factor, probe):
    module = module_of("tutorial_rnn", hidden_size=4)
    layer = module.model.recurrent.layers[0]
    with torch.no_grad():
        layer.U.zero_()
        layer.U[:4] = factor * torch.eye(4)  # h' = W x + factor · h
        layer.U[4:] = torch.eye(4)  # and y reads the state before
        layer.W[4:].zero_()
    long = probe._replace(x=torch.ones(4, 300, dtype=torch.int64), lengths=torch.full((4,), 300))
    found = influence(module, long)
    ratio = found.mean[2:] / found.mean[1:-1]
    assert ratio.tolist() == pytest.approx([factor] * 298, rel=1e-6)
    # The last input does not reach y: all is one step further back.
    assert found.half_length == pytest.approx(1 + math.log(0.5) / math.log(factor), abs=0.06)


def test_the_half_length_lies_where_half_of_the_sum_is_reached():
    nan = math.nan
    found = Influence(torch.tensor([[3.0, 1.0, 1.0, 1.0], [1.0, 1.0, nan, nan], [0.0, 0.0, 5.0, 5.0]]))
    assert found.half_lengths.tolist() == pytest.approx([1.0, 1.0, 3.0])
    assert found.half_length == pytest.approx(1.0)
    assert found.mean.tolist() == pytest.approx([4 / 3, 2 / 3, 3.0, 3.0])
    assert Influence(torch.tensor([[1.0, 3.0]])).half_lengths.tolist() == pytest.approx([1 + 1 / 3])
    assert Influence(torch.tensor([[0.0, 0.0]])).half_lengths.isnan().all()


def test_measuring_leaves_the_module_as_it_was(probe):
    module = module_of().train()
    with torch.no_grad():
        influence(module, probe)
    assert module.training
    assert not module.model.encoder._forward_hooks
    assert all(parameter.grad is None for parameter in module.parameters())
