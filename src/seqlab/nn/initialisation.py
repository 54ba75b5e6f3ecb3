"""How parameters start. Named, and set beside the cell: one cell, any initialisation."""

import math
from collections.abc import Callable
from typing import Protocol

from torch import Tensor, nn

from seqlab.cells import Cell, Layout, Vector


class Parameters(Protocol):
    """The parameters of one layer in one direction, as ``seqlab.nn.recurrent.Layer`` holds them."""

    cell: Cell
    layout: Layout
    hidden_size: int
    W: nn.Parameter
    U: nn.Parameter
    b: nn.Parameter
    own: nn.ParameterDict


def _torch(layer: Parameters) -> None:
    """All from U(−1/√H, 1/√H), as torch.nn.LSTM, GRU and RNN do."""
    for parameter in (layer.W, layer.U, layer.b):
        _uniform(parameter, layer.hidden_size)
    for name, vector in layer.cell.own(Vector).items():
        if vector.init == "bias":
            _uniform(layer.own[name], layer.hidden_size)


def _keras(layer: Parameters) -> None:
    """W Glorot-uniform, U orthogonal (Saxe et al. 2014), biases 0, forget bias 1 (Gers et al. 2000)."""
    for block in layer.W.view(len(layer.layout.inputs), layer.hidden_size, -1):
        nn.init.xavier_uniform_(block)
    for block in layer.U.view(len(layer.layout.recurrent), layer.hidden_size, -1):
        nn.init.orthogonal_(block)
    nn.init.zeros_(layer.b)
    if "f" in layer.layout.inputs:
        nn.init.ones_(layer.b.view(-1, layer.hidden_size)[layer.layout.inputs.index("f")])


def _uniform(tensor: Tensor, hidden_size: int) -> None:
    nn.init.uniform_(tensor, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))


INITIALISATIONS: dict[str, Callable[[Parameters], None]] = {"torch": _torch, "keras": _keras}
"""Every initialisation of W, U, b and bias-like vectors by name."""
