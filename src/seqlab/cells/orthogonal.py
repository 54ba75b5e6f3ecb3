"""Cells whose matrix neither shrinks nor grows what it multiplies: antisymmetric and orthogonal U."""

from typing import Any

from torch import relu, sigmoid, sign, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Gate, Vector
from seqlab.cells.matrices import Orthogonal, Skew


@register_cell("antisymmetric")
class Antisymmetric(Cell):
    """Antisymmetric recurrent network, a step of a stable differential equation (Chang et al. 2019).

    h' = h + ε tanh(W x + (A − Aᵀ − γI) h + b)
    """

    gates: tuple[str, ...] = ("h",)
    epsilon: float = 0.1
    gamma: float = 0.01

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.U = Skew(self.gamma)

    def step(self, x: Gates, u: Products, s: State) -> State:
        return State(h=s.h + self.epsilon * tanh(x.h + u.h(s.h)))


@register_cell("antisymmetric_gated")
class AntisymmetricGated(Antisymmetric):
    """Antisymmetric recurrent network with an input gate of the same matrix (Chang et al. 2019).

    z = σ(W_z x + (A − Aᵀ − γI) h + b_z)
    h' = h + ε z ⊙ tanh(W_h x + (A − Aᵀ − γI) h + b_h)
    """

    gates = ("h", "z")

    def step(self, x: Gates, u: Products, s: State) -> State:
        product = u.h(s.h)
        return State(h=s.h + self.epsilon * sigmoid(x.z + product) * tanh(x.h + product))


@register_cell("orthogonal")
class OrthogonalRNN(Cell):
    """Recurrent network whose U is a rotation (Lezcano-Casado & Martínez-Rubio 2019).

    a = W x + exp(A − Aᵀ) h
    h' = sign(a) ⊙ relu(|a| + b)
    """

    gates = {"h": Gate(bias=False)}
    U = Orthogonal()
    b = Vector()

    def step(self, x: Gates, u: Products, s: State) -> State:
        a = x.h + u.h(s.h)
        return State(h=sign(a) * relu(abs(a) + self.b))
