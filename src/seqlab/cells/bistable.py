"""Cells whose units can hold one of two values for ever."""

from torch import sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Gate


@register_cell("nbrc")
class NBRC(Cell):
    """Recurrently neuromodulated bistable cell (Vecoven et al. 2021).

    a = 1 + tanh(W_a x + U_a h)      c = σ(W_c x + U_c h)
    h' = c ⊙ h + (1 − c) ⊙ tanh(W_h x + a ⊙ h)
    """

    gates = {"a": Gate(bias=False), "c": Gate(bias=False), "h": Gate(bias=False)}

    def step(self, x: Gates, u: Products, s: State) -> State:
        a = 1 + tanh(x.a + u.a(s.h))
        c = sigmoid(x.c + u.c(s.h))
        return State(h=c * s.h + (1 - c) * tanh(x.h + a * s.h))
