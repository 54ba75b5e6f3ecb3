"""The cell of xLSTM whose memory is a vector."""

from typing import Any

from torch import exp, maximum, sigmoid, tanh
from torch.nn.functional import logsigmoid

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.matrices import Blocks


@register_cell("slstm")
class SLSTM(Cell):
    """LSTM with an exponential input gate, a normaliser and heads (Beck et al. 2024).

    a = W_i x + U_i h + b_i          f = log σ(W_f x + U_f h + b_f)
    m' = max(f + m, a)               g = tanh(W_g x + U_g h + b_g)
    c' = exp(f + m − m') ⊙ c + exp(a − m') ⊙ g
    n' = exp(f + m − m') ⊙ n + exp(a − m')
    h' = σ(W_o x + U_o h + b_o) ⊙ c' / n'

    Every U has a block for each head: H must be a multiple of ``heads``.
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c", "n", "m")
    bookkeeping = ("c", "n", "m")  # c and n are in units of exp(m)
    heads: int = 4

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.U = Blocks(self.heads)

    def step(self, x: Gates, u: Products, s: State) -> State:
        a = x.i + u.i(s.h)
        f = logsigmoid(x.f + u.f(s.h)) + s.m
        m = maximum(f, a)
        keep, add = exp(f - m), exp(a - m)
        c = keep * s.c + add * tanh(x.g + u.g(s.h))
        n = keep * s.n + add
        return State(h=sigmoid(x.o + u.o(s.h)) * c / n, c=c, n=n, m=m)
