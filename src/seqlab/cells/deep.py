"""Cells that do more within a step: a slow context, several levels, a projection, weights that x chooses."""

import torch
from torch import Tensor, relu, sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Gate, Parameter, Vector


@register_cell("scrn")
class SCRN(Cell):
    """Structurally constrained recurrent network: slow units beside the fast ones (Mikolov et al. 2015).

    s' = (1 − α) B x + α s           h' = σ(P s' + W x + U h)
    y = V_h h' + V_s s'
    """

    context: int = 40
    alpha: float = 0.95
    gates = {
        "s": Gate("context", bias=False),
        "h": Gate(bias=False),
        "p": "H",
        "y_h": "H",
        "y_s": "H",
    }
    state = {"h": "H", "s": "context"}
    output = "y"

    def step(self, x: Gates, u: Products, s: State) -> State:
        slow = (1 - self.alpha) * x.s + self.alpha * s.s
        h = sigmoid(u.p(slow) + x.h + u.h(s.h))
        return State(h=h, s=slow, y=u.y_h(h) + u.y_s(slow))


def _highway(h: Tensor, n: Tensor, t: Tensor) -> Tensor:
    t = sigmoid(t)
    return t * tanh(n) + (1 - t) * h


@register_cell("rhn")
class RHN(Cell):
    """Recurrent highway network of three levels, with coupled gates (Zilly et al. 2017).

    n = tanh(W_n x + U_n1 h + b_n1)      t = σ(W_t x + U_t1 h + b_t1)       in the first level,
    n = tanh(U_nl h + b_nl)              t = σ(U_tl h + b_tl)               in the others
    h' = t ⊙ n + (1 − t) ⊙ h             level by level
    """

    gates = ("n1", "t1", "n2", "t2", "n3", "t3")
    b_n2, b_t2, b_n3, b_t3 = Vector("bias"), Vector("bias"), Vector("bias"), Vector("bias")

    def step(self, x: Gates, u: Products, s: State) -> State:
        h = _highway(s.h, x.n1 + u.n1(s.h), x.t1 + u.t1(s.h))
        h = _highway(h, u.n2(h) + self.b_n2, u.t2(h) + self.b_t2)
        return State(h=_highway(h, u.n3(h) + self.b_n3, u.t3(h) + self.b_t3))


@register_cell("indrnn")
class IndRNN(Cell):
    """Independently recurrent network: every unit reads only itself (Li et al. 2018).

    h' = relu(W x + v ⊙ h + b)
    """

    gates = ("h",)
    v = Parameter("H", init=torch.rand)

    def step(self, x: Gates, u: Products, s: State) -> State:  # noqa: ARG002
        return State(h=relu(x.h + self.v * s.h))


@register_cell("lstm_projected")
class LSTMProjected(Cell):
    """LSTM whose output is projected to fewer units (Sak et al. 2014), as torch.nn.LSTM has it.

    i = σ(W_i x + U_i r + b_i)      f = σ(W_f x + U_f r + b_f)
    g = tanh(W_g x + U_g r + b_g)   o = σ(W_o x + U_o r + b_o)
    c' = f ⊙ c + i ⊙ g              r' = P (o ⊙ tanh(c'))
    """

    proj: int = 64
    gates = {"i": "H", "f": "H", "g": "H", "o": "H", "r": "proj"}
    state = {"r": "proj", "c": "H"}
    output = "r"

    def step(self, x: Gates, u: Products, s: State) -> State:
        i = sigmoid(x.i + u.i(s.r))
        f = sigmoid(x.f + u.f(s.r))
        g = tanh(x.g + u.g(s.r))
        o = sigmoid(x.o + u.o(s.r))
        c = f * s.c + i * g
        return State(r=u.r(o * tanh(c)), c=c)


@register_cell("lstm_multiplicative")
class LSTMMultiplicative(Cell):
    """LSTM whose recurrent weights depend on x (Krause et al. 2016).

    m = W_m x ⊙ U_m h
    i = σ(W_i x + U_i m + b_i)      f = σ(W_f x + U_f m + b_f)
    g = tanh(W_g x + U_g m + b_g)   o = σ(W_o x + U_o m + b_o)
    c' = f ⊙ c + i ⊙ g              h' = o ⊙ tanh(c')
    """

    gates = {"m": Gate(bias=False), "i": "H", "f": "H", "g": "H", "o": "H"}
    state = ("h", "c")

    def step(self, x: Gates, u: Products, s: State) -> State:
        m = x.m * u.m(s.h)
        i = sigmoid(x.i + u.i(m))
        f = sigmoid(x.f + u.f(m))
        g = tanh(x.g + u.g(m))
        o = sigmoid(x.o + u.o(m))
        c = f * s.c + i * g
        return State(h=o * tanh(c), c=c)
