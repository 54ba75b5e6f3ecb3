"""Cells in continuous time: they are given the time ``dt`` since the step before, 1 if nobody says."""

import torch
from torch import exp, relu, sigmoid, tanh, where

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Parameter, Vector
from seqlab.cells.inputs import Input, Interval


@register_cell("ltc")
class LTC(Cell):
    """Liquid time constants, with a neural network for all synapses of a unit (Hasani et al. 2021).

    v' = (v + δ f ⊙ A) / (1 + δ (1/τ + f))    ``unfolds`` times, with δ = dt / unfolds
    f = σ(W x + U v + b)                      τ = exp(t)
    """

    gates = ("v",)
    state = ("v",)
    output = "v"
    inputs = {"dt": Interval(default=1.0)}
    A, t = Vector(1.0), Vector(0.0)
    unfolds: int = 6

    def step(self, x: Gates, u: Products, s: State) -> State:
        v, d, leak = s.v, x.dt / self.unfolds, exp(-self.t)
        for _ in range(self.unfolds):
            f = sigmoid(x.v + u.v(v))
            v = (v + d * f * self.A) / (1 + d * (leak + f))
        return State(v=v)


@register_cell("cfc")
class CfC(Cell):
    """Closed-form continuous time, with one layer as backbone (Hasani et al. 2022).

    z = 1.7159 tanh(2/3 (W x + U h + b))
    k = σ((U_a z + b_a) dt + U_t z + b_t)
    h' = (1 − k) ⊙ tanh(U_f z + b_f) + k ⊙ tanh(U_g z + b_g)
    """

    backbone: int = 128
    gates = {"z": "backbone", "a": "H", "t": "H", "f": "H", "g": "H"}
    inputs = {"dt": Interval(default=1.0)}
    b_a, b_t, b_f, b_g = Vector("bias"), Vector("bias"), Vector("bias"), Vector("bias")

    def step(self, x: Gates, u: Products, s: State) -> State:
        z = 1.7159 * tanh((x.z + u.z(s.h)) * 2 / 3)
        k = sigmoid((u.a(z) + self.b_a) * x.dt + u.t(z) + self.b_t)
        return State(h=(1 - k) * tanh(u.f(z) + self.b_f) + k * tanh(u.g(z) + self.b_g))


@register_cell("gru_d")
class GRUD(Cell):
    """GRU for values that are missing: they decay to their mean, 0 if standardised (Che et al. 2018).

    l' = m ⊙ x + (1 − m) ⊙ l         x̂ = m ⊙ x + (1 − m) ⊙ exp(−relu(g_x ⊙ dt + b_x)) ⊙ l'
    ĥ = exp(−relu(W_h dt + b_h)) ⊙ h
    r = σ(W_r x̂ + U_r ĥ + V_r m + b_r)
    z = σ(W_z x̂ + U_z ĥ + V_z m + b_z)
    n = tanh(W_n x̂ + U_n (r ⊙ ĥ) + V_n m + b_n)
    h' = (1 − z) ⊙ ĥ + z ⊙ n

    The mask m is 1 where a value of x is there; dt is the time since each was there. Both are as wide as x,
    and 1 if nobody gives them.
    """

    gates = ("r", "z", "n", "xr", "xz", "xn", "mr", "mz", "mn", "decay")
    state = {"h": "H", "last": "I"}
    bookkeeping = ("last",)
    inputs = {"x": "I", "mask": Input("I", default=1.0), "dt": Interval("I", default=1.0)}
    g_x, b_x = Parameter("I", init=0.1), Parameter("I")
    b_h, b_r, b_z, b_n = Vector(), Vector("bias"), Vector("bias"), Vector("bias")

    def step(self, x: Gates, u: Products, s: State) -> State:
        m = x.mask
        last = m * x.x + (1 - m) * s.last
        seen = m * x.x + (1 - m) * exp(-relu(self.g_x * x.dt + self.b_x)) * last
        h = exp(-relu(u.decay(x.dt) + self.b_h)) * s.h
        r = sigmoid(u.xr(seen) + u.r(h) + u.mr(m) + self.b_r)
        z = sigmoid(u.xz(seen) + u.z(h) + u.mz(m) + self.b_z)
        n = tanh(u.xn(seen) + u.n(r * h) + u.mn(m) + self.b_n)
        return State(h=(1 - z) * h + z * n, last=last)


@register_cell("phased_lstm")
class PhasedLSTM(Cell):
    """LSTM with peepholes whose units open for a part of a period of their own (Neil et al. 2016).

    i = σ(W_i x + U_i h + w_i ⊙ c + b_i)       f = σ(W_f x + U_f h + w_f ⊙ c + b_f)
    c̃ = f ⊙ c + i ⊙ tanh(W_g x + U_g h + b_g)
    h̃ = σ(W_o x + U_o h + w_o ⊙ c̃ + b_o) ⊙ tanh(c̃)
    c' = k ⊙ c̃ + (1 − k) ⊙ c                  h' = k ⊙ h̃ + (1 − k) ⊙ h

    φ = (t / τ − s) mod 1 is the place in the period; k rises from 0 to 1 up to φ = r/2, falls to 0 up to
    φ = r, and is α φ then. In the paper the leak α is 0 in evaluation, here it is the same.
    """

    gates = ("i", "f", "g", "o")
    state = {"h": "H", "c": "H", "time": ()}
    bookkeeping = ("time",)
    inputs = {"dt": Interval(default=1.0)}
    w_i, w_f, w_o = Vector("bias"), Vector("bias"), Vector("bias")
    tau = Parameter("H", init=lambda size: torch.exp(3 * torch.rand(size)))
    shift = Parameter("H", init=torch.rand)
    open_for: float = 0.05
    leak: float = 0.001

    def step(self, x: Gates, u: Products, s: State) -> State:
        time = s.time + x.dt
        phase, half = (time / self.tau - self.shift) % 1, self.open_for / 2
        falls = where(phase < self.open_for, 2 - phase / half, self.leak * phase)
        k = where(phase < half, phase / half, falls)
        i = sigmoid(x.i + u.i(s.h) + self.w_i * s.c)
        f = sigmoid(x.f + u.f(s.h) + self.w_f * s.c)
        c = f * s.c + i * tanh(x.g + u.g(s.h))
        h = sigmoid(x.o + u.o(s.h) + self.w_o * c) * tanh(c)
        return State(h=k * h + (1 - k) * s.h, c=k * c + (1 - k) * s.c, time=time)
