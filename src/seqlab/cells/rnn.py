"""Simple recurrent networks: tanh, relu, with an output layer, and the linear one of PyTorch's tutorial."""

from torch import relu, sigmoid, tanh

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


@register_cell("elman")
class Elman(Cell):
    """Simple recurrent network with an output layer of its own (Elman 1990).

    h' = tanh(W x + U h + b)
    y = σ(V h')
    """

    gates = ("h", "y")
    output = "y"

    def step(self, x: Gates, u: Products, s: State) -> State:
        h = tanh(x.h + u.h(s.h))
        return State(h=h, y=sigmoid(u.y(h)))


@register_cell("tutorial_rnn")
class TutorialRNN(Cell):
    """The linear network of the PyTorch tutorial "NLP From Scratch" (Robertson 2017): no nonlinearity at all.

    h' = A [x, h] + a
    y = C [x, h] + c

    The output reads the state before the step. The tutorial's C has 18 rows, one per class; here y has size H
    and the head follows, which is the same linear map in two factors.
    """

    gates = ("h", "y")
    output = "y"

    def step(self, x: Gates, u: Products, s: State) -> State:
        return State(h=x.h + u.h(s.h), y=x.y + u.y(s.h))
