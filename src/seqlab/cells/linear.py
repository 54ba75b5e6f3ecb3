"""Cells that are linear in their state, or nearly: no U, so a sequence could be read all at once."""

import math

import torch
from torch import Tensor, cos, exp, expm1, sigmoid, sin, sqrt, tanh
from torch.nn.functional import logsigmoid, silu

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Gate, Parameter, Vector


@register_cell("mingru")
class MinGRU(Cell):
    """Minimal GRU whose gate does not read the state (Feng et al. 2024).

    z = σ(W_z x + b_z)               n = W_n x + b_n
    h' = (1 − z) ⊙ h + z ⊙ n
    """

    gates = ("z", "n")

    def step(self, x: Gates, u: Products, s: State) -> State:  # noqa: ARG002
        z = sigmoid(x.z)
        return State(h=(1 - z) * s.h + z * x.n)


@register_cell("minlstm")
class MinLSTM(Cell):
    """Minimal LSTM whose gates do not read the state and sum to 1 (Feng et al. 2024).

    f = σ(W_f x + b_f)               i = σ(W_i x + b_i)
    n = W_n x + b_n
    h' = f / (f + i) ⊙ h + i / (f + i) ⊙ n
    """

    gates = ("f", "i", "n")

    def step(self, x: Gates, u: Products, s: State) -> State:  # noqa: ARG002
        f, i = sigmoid(x.f), sigmoid(x.i)
        return State(h=(f * s.h + i * x.n) / (f + i))


@register_cell("sru")
class SRU(Cell):
    """Simple recurrent unit, with a highway past the state (Lei et al. 2018).

    f = σ(W_f x + v_f ⊙ c + b_f)     r = σ(W_r x + v_r ⊙ c + b_r)
    c' = f ⊙ c + (1 − f) ⊙ W_c x     h = r ⊙ c' + (1 − r) ⊙ W_x x

    In the paper x is as wide as c, and the highway is x itself.
    """

    gates = {"f": "H", "r": "H", "c": Gate(bias=False), "x": Gate(bias=False)}
    state = ("c",)
    output = "h"
    v_f, v_r = Vector("bias"), Vector("bias")

    def step(self, x: Gates, u: Products, s: State) -> State:  # noqa: ARG002
        f = sigmoid(x.f + self.v_f * s.c)
        r = sigmoid(x.r + self.v_r * s.c)
        c = f * s.c + (1 - f) * x.c
        return State(c=c, h=r * c + (1 - r) * x.x)


@register_cell("qrnn")
class QRNN(Cell):
    """Quasi-recurrent network with a convolution over two steps, and fo-pooling (Bradbury et al. 2017).

    z = tanh(W_z x + V_z x₋ + b_z)   f = σ(W_f x + V_f x₋ + b_f)   o = σ(W_o x + V_o x₋ + b_o)
    c' = f ⊙ c + (1 − f) ⊙ z         h = o ⊙ c'                    with x₋ the x of the step before

    The products V x are states until the next step.
    """

    gates = {"z": "H", "f": "H", "o": "H"} | {f"next_{letter}": Gate(bias=False) for letter in "zfo"}
    state = ("c", "z", "f", "o")
    bookkeeping = ("z", "f", "o")
    output = "h"

    def step(self, x: Gates, u: Products, s: State) -> State:  # noqa: ARG002
        f = sigmoid(x.f + s.f)
        c = f * s.c + (1 - f) * tanh(x.z + s.z)
        return State(c=c, z=x.next_z, f=x.next_f, o=x.next_o, h=sigmoid(x.o + s.o) * c)


def _moduli(size: int) -> Tensor:
    """Return |λ| of values that are spread evenly over the unit disk."""
    return torch.sqrt((torch.arange(size) + 0.5) / size)


