"""The eager engine against the reference, on cells that the shipped ones do not cover."""

import pytest
import torch
from torch import exp, maximum, sigmoid, tanh
from torch.nn.functional import logsigmoid

from seqlab.cells import Cell, Norm, Scalar, State, Vector
from seqlab.nn import Recurrent
from seqlab.testing import check_cell


class RecurrentHighway(Cell):
    """Zilly et al. 2017: gates of the second micro-step have no W x."""

    gates = ("a0", "t0", "a1", "t1")
    b_a, b_t = Vector(), Vector(init=-1.0)

    def step(self, x, u, s):
        h = s.h
        for depth in range(2):
            a = u[f"a{depth}"](h) + (x.a0 if depth == 0 else self.b_a)
            t = sigmoid(u[f"t{depth}"](h) + (x.t0 if depth == 0 else self.b_t))
            h = tanh(a) * t + h * (1 - t)
        return State(h=h)


class ScalarLSTM(Cell):
    """The xLSTM's sLSTM without heads (Beck et al. 2024)."""

    gates = ("i", "f", "z", "o")
    state = ("h", "c", "n", "m")

    def step(self, x, u, s):
        i = x.i + u.i(s.h)
        f = logsigmoid(x.f + u.f(s.h)) + s.m
        m = maximum(i, f)
        i, f = exp(i - m), exp(f - m)
        c = f * s.c + i * tanh(x.z + u.z(s.h))
        n = f * s.n + i
        return State(h=sigmoid(x.o + u.o(s.h)) * c / n, c=c, n=n, m=m)


class Oscillator(Cell):
    """coRNN (Rusch & Mishra 2021): two vectors at one level, a state that is no h."""

    gates = ("y", "z")
    state = ("y", "z")
    output = "y"
    dt, gamma = Scalar(0.1), Scalar(1.0)
    eps: float = 1.0

    def step(self, x, u, s):
        z = s.z + self.dt * (tanh(x.y + u.y(s.y) + u.z(s.z)) - self.gamma * s.y - self.eps * s.z)
        return State(y=s.y + self.dt * z, z=z)


class NormedOutput(Cell):
    gates = ("h", "y")
    output = "y"
    norm = Norm()

    def step(self, x, u, s):
        h = self.norm(tanh(x.h + u.h(s.h)))
        return State(h=h, y=u.y(h).sigmoid())


class Memoryless(Cell):
    """No U at all."""

    gates = ("h",)

    def step(self, x, u, s):
        return State(h=tanh(x.h) + 0.5 * s.h)


@pytest.mark.parametrize(
    "cell",
    [RecurrentHighway, ScalarLSTM, Oscillator, NormedOutput, Memoryless],
    ids=lambda cell: cell.__name__,
)
def test_eager_equals_reference_outputs_states_and_gradients(cell):
    check_cell(cell)


@pytest.mark.parametrize("cell", ["lstm", "gru_reset_before", "lstm_layernorm"])
def test_bfloat16_stays_close_to_float32(cell):
    torch.manual_seed(0)
    network = Recurrent(cell, input_size=3, hidden_size=8, engine="eager")
    x = torch.randn(2, 6, 3)
    exact, _ = network(x)
    rough, final = network.to(torch.bfloat16)(x.to(torch.bfloat16))
    assert rough.dtype == torch.bfloat16
    assert all(value.dtype == torch.bfloat16 for value in final.values())
    torch.testing.assert_close(rough.float(), exact, atol=0.05, rtol=0.05)
