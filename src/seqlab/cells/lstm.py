"""Long short-term memory and its variants: peepholes, layer normalisation, coupled gates."""

from torch import sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Norm, Vector


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


@register_cell("lstm_peephole")
class LSTMPeephole(Cell):
    """LSTM whose gates see the cell state (Gers & Schmidhuber 2000).

    i = σ(W_i x + U_i h + p_i ⊙ c + b_i)     f = σ(W_f x + U_f h + p_f ⊙ c + b_f)
    g = tanh(W_g x + U_g h + b_g)            c' = f ⊙ c + i ⊙ g
    o = σ(W_o x + U_o h + p_o ⊙ c' + b_o)    h' = o ⊙ tanh(c')
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    p_i, p_f, p_o = Vector(), Vector(), Vector()

    def step(self, x: Gates, u: Products, s: State) -> State:
        i = sigmoid(x.i + u.i(s.h) + self.p_i * s.c)
        f = sigmoid(x.f + u.f(s.h) + self.p_f * s.c)
        g = tanh(x.g + u.g(s.h))
        c = f * s.c + i * g
        o = sigmoid(x.o + u.o(s.h) + self.p_o * c)
        return State(h=o * tanh(c), c=c)


@register_cell("lstm_layernorm")
class LSTMLayerNorm(Cell):
    """LSTM with layer normalisation of each summed gate and of the cell state (Ba et al. 2016).

    i = σ(LN_i(W_i x + U_i h + b_i))      f = σ(LN_f(W_f x + U_f h + b_f))
    g = tanh(LN_g(W_g x + U_g h + b_g))   o = σ(LN_o(W_o x + U_o h + b_o))
    c' = f ⊙ c + i ⊙ g                    h' = o ⊙ tanh(LN_c(c'))
    """

    gates = ("i", "f", "g", "o")
    state = ("h", "c")
    norm_i, norm_f, norm_g, norm_o, norm_c = Norm(), Norm(), Norm(), Norm(), Norm()

    def step(self, x: Gates, u: Products, s: State) -> State:
        i = sigmoid(self.norm_i(x.i + u.i(s.h)))
        f = sigmoid(self.norm_f(x.f + u.f(s.h)))
        g = tanh(self.norm_g(x.g + u.g(s.h)))
        o = sigmoid(self.norm_o(x.o + u.o(s.h)))
        c = f * s.c + i * g
        return State(h=o * tanh(self.norm_c(c)), c=c)


@register_cell("lstm_coupled")
class LSTMCoupled(Cell):
    """LSTM with one gate for input and forgetting, f = 1 − i (Greff et al. 2015).

    i = σ(W_i x + U_i h + b_i)      g = tanh(W_g x + U_g h + b_g)
    o = σ(W_o x + U_o h + b_o)
    c' = (1 − i) ⊙ c + i ⊙ g        h' = o ⊙ tanh(c')
    """

    gates = ("i", "g", "o")
    state = ("h", "c")

    def step(self, x: Gates, u: Products, s: State) -> State:
        i = sigmoid(x.i + u.i(s.h))
        g = tanh(x.g + u.g(s.h))
        o = sigmoid(x.o + u.o(s.h))
        c = (1 - i) * s.c + i * g
        return State(h=o * tanh(c), c=c)