@register_cell("lru")
class LRU(Cell):
    """Linear recurrent unit: a complex diagonal matrix, here as two real states (Orvieto et al. 2023).

    s' = λ ⊙ s + γ ⊙ B x             with λ = exp(−exp(ν) + i exp(θ)), B = B_re + i B_im
    y = Re(C s') + D x               with γ = exp(g), at the start √(1 − |λ|²)
    """

    gates = {"re": Gate(bias=False), "im": Gate(bias=False), "d": Gate(bias=False), "c_re": "H", "c_im": "H"}
    state = ("re", "im")
    output = "y"
    nu = Parameter("H", init=lambda size: torch.log(-torch.log(_moduli(size))))
    theta = Parameter("H", init=lambda size: torch.log(2 * math.pi * (1 - torch.rand(size))))
    g = Parameter("H", init=lambda size: 0.5 * torch.log(1 - _moduli(size) ** 2))

    def step(self, x: Gates, u: Products, s: State) -> State:
        modulus, angle, gamma = exp(-exp(self.nu)), exp(self.theta), exp(self.g)
        a, b = modulus * cos(angle), modulus * sin(angle)
        re = a * s.re - b * s.im + gamma * x.re
        im = a * s.im + b * s.re + gamma * x.im
        return State(re=re, im=im, y=u.c_re(re) - u.c_im(im) + x.d)


@register_cell("hgrn")
class HGRN(Cell):
    """Hierarchically gated recurrent network: a complex state that turns and forgets (Qin et al. 2023).

    s' = λ ⊙ exp(iθ) ⊙ s + (1 − λ) ⊙ silu(W_c x + b_c)        with s and W_c complex, here two real each
    λ = γ + (1 − γ) ⊙ σ(W_λ x + b_λ)
    y = U_o (σ(W_g x + b_g) ⊙ [Re(s') ; Im(s')]) + b_o

    The bound γ, an option, is 0 in the paper's first layer and learnt to grow from layer to layer.
    """

    gates = dict.fromkeys(("re", "im", "keep", "g_re", "g_im"), "H") | {
        "o_re": Gate(bias=False),
        "o_im": Gate(bias=False),
    }
    state = ("re", "im")
    output = "y"
    theta = Parameter("H", init=lambda size: 10000.0 ** -(torch.arange(size) / size))
    b_o = Vector("bias")
    gamma: float = 0.0

    def step(self, x: Gates, u: Products, s: State) -> State:
        keep = self.gamma + (1 - self.gamma) * sigmoid(x.keep)
        a, b = keep * cos(self.theta), keep * sin(self.theta)
        re = a * s.re - b * s.im + (1 - keep) * silu(x.re)
        im = a * s.im + b * s.re + (1 - keep) * silu(x.im)
        y = u.o_re(sigmoid(x.g_re) * re) + u.o_im(sigmoid(x.g_im) * im) + self.b_o
        return State(re=re, im=im, y=y)


def _between(size: int) -> Tensor:
    """Return Λ with σ(Λ)⁸ spread at random from 0.9 to 0.999."""
    return torch.logit((0.9 + 0.099 * torch.rand(size)) ** 0.125)


@register_cell("rg_lru")
class RGLRU(Cell):
    """Real-gated linear recurrent unit of Griffin (De et al. 2024).

    r = σ(W_r x + b_r)               i = σ(W_i x + b_i)
    a = σ(Λ)^(8 r)                   h' = a ⊙ h + √(1 − a²) ⊙ (i ⊙ W_v x)

    In the paper x is as wide as h, and has no W_v.
    """

    gates = {"r": "H", "i": "H", "v": Gate(bias=False)}
    Lambda = Parameter("H", init=_between)

    def step(self, x: Gates, u: Products, s: State) -> State:  # noqa: ARG002
        log_a = 8 * sigmoid(x.r) * logsigmoid(self.Lambda)
        return State(h=exp(log_a) * s.h + sqrt(-expm1(2 * log_a)) * sigmoid(x.i) * x.v)
