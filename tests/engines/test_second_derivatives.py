"""Gradients of gradients on every engine: against differences, and against the reference."""

import pytest
import torch
from torch.testing import assert_close

from seqlab.cells import State, cells
from seqlab.engines import serving
from seqlab.nn import Recurrent
from seqlab.nn.inputs import required_inputs

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


def check(cell, engine, hidden=3):
    """Compare second derivatives by inputs, start state and all parameters with differences."""
    run, leaves = function(cell, engine, hidden)
    torch.autograd.gradgradcheck(run, list(leaves.values()), fast_mode=True)


def function(cell, engine, hidden=3):
    """Return a function of inputs, what stands beside them, start state and parameters, and these by name."""
    made = network(cell, engine, hidden_size=hidden)
    sizes, widths = made.cell.sizes(2, hidden), made.cell.widths
    states, beside = list(made.cell.state), required_inputs(made.cell.side_inputs)
    parameters = {
        name: value.detach()
        for name, value in made.named_parameters()
        if value.numel() and value.requires_grad
    }
    leaves = {"x": drawn(2, 3, 2)}
    leaves |= {f"x.{name}": drawn(2, 3, sizes[widths[f"i_{name}"]]).abs() + 0.3 for name in beside}
    leaves |= {f"s.{name}": drawn(1, 2, sizes[widths[f"s_{name}"]]) + k for k, name in enumerate(states)}

    def run(x, *rest):
        given, rest = rest[: len(beside)], rest[len(beside) :]
        state = State(zip(states, rest[: len(states)], strict=True))
        replaced = dict(zip(parameters, rest[len(states) :], strict=True))
        inputs = dict(zip(beside, given, strict=True))
        outputs, final = torch.func.functional_call(made, replaced, (x, LENGTHS, state), {"inputs": inputs})
        return outputs.square(), *(value.sin() for value in final.values())

    leaves |= parameters
    return run, {name: leaf.clone().requires_grad_() for name, leaf in leaves.items()}


CELLS = [*TEXTBOOK, EveryNorm, EveryProduct, WithoutGates]
PAIRS = [(cell, engine) for cell in CELLS for engine in ("native", "eager", "reference")]
PAIRS += [(cell, "torch") for cell in ("lstm", "gru", "rnn", "rnn_relu")]


@pytest.mark.product(5)
@pytest.mark.parametrize(("cell", "engine"), PAIRS)
def test_second_derivatives_are_the_limits_of_differences(cell, engine):
    check(cell, engine)


ZOO = [name for name in cells if name not in cells.theirs() and name not in TEXTBOOK]
SPIKES = {"lif"}
"""Cells whose derivative is not that of the step, on purpose."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in ("gru_d", "lru"))) for name in ZOO]
)
def test_second_derivatives_of_the_zoo_are_the_limits_of_differences(name):
    if name not in SPIKES:
        check(name, "eager", 4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_every_engine_has_the_references_second_derivatives_of_the_zoo(name):
    found = {}
    for engine in ("reference", *serving(cells[name](), torch.float64)):
        run, leaves = function(name, engine, 4)
        total = sum(value.sum() for value in run(*leaves.values()))
        wanted = list(leaves.values())
        first = torch.autograd.grad(
            total, wanted, create_graph=True, materialize_grads=True, allow_unused=True
        )
        total = sum((value * value.detach().cos()).sum() for value in first if value.requires_grad)
        found[engine] = torch.autograd.grad(total, wanted, materialize_grads=True, allow_unused=True)
        assert_close(found[engine], found["reference"], atol=1e-9, rtol=1e-9)


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


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["native", "torch", "eager", "reference"])
def test_second_derivatives_through_layers_that_differ_are_the_limits_of_differences(engine):
    made = network(["gru", "lstm"], engine, hidden_size=[3, 2], outputs="all", bidirectional=True)
    parameters = {name: value.detach() for name, value in made.named_parameters()}

    def run(x, *rest):
        replaced = dict(zip(parameters, rest, strict=True))
        outputs, final = torch.func.functional_call(made, replaced, (x, LENGTHS))
        return outputs.square(), *(value.sin() for value in final.values())

    leaves = [leaf.clone().requires_grad_() for leaf in (drawn(2, 3, 2), *parameters.values())]
    torch.autograd.gradgradcheck(run, leaves, fast_mode=True)


def test_second_derivatives_do_not_hang_on_autocast():
    found = []
    for engine in ("native", "reference"):
        made, x = network("lstm", engine).float(), drawn(2, 3, 2).float().requires_grad_()
        total = made(x)[0].square().sum()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=engine == "native"):
            (first,) = torch.autograd.grad(total, x, create_graph=True)
        found.append(torch.autograd.grad(first.square().sum(), x))
    assert_close(*found)
