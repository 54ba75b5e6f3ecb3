"""Cells with fewer gates or parameters than a GRU: one gate or none, or one W and U for all."""

import torch
from torch import relu, sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Gate, Norm, Scalar, Vector
from seqlab.cells.matrices import Dense


@register_cell("irnn")
class IRNN(Cell):
    """Rectified units that begin by keeping their state (Le et al. 2015).

    h' = relu(W x + U h + b)    with U = I and b = 0 at the start
    """

    gates = {"h": Gate(bias=0.0)}
    U = Dense(init=torch.eye)

    def step(self, x: Gates, u: Products, s: State) -> State:
        return State(h=relu(x.h + u.h(s.h)))


@register_cell("ugrnn")
class UGRNN(Cell):
    """Update gate recurrent network (Collins et al. 2017).

    g = σ(W_g x + U_g h + b_g)       n = tanh(W_n x + U_n h + b_n)
    h' = g ⊙ h + (1 − g) ⊙ n
    """

    gates = ("g", "n")

    def step(self, x: Gates, u: Products, s: State) -> State:
        g = sigmoid(x.g + u.g(s.h))
        n = tanh(x.n + u.n(s.h))
        return State(h=g * s.h + (1 - g) * n)


@register_cell("ran")
class RAN(Cell):
    """Recurrent additive network, an LSTM whose content is linear in x (Lee et al. 2017).

    i = σ(W_i x + U_i h + b_i)       f = σ(W_f x + U_f h + b_f)
    c' = i ⊙ W_c x + f ⊙ c           h' = tanh(c')
    """

    gates = {"i": "H", "f": "H", "c": Gate(bias=False)}
    state = ("h", "c")

    def step(self, x: Gates, u: Products, s: State) -> State:
        i = sigmoid(x.i + u.i(s.h))
        f = sigmoid(x.f + u.f(s.h))
        c = i * x.c + f * s.c
        return State(h=tanh(c), c=c)


@register_cell("ligru")
class LiGRU(Cell):
    """Light gated recurrent unit: rectified, no reset gate (Ravanelli et al. 2018).

    z = σ(LN_z(W_z x) + U_z h)       n = relu(LN_n(W_n x) + U_n h)
    h' = z ⊙ h + (1 − z) ⊙ n

    The paper normalises W x over the batch; a layer norm does not mix sequences.
    """

    gates = {"z": Gate(bias=False), "n": Gate(bias=False)}
    norm_z, norm_n = Norm(), Norm()

    def step(self, x: Gates, u: Products, s: State) -> State:
        z = sigmoid(self.norm_z(x.z) + u.z(s.h))
        n = relu(self.norm_n(x.n) + u.n(s.h))
        return State(h=z * s.h + (1 - z) * n)


@register_cell("fastrnn")
class FastRNN(Cell):
    """Simple recurrent network with a weighted residual connection (Kusupati et al. 2018).

    h' = σ(α) tanh(W x + U h + b) + σ(β) h    with numbers α and β
    """

    gates = ("h",)
    alpha, beta = Scalar(-3.0), Scalar(3.0)

    def step(self, x: Gates, u: Products, s: State) -> State:
        return State(h=sigmoid(self.alpha) * tanh(x.h + u.h(s.h)) + sigmoid(self.beta) * s.h)


@register_cell("fastgrnn")
class FastGRNN(Cell):
    """Gate and candidate of one W and one U (Kusupati et al. 2018).

    z = σ(W x + U h + b_z)           n = tanh(W x + U h + b_n)
    h' = (σ(ζ) (1 − z) + σ(ν)) ⊙ n + z ⊙ h    with numbers ζ and ν
    """

    gates = {"a": Gate(bias=False)}
    b_z, b_n = Vector(1.0), Vector(1.0)
    zeta, nu = Scalar(1.0), Scalar(-4.0)

    def step(self, x: Gates, u: Products, s: State) -> State:
        a = x.a + u.a(s.h)
        z = sigmoid(a + self.b_z)
        n = tanh(a + self.b_n)
        return State(h=(sigmoid(self.zeta) * (1 - z) + sigmoid(self.nu)) * n + z * s.h)


@register_cell("atr")
class ATR(Cell):
    """Addition-subtraction twin-gated recurrent network (Zhang et al. 2018).

    p = W x       i = σ(p + q)
    q = U h       f = σ(p − q)
    h' = i ⊙ p + f ⊙ h
    """

    gates = {"p": Gate(bias=False)}

    def step(self, x: Gates, u: Products, s: State) -> State:
        p, q = x.p, u.p(s.h)
        return State(h=sigmoid(p + q) * p + sigmoid(p - q) * s.h)


@register_cell("star")
class STAR(Cell):
    """Stackable recurrent cell (Turkoglu et al. 2021).

    k = σ(W_k x + U_k h + b_k)       z = tanh(W_z x + b_z)
    h' = tanh((1 − k) ⊙ h + k ⊙ z)
    """

    gates = ("k", "z")

    def step(self, x: Gates, u: Products, s: State) -> State:
        k = sigmoid(x.k + u.k(s.h))
        return State(h=tanh((1 - k) * s.h + k * tanh(x.z)))


@register_cell("janet")
class JANET(Cell):
    """Just another network: an LSTM with a forget gate alone (van der Westhuizen & Lasenby 2018).

    a = W_f x + U_f h + b_f          n = tanh(W_n x + U_n h + b_n)
    h' = σ(a) ⊙ h + (1 − σ(a − β)) ⊙ n
    """

    gates = ("f", "n")
    beta: float = 1.0

    def step(self, x: Gates, u: Products, s: State) -> State:
        a = x.f + u.f(s.h)
        n = tanh(x.n + u.n(s.h))
        return State(h=sigmoid(a) * s.h + (1 - sigmoid(a - self.beta)) * n)
