"""Long short-term memory."""

from torch import sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell


@register_cell("lstm")
class LSTM(Cell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

    i = σ(W_i x + U_i h + b_i)      f = σ(W_f x + U_f h + b_f)
    g = tanh(W_g x + U_g h + b_g)   o = σ(W_o x + U_o h + b_o)
    c' = f ⊙ c + i ⊙ g              h' = o ⊙ tanh(c')
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c")

    def step(self, x: Gates, u: Products, s: State) -> State:
        i = sigmoid(x.i + u.i(s.h))
        f = sigmoid(x.f + u.f(s.h))
        g = tanh(x.g + u.g(s.h))
        o = sigmoid(x.o + u.o(s.h))
        c = f * s.c + i * g
        return State(h=o * tanh(c), c=c)
