"""Widths, kinds of matrices, side inputs: every engine against plain loops and against the reference."""

import pytest
import torch

from seqlab.cells import State
from seqlab.engines import ENGINES
from seqlab.nn import Recurrent

from .contract_cells import CASES, H, I, fill, loop, random

B, T = 3, 5
ALLOWED = {"reference": 1e-12, "eager": 1e-10, "native": 1e-9}


def made(name, engine, **settings):
    cell = CASES[name][0]
    return fill(Recurrent(cell, input_size=I, hidden_size=H, engine=engine, **settings).double())


def given(name, batch=B, steps=T, *, grad=False):
    shapes = CASES[name][3]
    return {
        key: random(50 + n, batch, steps, *shape, low=0.1).requires_grad_(grad)
        for n, (key, shape) in enumerate(shapes.items())
    }


def start(name, layers=1):
    sizes = CASES[name][2]
    return {
        key: random(70 + n, layers, B, size).requires_grad_() for n, (key, size) in enumerate(sizes.items())
    }


def gradients(outputs, final, leaves):
    total = (outputs * random(90, *outputs.shape)).sum()
    total = total + sum((value * random(91, *value.shape)).sum() for value in final.values())
    return torch.autograd.grad(total, leaves, allow_unused=True)


def close(found, expected, allowed):
    for one, other in zip(found, expected, strict=True):
        if other is None:
            assert one is None or not one.any()
        else:
            torch.testing.assert_close(one, other, atol=allowed, rtol=allowed)


@pytest.mark.parametrize("engine", ALLOWED)
@pytest.mark.parametrize("name", CASES)
def test_outputs_states_and_gradients_are_the_plain_loops(name, engine):
    network = made(name, engine)
    x, beside, state = random(1, B, T, I).requires_grad_(), given(name, grad=True), start(name)
    leaves = [x, *beside.values(), *state.values(), *(p for p in network.parameters() if p.requires_grad)]
    outputs, final = network(x, state=State(state), inputs=beside)
    truth, last = loop(name, network.layers[0], x, {key: value[0] for key, value in state.items()}, beside)
    allowed = ALLOWED[engine]
    close([outputs, *(final[key][0] for key in last)], [truth, *last.values()], allowed)
    truths = gradients(truth, {key: value[None] for key, value in last.items()}, leaves)
    close(gradients(outputs, {key: final[key] for key in last}, leaves), truths, allowed)


@pytest.mark.parametrize("engine", [name for name in ALLOWED if name != "reference"])
@pytest.mark.parametrize("name", CASES)
def test_layers_directions_and_lengths_are_the_references(name, engine):
    layers = 1 if name == "decaying" else 2
    lengths, x, beside = torch.tensor([5, 1, 3]), random(1, B, T, I).requires_grad_(), given(name, grad=True)
    found = []
    for one in ("reference", engine):
        network = made(name, one, num_layers=layers, bidirectional=True)
        state = start(name, 2 * layers)
        outputs, final = network(x, lengths, State(state), inputs=beside)
        leaves = [x, *beside.values(), *state.values(), *(p for p in network.parameters() if p.requires_grad)]
        found.append([outputs, *final.values(), *gradients(outputs, final, leaves)])
    close(found[1], found[0], ALLOWED[engine])


@pytest.mark.parametrize("name", CASES)
def test_padding_reaches_nothing_and_a_backward_direction_is_the_turned_sequence(name):
    network = made(name, "reference", bidirectional=True)
    x, beside, length = random(1, B, T, I), given(name), 3
    outputs, _ = network(x, torch.tensor([T, length, T]), inputs=beside)
    alone, _ = network(x[1:2, :length], inputs={key: value[1:2, :length] for key, value in beside.items()})
    torch.testing.assert_close(outputs[1:2, :length], alone)
    turned = made(name, "reference")
    turned.layers[0].load_state_dict(network.layers[1].state_dict())
    flipped = {key: value.flip(1) for key, value in beside.items()}
    if CASES[name][3].get("dt") == ():  # the time between two steps stays between them
        flipped["dt"] = torch.cat([beside["dt"][:, :1], beside["dt"][:, 1:].flip(1)], 1)
    backward, _ = turned(x.flip(1), inputs=flipped)
    half = outputs.shape[2] // 2
    torch.testing.assert_close(outputs[0::2, :, half:], backward.flip(1)[0::2])


def test_a_state_without_a_parameter_starts_at_zero_and_one_with_it_as_that_is():
    network = made("numbers", "reference")
    x, beside = random(1, B, T, I), given("numbers")
    h0 = network.layers[0].own["h0"].expand(1, B, H)
    told = network(x, inputs=beside, state=State(h=h0, t=torch.zeros(1, B, 1, dtype=torch.float64)))
    torch.testing.assert_close(network(x, inputs=beside)[0], told[0], atol=0, rtol=0)


def test_every_engine_but_torchs_serves_these_cells():
    for cell, *_ in CASES.values():
        for engine in ALLOWED:
            assert ENGINES[engine].unsupported_reason(cell(), torch.float64, torch.device("cpu")) is None
