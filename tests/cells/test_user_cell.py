"""A cell as a user writes it, with one of everything, against NumPy."""

import numpy as np
import pytest
import torch
from torch import sigmoid, tanh

from seqlab.cells import GRU, Cell, Norm, Scalar, State, Vector
from seqlab.engines import ENGINES
from seqlab.errors import CellError
from seqlab.nn import Recurrent

BATCH, STEPS, INPUT, HIDDEN = 2, 4, 3, 5


class Everything(Cell):
    """Index access, W without U (a1), U without W (b), two states, an output that is neither."""

    gates = ("a0", "a1", "b")
    state = ("h", "m")
    output = "y"
    v = Vector(init=0.5)
    norm = Norm(eps=1e-3)
    alpha = Scalar(0.7)
    dt: float = 0.1
    power: int = 2

    def step(self, x, u, s):
        m = (1 - self.dt) * s.m + self.dt * self.norm(x["a0"] + u["a0"](s.h) + self.v)
        h = tanh(m + u.b(self.alpha * s.h)) ** self.power
        return State(h=h, m=m, y=sigmoid(x.a1) * h)


def statement(layer, x, dt, power):
    """Return the outputs at every step and the last h and m."""
    W0, W1 = layer.W.detach().numpy().reshape(2, HIDDEN, INPUT)
    b0, b1 = layer.b.detach().numpy().reshape(2, HIDDEN)
    Ua, Ub = layer.U.detach().numpy().reshape(2, HIDDEN, HIDDEN)
    v, alpha = (layer.own[name].detach().numpy() for name in ("v", "alpha"))
    weight, bias = (getattr(layer.norms["norm"], name).detach().numpy() for name in ("weight", "bias"))
    h = m = np.zeros((BATCH, HIDDEN))
    outputs = []
    for step in range(STEPS):
        a = x[:, step] @ W0.T + b0 + h @ Ua.T + v
        centred = a - a.mean(1, keepdims=True)
        normed = centred / np.sqrt((centred**2).mean(1, keepdims=True) + 1e-3) * weight + bias
        m = m - dt * m + dt * normed
        h = np.tanh(m + alpha * (h @ Ub.T)) ** power
        outputs.append(h / (1 + np.exp(-(x[:, step] @ W1.T + b1))))
    return np.stack(outputs, axis=1), h, m


def network(cell, engine):
    torch.manual_seed(3)
    made = Recurrent(cell, input_size=INPUT, hidden_size=HIDDEN, engine=engine).double()
    for parameter in made.parameters():
        parameter.data.uniform_(-0.9, 0.9)
    return made


@pytest.mark.parametrize("options", [{}, {"dt": 0.4, "power": 3}], ids=["defaults", "options"])
@pytest.mark.parametrize("engine", ["reference", "eager"])
def test_a_user_cell_is_its_equations(engine, options):
    made = network(Everything(**options), engine)
    x = torch.randn(BATCH, STEPS, INPUT, dtype=torch.float64)
    outputs, final = made(x)
    expected = statement(made.layers[0], x.numpy(), options.get("dt", 0.1), options.get("power", 2))
    for value, truth in zip((outputs, final.h[0], final.m[0]), expected, strict=True):
        np.testing.assert_allclose(value.detach().numpy(), truth, atol=1e-12)


@pytest.mark.parametrize("engine", ["reference", "eager"])
def test_every_parameter_of_a_user_cell_learns(engine):
    made = network(Everything, engine)
    made(torch.randn(BATCH, STEPS, INPUT, dtype=torch.float64))[0].square().sum().backward()
    shapes = {name: tuple(parameter.shape) for name, parameter in made.layers[0].named_parameters()}
    assert shapes == {
        "W": (2 * HIDDEN, INPUT),
        "U": (2 * HIDDEN, HIDDEN),
        "b": (2 * HIDDEN,),
        "own.v": (HIDDEN,),
        "own.alpha": (),
        "norms.norm.weight": (HIDDEN,),
        "norms.norm.bias": (HIDDEN,),
    }
    for name, parameter in made.layers[0].named_parameters():
        assert torch.count_nonzero(parameter.grad) == parameter.numel(), name


def test_norms_start_as_ones_and_zeros():
    norm = Recurrent(Everything, input_size=INPUT, hidden_size=HIDDEN).layers[0].norms["norm"]
    assert (norm.weight.tolist(), norm.bias.tolist()) == ([1.0] * HIDDEN, [0.0] * HIDDEN)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "torch"])
def test_a_variant_that_only_scales_its_base_inherits_parameters_and_equations(engine):
    class Scaled(GRU):
        scale = Scalar(0.5)

        def step(self, x, u, s):
            return State(h=self.scale * super().step(x, u, s).h)

    made = network(Scaled, engine)
    assert set(made.layers[0].own) == {"b_hn", "scale"}
    torch_gru = torch.nn.GRUCell(INPUT, HIDDEN).double()
    layer, scale = made.layers[0], made.layers[0].own["scale"].item()
    with torch.no_grad():
        torch_gru.weight_ih.copy_(layer.W)
        torch_gru.weight_hh.copy_(layer.U)
        torch_gru.bias_ih.copy_(layer.b)
        torch_gru.bias_hh.copy_(torch.cat([torch.zeros(2 * HIDDEN), layer.own["b_hn"]]))
    x = torch.randn(BATCH, STEPS, INPUT, dtype=torch.float64)
    h = torch.zeros(BATCH, HIDDEN, dtype=torch.float64)
    outputs, _ = made(x)
    for step in range(STEPS):
        h = scale * torch_gru(x[:, step], h)
        torch.testing.assert_close(outputs[:, step], h, atol=1e-12, rtol=0)


def test_an_option_of_a_cell_without_options_is_refused():
    with pytest.raises(CellError, match=r"cell 'gru' has no option 'dt'; it has none"):
        GRU(dt=0.1)
