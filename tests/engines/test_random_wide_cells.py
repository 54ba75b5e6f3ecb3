"""Engines agree on random cells of the whole contract, with noise, padding, directions and layers."""

import pytest
import torch

from seqlab.cells import State
from seqlab.nn import Recurrent
from seqlab.nn.inputs import required_inputs

from .contract_cells import H, I, fill, random
from .random_wide_cells import random_wide_cell

B, T = 3, 4
LENGTHS = torch.tensor([4, 1, 3])


def results(cell, engine, *, layers):
    """Return outputs, final states and gradients by name."""
    network = fill(
        Recurrent(
            cell, input_size=I, hidden_size=H, num_layers=layers, bidirectional=True, engine=engine
        ).double()
    )
    declared, sizes = cell.side_inputs, cell.sizes(I, H)
    beside = {
        name: random(60 + n, B, T, sizes[declared[name].width], low=0.1).requires_grad_()
        for n, name in enumerate(required_inputs(declared))
    }
    state = {
        name: random(70 + n, 2 * layers, B, sizes[cell.widths[f"s_{name}"]]).requires_grad_()
        for n, name in enumerate(cell.state)
    }
    x = random(1, B, T, I).requires_grad_()
    torch.manual_seed(4)
    outputs, final = network(x, LENGTHS, State(state), inputs=beside)
    begun, _ = network(x, LENGTHS, inputs=beside)  # from the cell's own start
    total = (outputs * random(2, *outputs.shape)).sum() + sum(value.sin().sum() for value in final.values())
    total = total + begun.square().sum()
    learnt = {name: value for name, value in network.named_parameters() if value.requires_grad}
    leaves = {"x": x, **beside, **state, **learnt}
    gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True, materialize_grads=True)
    found = {f"gradient of {name}": value for name, value in zip(leaves, gradients, strict=True)}
    return {"outputs": outputs, "begun": begun, **final, **found}


def check(seed, engines=("eager", "native")):
    cell = random_wide_cell(seed)
    layers = 1 if "I" in (*(cell.widths[f"s_{name}"] for name in cell.state),) else 2
    exact = results(cell, "reference", layers=layers)
    for engine in engines:
        for what, value in results(cell, engine, layers=layers).items():
            error = (value - exact[what]).abs() / (1 + exact[what].abs())
            assert (error <= 1e-8).all(), (engine, what)


@pytest.mark.parametrize("seed", range(2))
def test_engines_agree_on_a_random_cell_of_the_whole_contract(seed):
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 500))
def test_engines_agree_on_many_random_cells_of_the_whole_contract(seed):
    check(seed, ("eager", "native") if seed % 10 == 0 else ("eager",))  # a kernel takes seconds to compile
