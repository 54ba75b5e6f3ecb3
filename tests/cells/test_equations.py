"""Every cell of the textbooks against an independent NumPy statement of its equations."""

import numpy as np
import pytest
import torch

from seqlab.cells import cells
from seqlab.nn import Recurrent
from seqlab.testing import check_cell

from .textbook import TEXTBOOK, TYPICAL

INPUT, HIDDEN, STEPS, BATCH = 3, 4, 5, 2


def sigma(v):
    return 1 / (1 + np.exp(-v))


def layer_norm(v, weight, bias):
    mean, variance = v.mean(-1, keepdims=True), v.var(-1, keepdims=True)
    return (v - mean) / np.sqrt(variance + 1e-5) * weight + bias


class Numbers:
    """The parameters of one layer as NumPy arrays, gate by gate."""

    def __init__(self, layer):
        rows = {"W": layer.layout.inputs, "b": layer.layout.inputs, "U": layer.layout.recurrent}
        for kind, gates in rows.items():
            blocks = getattr(layer, kind).detach().numpy().reshape(len(gates), HIDDEN, -1)
            for gate, block in zip(gates, blocks, strict=True):
                setattr(self, f"{kind}_{gate}", block[:, 0] if kind == "b" else block)
        for name, value in layer.own.items():
            setattr(self, name, value.detach().numpy())
        self.norms = {
            name: (norm.weight.detach().numpy(), norm.bias.detach().numpy())
            for name, norm in layer.norms.items()
        }


def rnn(p, x, h):
    h = np.tanh(x @ p.W_h.T + h @ p.U_h.T + p.b_h)
    return h, (h,)


def rnn_relu(p, x, h):
    h = np.maximum(x @ p.W_h.T + h @ p.U_h.T + p.b_h, 0)
    return h, (h,)


def elman(p, x, h):
    h = np.tanh(x @ p.W_h.T + h @ p.U_h.T + p.b_h)
    return sigma(h @ p.U_y.T), (h,)


def tutorial_rnn(p, x, h):
    both = np.concatenate([x, h], axis=1)
    y = both @ np.concatenate([p.W_y, p.U_y], axis=1).T + p.b_y
    return y, (both @ np.concatenate([p.W_h, p.U_h], axis=1).T + p.b_h,)


def gru(p, x, h):
    r = sigma(x @ p.W_r.T + h @ p.U_r.T + p.b_r)
    z = sigma(x @ p.W_z.T + h @ p.U_z.T + p.b_z)
    n = np.tanh(x @ p.W_n.T + p.b_n + r * (h @ p.U_n.T + p.b_hn))
    h = (1 - z) * n + z * h
    return h, (h,)


def gru_reset_before(p, x, h):
    r = sigma(x @ p.W_r.T + h @ p.U_r.T + p.b_r)
    z = sigma(x @ p.W_z.T + h @ p.U_z.T + p.b_z)
    n = np.tanh(x @ p.W_n.T + (r * h) @ p.U_n.T + p.b_n)
    h = n - z * n + z * h
    return h, (h,)


def mgu(p, x, h):
    f = sigma(x @ p.W_f.T + h @ p.U_f.T + p.b_f)
    n = np.tanh(x @ p.W_n.T + (f * h) @ p.U_n.T + p.b_n)
    h = h + f * (n - h)
    return h, (h,)


def lstm_gates(p, x, h, gates="ifgo"):
    return {
        gate: x @ getattr(p, f"W_{gate}").T + h @ getattr(p, f"U_{gate}").T + getattr(p, f"b_{gate}")
        for gate in gates
    }


def lstm(p, x, h, c):
    a = lstm_gates(p, x, h)
    c = sigma(a["f"]) * c + sigma(a["i"]) * np.tanh(a["g"])
    h = sigma(a["o"]) * np.tanh(c)
    return h, (h, c)


def lstm_peephole(p, x, h, c):
    a = lstm_gates(p, x, h)
    new = sigma(a["f"] + p.p_f * c) * c + sigma(a["i"] + p.p_i * c) * np.tanh(a["g"])
    h = sigma(a["o"] + p.p_o * new) * np.tanh(new)
    return h, (h, new)


def lstm_layernorm(p, x, h, c):
    a = {gate: layer_norm(v, *p.norms[f"norm_{gate}"]) for gate, v in lstm_gates(p, x, h).items()}
    c = sigma(a["f"]) * c + sigma(a["i"]) * np.tanh(a["g"])
    h = sigma(a["o"]) * np.tanh(layer_norm(c, *p.norms["norm_c"]))
    return h, (h, c)


def lstm_coupled(p, x, h, c):
    a = lstm_gates(p, x, h, gates="igo")
    i = sigma(a["i"])
    c = c + i * (np.tanh(a["g"]) - c)
    h = sigma(a["o"]) * np.tanh(c)
    return h, (h, c)


STATEMENTS = {
    function.__name__: function
    for function in (
        *(rnn, rnn_relu, elman, tutorial_rnn),
        *(gru, gru_reset_before, mgu),
        *(lstm, lstm_peephole, lstm_layernorm, lstm_coupled),
    )
}


def test_every_cell_of_the_textbooks_has_a_statement():
    assert set(TEXTBOOK) == set(STATEMENTS)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
@pytest.mark.parametrize("engine", ["reference", "eager"])
def test_a_cell_is_its_equations(name, engine):
    torch.manual_seed(0)
    network = Recurrent(name, input_size=INPUT, hidden_size=HIDDEN, engine=engine).double()
    for parameter in network.parameters():
        parameter.data.uniform_(-0.8, 0.8)
    x = torch.randn(BATCH, STEPS, INPUT, dtype=torch.float64)
    outputs, final = network(x)
    numbers = Numbers(network.layers[0])
    state = tuple(np.zeros((BATCH, HIDDEN)) for _ in network.cell.state)
    for step in range(STEPS):
        output, state = STATEMENTS[name](numbers, x[:, step].numpy(), *state)
        np.testing.assert_allclose(outputs[:, step].detach().numpy(), output, atol=1e-12)
    for state_name, value in zip(network.cell.state, state, strict=True):
        np.testing.assert_allclose(final[state_name][0].detach().numpy(), value, atol=1e-12)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in TYPICAL)) for name in STATEMENTS]
)
def test_a_cell_passes_the_public_checks(name):
    check_cell(name)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_cell_states_its_equations_and_where_they_are_from(name):
    text = cells[name].__doc__
    assert "=" in text
    assert any(character in text for character in "⊙+")
    assert "(" in text.splitlines()[0]
