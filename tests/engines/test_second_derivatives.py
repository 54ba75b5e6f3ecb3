"""Gradients of gradients on every engine: against differences, and against the reference."""

import pytest
import torch
from torch.testing import assert_close

from seqlab.cells import State
from seqlab.nn import Recurrent

from ..cells.textbook import TEXTBOOK
from .cells_for_tests import EveryNorm, EveryProduct, WithoutGates
from .random_cells import random_cell

LENGTHS = torch.tensor([3, 1])


def network(cell, engine, **settings):
    torch.manual_seed(0)
    made = Recurrent(cell, engine=engine, **{"input_size": 2, "hidden_size": 3, **settings}).double()
    for parameter in made.parameters():
        # Own parameters too leave their start values, so that 0 and 1 hide no mistake.
        torch.nn.init.uniform_(parameter, -0.6, 0.6)
    return made


def drawn(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def check(cell, engine):
    """Compare second derivatives by inputs, start state and all parameters with differences."""
    made = network(cell, engine)
    x, count = drawn(2, 3, 2), len(made.cell.state)
    parameters = {name: value.detach() for name, value in made.named_parameters() if value.numel()}
    leaves = [x, *drawn(count, 1, 2, 3), *parameters.values()]

    def run(x, *rest):
        state = State(zip(made.cell.state, rest[:count], strict=True))
        replaced = dict(zip(parameters, rest[count:], strict=True))
        outputs, final = torch.func.functional_call(made, replaced, (x, LENGTHS, state))
        return outputs.square(), *(value.sin() for value in final.values())

    torch.autograd.gradgradcheck(run, [leaf.clone().requires_grad_() for leaf in leaves], fast_mode=True)


CELLS = [*TEXTBOOK, EveryNorm, EveryProduct, WithoutGates]
PAIRS = [(cell, engine) for cell in CELLS for engine in ("native", "eager", "reference")]
PAIRS += [(cell, "torch") for cell in ("lstm", "gru", "rnn", "rnn_relu")]


@pytest.mark.product(5)
@pytest.mark.parametrize(("cell", "engine"), PAIRS)
def test_second_derivatives_are_the_limits_of_differences(cell, engine):
    check(cell, engine)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_second_derivatives_of_random_cells_are_the_limits_of_differences(seed):
    check(random_cell(seed), ("native", "eager")[seed % 2])


@pytest.mark.parametrize("engine", ["native", "torch", "eager"])
@pytest.mark.parametrize("padded", [False, True])
def test_penalties_and_third_derivatives_through_layers_and_directions_are_the_references(engine, padded):
    found = []
    for name in (engine, "reference"):
        made = network("lstm", name, num_layers=2, bidirectional=True)
        x = drawn(2, 3, 2).requires_grad_()
        # The start state depends on x too: what flows through it must count once.
        start = x.mean((1, 2))[None, :, None].expand(4, 2, 3)
        outputs, final = made(x, LENGTHS if padded else None, State(h=start, c=start.sin()))
        loss = outputs.sum() + final["c"].square().sum()
        (first,) = torch.autograd.grad(loss, x, create_graph=True)
        (second,) = torch.autograd.grad(first.square().sum(), x, create_graph=True)
        found.append([first, second, *torch.autograd.grad(second.square().sum(), [x, *made.parameters()])])
    assert_close(*found)


@pytest.mark.parametrize("cell", ["lstm", "gru_reset_before"])
def test_hessians_in_float32_are_the_references_where_the_gradient_that_comes_in_is_constant(cell):
    x, found = drawn(2, 3, 2).float(), []
    for engine in ("auto", "reference"):
        made = network(cell, engine).float()
        found.append(torch.autograd.functional.hessian(lambda x, made=made: made(x)[0][:, -1].sum(), x))
    assert found[1].abs().max() > 1e-3
    assert_close(*found, atol=1e-5, rtol=1e-4)


def test_second_derivatives_do_not_hang_on_autocast():
    found = []
    for engine in ("native", "reference"):
        made, x = network("lstm", engine).float(), drawn(2, 3, 2).float().requires_grad_()
        total = made(x)[0].square().sum()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=engine == "native"):
            (first,) = torch.autograd.grad(total, x, create_graph=True)
        found.append(torch.autograd.grad(first.square().sum(), x))
    assert_close(*found)
