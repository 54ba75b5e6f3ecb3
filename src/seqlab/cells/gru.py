"""The gated recurrent unit."""

from torch import sigmoid, tanh

from seqlab.cells.base import Cell, Gates, Products, State, Vector, register_cell


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
