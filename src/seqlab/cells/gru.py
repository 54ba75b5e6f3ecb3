"""Gated recurrent units: reset after or before the matrix product, and the minimal one."""

from torch import sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Vector


@register_cell("gru")
class GRU(Cell):
    """Gated recurrent unit (Cho et al. 2014), reset after the matrix product as in torch.nn.GRU.

    r = σ(W_r x + U_r h + b_r)      z = σ(W_z x + U_z h + b_z)
    n = tanh(W_n x + b_n + r ⊙ (U_n h + b_hn))
    h' = (1 − z) ⊙ n + z ⊙ h
    """

    gates = ("r", "z", "n")
    b_hn = Vector(init="bias")

    def step(self, x: Gates, u: Products, s: State) -> State:
        r = sigmoid(x.r + u.r(s.h))
        z = sigmoid(x.z + u.z(s.h))
        n = tanh(x.n + r * (u.n(s.h) + self.b_hn))
        return State(h=(1 - z) * n + z * s.h)


@register_cell("gru_reset_before")
class GRUResetBefore(Cell):
    """Gated recurrent unit as first published: reset before the matrix product (Cho et al. 2014).

    r = σ(W_r x + U_r h + b_r)      z = σ(W_z x + U_z h + b_z)
    n = tanh(W_n x + U_n (r ⊙ h) + b_n)
    h' = (1 − z) ⊙ n + z ⊙ h
    """

    gates = ("r", "z", "n")

    def step(self, x: Gates, u: Products, s: State) -> State:
        r = sigmoid(x.r + u.r(s.h))
        z = sigmoid(x.z + u.z(s.h))
        n = tanh(x.n + u.n(r * s.h))
        return State(h=(1 - z) * n + z * s.h)


@register_cell("mgu")
class MGU(Cell):
    """Minimal gated unit (Zhou et al. 2016): one gate forgets and resets.

    f = σ(W_f x + U_f h + b_f)
    n = tanh(W_n x + U_n (f ⊙ h) + b_n)
    h' = (1 − f) ⊙ h + f ⊙ n
    """

    gates = ("f", "n")

    def step(self, x: Gates, u: Products, s: State) -> State:
        f = sigmoid(x.f + u.f(s.h))
        n = tanh(x.n + u.n(f * s.h))
        return State(h=(1 - f) * s.h + f * n)
