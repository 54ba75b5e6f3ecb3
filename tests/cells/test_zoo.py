"""The cells beside the textbooks', each against an independent loop of its paper's equations."""

from pathlib import Path

import pytest
import torch
import yaml

import seqlab
from seqlab.cells import cells
from seqlab.engines import ENGINES
from seqlab.nn import Recurrent
from seqlab.testing import check_cell

from ..engines.contract_cells import random
from ..export.networks import TEXTS, assert_same_answers
from .textbook import TEXTBOOK
from .zoo_loops import LOOPS, H, I, run

B, T = 3, 6
ALLOWED = {"reference": 1e-12, "eager": 1e-10, "native": 1e-9}
SMOOTH = [name for name in LOOPS if name != "lif"]
"""Cells whose derivatives are those of their values."""
COMPILED = ("ran", "ligru", "fastgrnn")
"""Cells whose kernel is compiled in every run of the tests: two states, norms, numbers of their own."""
PAIRS = [
    pytest.param(
        name, engine, marks=[pytest.mark.slow] if engine == "native" and name not in COMPILED else []
    )
    for name in LOOPS
    for engine in ALLOWED
]


def made(name, engine, **settings):
    cell = cells[name](**LOOPS[name].options)
    network = Recurrent(cell, input_size=I, hidden_size=H, engine=engine, **settings).double()
    learnt = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for number, parameter in enumerate(learnt):  # own parameters too, so that 0 and 1 hide no mistake
        parameter.data.copy_(random(number, *parameter.shape) * 0.6)
    return network, learnt


def given(name):
    shapes = LOOPS[name].inputs
    return {
        key: random(50 + n, B, T, *shape, low=0.1).requires_grad_()
        for n, (key, shape) in enumerate(shapes.items())
    }


def gradients(outputs, final, leaves):
    total = (outputs * random(90, *outputs.shape)).sum()
    total = total + sum((value * random(91 + n, *value.shape)).sum() for n, value in enumerate(final))
    return torch.autograd.grad(total, leaves, allow_unused=True)


def test_every_cell_is_a_textbooks_or_has_a_loop_and_is_in_the_sweep_of_all():
    assert {*cells} == {*TEXTBOOK, *LOOPS}
    sweep = yaml.safe_load((Path(seqlab.__file__).parents[2] / "conf/sweep/zoo.yaml").read_text("utf-8"))
    assert sweep["hydra"]["sweeper"]["params"]["model"].split(",") == list(cells)


@pytest.mark.parametrize(("name", "engine"), PAIRS)
def test_outputs_states_and_gradients_are_the_loops(name, engine):
    network, learnt = made(name, engine)
    x, lengths, beside = random(1, B, T, I).requires_grad_(), torch.tensor([6, 1, 4]), given(name)
    outputs, final = network(x, lengths, inputs=beside)
    found = [final[state][0] for state in network.cell.state]
    truth, last = run(LOOPS[name], network.layers[0], x, lengths, beside)
    leaves = [x, *beside.values(), *learnt]
    pairs = [(outputs, truth), *zip(found, last, strict=True)]
    pairs += zip(gradients(outputs, found, leaves), gradients(truth, last, leaves), strict=True)
    for one, other in pairs:
        if other is None:
            assert one is None or not one.any()
        else:
            torch.testing.assert_close(one, other, atol=ALLOWED[engine], rtol=ALLOWED[engine])


@pytest.mark.parametrize("name", LOOPS)
def test_a_cell_runs_on_every_engine_but_torchs_and_says_its_equations_and_source(name):
    cell = cells[name]()
    for engine in ALLOWED:
        assert ENGINES[engine].unsupported_reason(cell, torch.float64, torch.device("cpu")) is None
    text = cells[name].__doc__
    assert "' = " in text
    assert any(year in text.splitlines()[0] for year in map(str, range(1990, 2030)))
    assert f"state {' '.join(cell.state)}" in repr(Recurrent(cell, input_size=I, hidden_size=H))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_a_cell_passes_the_public_checks(name):
    check_cell(cells[name](**LOOPS[name].options))


@pytest.mark.slow
@pytest.mark.parametrize("name", SMOOTH)
def test_second_derivatives_are_the_limits_of_differences(name):
    network, learnt = made(name, "eager")
    x, beside = random(1, 2, 3, I).requires_grad_(), {k: v[:2, :3].detach() for k, v in given(name).items()}

    def answer(x, *_):
        outputs, final = network(x, torch.tensor([3, 2]), inputs=beside)
        return outputs.square(), *(value.sin() for value in final.values())

    torch.autograd.gradgradcheck(answer, (x, *learnt), fast_mode=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOOPS)
def test_an_exported_network_answers_as_the_reference_does(name):
    layers = 1 if LOOPS[name].inputs else 2  # those of gru_d are as wide as the inputs
    assert_same_answers(TEXTS, cell=name, hidden_size=8, num_layers=layers, bidirectional=True)
