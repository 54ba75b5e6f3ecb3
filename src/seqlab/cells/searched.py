"""Cells that a search found: three by evolution, one by reinforcement learning."""

from torch import relu, sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Gate, Vector


@register_cell("mut1")
class MUT1(Cell):
    """The first of three cells found by mutations of a GRU (Jozefowicz et al. 2015).

    z = σ(W_z x + b_z)               r = σ(W_r x + U_r h + b_r)
    n = tanh(U_n (r ⊙ h) + tanh(W_n x) + b_n)
    h' = z ⊙ n + (1 − z) ⊙ h

    In the paper x is as wide as h, and has no W_n.
    """

    gates = {"z": "H", "r": "H", "n": Gate(bias=False)}
    b_n = Vector("bias")

    def step(self, x: Gates, u: Products, s: State) -> State:
        z = sigmoid(x.z)
        r = sigmoid(x.r + u.r(s.h))
        n = tanh(u.n(r * s.h) + tanh(x.n) + self.b_n)
        return State(h=z * n + (1 - z) * s.h)


@register_cell("mut2")
class MUT2(Cell):
    """The second of three cells found by mutations of a GRU (Jozefowicz et al. 2015).

    z = σ(W_z x + U_z h + b_z)       r = σ(W_r x + U_r h + b_r)
    n = tanh(U_n (r ⊙ h) + W_n x + b_n)
    h' = z ⊙ n + (1 − z) ⊙ h

    In the paper x is as wide as h, and r has it without W_r.
    """

    gates = ("z", "r", "n")

    def step(self, x: Gates, u: Products, s: State) -> State:
        z = sigmoid(x.z + u.z(s.h))
        r = sigmoid(x.r + u.r(s.h))
        n = tanh(u.n(r * s.h) + x.n)
        return State(h=z * n + (1 - z) * s.h)


@register_cell("mut3")
class MUT3(Cell):
    """The third of three cells found by mutations of a GRU (Jozefowicz et al. 2015).

    z = σ(W_z x + U_z tanh(h) + b_z)     r = σ(W_r x + U_r h + b_r)
    n = tanh(U_n (r ⊙ h) + W_n x + b_n)
    h' = z ⊙ n + (1 − z) ⊙ h
    """

    gates = ("z", "r", "n")

    def step(self, x: Gates, u: Products, s: State) -> State:
        z = sigmoid(x.z + u.z(tanh(s.h)))
        r = sigmoid(x.r + u.r(s.h))
        n = tanh(u.n(r * s.h) + x.n)
        return State(h=z * n + (1 - z) * s.h)


@register_cell("nas")
class NAS(Cell):
    """The cell that a neural architecture search found (Zoph & Le 2017).

    a = tanh(σ(W_0 x + U_0 h) ⊙ relu(W_1 x + U_1 h))
    b = tanh(σ(W_2 x + U_2 h) + relu(W_3 x ⊙ U_3 h))
    d = tanh(tanh(W_4 x + U_4 h) ⊙ σ(W_5 x + U_5 h))
    e = σ(tanh(W_6 x + U_6 h) + σ(W_7 x + U_7 h))
    c' = tanh(a + c) ⊙ b
    h' = tanh(c' ⊙ tanh(d + e))

    As TensorFlow Addons has it; torchrecurrent adds in b where the paper multiplies W_3 x by U_3 h.
    """

    gates = {f"a{number}": Gate(bias=False) for number in range(8)}
    state = ("h", "c")

    def step(self, x: Gates, u: Products, s: State) -> State:
        h = s.h
        a = tanh(sigmoid(x.a0 + u.a0(h)) * relu(x.a1 + u.a1(h)))
        b = tanh(sigmoid(x.a2 + u.a2(h)) + relu(x.a3 * u.a3(h)))
        d = tanh(tanh(x.a4 + u.a4(h)) * sigmoid(x.a5 + u.a5(h)))
        e = sigmoid(tanh(x.a6 + u.a6(h)) + sigmoid(x.a7 + u.a7(h)))
        c = tanh(a + s.c) * b
        return State(h=tanh(c * tanh(d + e)), c=c)
