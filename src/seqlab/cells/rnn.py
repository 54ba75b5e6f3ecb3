"""The plain recurrent network, with tanh or relu."""

from torch import relu, tanh

from seqlab.cells.base import Cell, Gates, Products, State, register_cell


@register_cell("rnn")
class RNN(Cell):
    """Simple recurrent network (Elman 1990), as torch.nn.RNN has it.

    h' = tanh(W x + U h + b)
    """

    gates = ("h",)

    def step(self, x: Gates, u: Products, s: State) -> State:
        return State(h=tanh(x.h + u.h(s.h)))


@register_cell("rnn_relu")
class RNNReLU(Cell):
    """Simple recurrent network with rectified units (Le et al. 2015), as torch.nn.RNN has it.

    h' = relu(W x + U h + b)
    """

    gates = ("h",)

    def step(self, x: Gates, u: Products, s: State) -> State:
        return State(h=relu(x.h + u.h(s.h)))
