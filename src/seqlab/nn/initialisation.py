"""How parameters start. Named, and set beside the cell: one cell, any initialisation."""

import math
from typing import Protocol

from torch import Tensor, nn

from seqlab.cells import Cell, Layout, Vector
from seqlab.errors import ConfigError
from seqlab.registry.catalog import register_init
from seqlab.registry.types import MemorySteps


class Parameters(Protocol):
    """The parameters of one layer in one direction, as ``seqlab.nn.recurrent.Layer`` holds them."""

    cell: Cell
    layout: Layout
    hidden_size: int
    W: nn.Parameter
    U: nn.Parameter
    b: nn.Parameter

    @property
    def own(self) -> nn.ParameterDict:
        """The cell's vectors and scalars by name."""
        ...


@register_init("torch")
def torch(layer: Parameters) -> None:
    """All from U(−1/√H, 1/√H), as torch.nn.LSTM, GRU and RNN do."""
    for parameter in (layer.W, layer.U, layer.b):
        _uniform(parameter, layer.hidden_size)
    for name, vector in layer.cell.own(Vector).items():
        if vector.init == "bias":
            _uniform(layer.own[name], layer.hidden_size)


@register_init("keras")
def keras(layer: Parameters) -> None:
    """W Glorot-uniform, U orthogonal (Saxe et al. 2014), biases 0, forget bias 1 (Gers et al. 2000)."""
    for block in layer.W.view(-1, layer.hidden_size, layer.W.shape[1]):
        nn.init.xavier_uniform_(block)
    for block in layer.U.view(-1, layer.hidden_size, layer.hidden_size):
        nn.init.orthogonal_(block)
    nn.init.zeros_(layer.b)
    if _has_forget_gate(layer):
        nn.init.ones_(_bias(layer, "f"))


@register_init("kaiming")
def kaiming(layer: Parameters) -> None:
    """All matrices Kaiming-uniform for relu (He et al. 2015), biases 0."""
    for fused in (layer.W, layer.U):
        for block in fused.view(-1, layer.hidden_size, fused.shape[1]):
            nn.init.kaiming_uniform_(block, nonlinearity="relu")
    nn.init.zeros_(layer.b)


@register_init("chrono")
def chrono(layer: Parameters, *, init_steps: MemorySteps | None = None) -> None:
    """As keras, but gates start to remember for 1 to ``init_steps`` steps (Tallec & Ollivier 2018).

    b_f = ln U(1, init_steps − 1), b_i = −b_f for an LSTM; b_z = ln U(1, init_steps − 1) for a GRU.
    """
    keras(layer)
    remembers = "f" if _has_forget_gate(layer) else "z"
    if remembers not in layer.layout.inputs:
        raise ConfigError(
            f"init=chrono needs a gate that remembers, f or z; cell '{layer.cell.name}' has none"
        )
    if init_steps is None:
        raise ConfigError("init=chrono needs init_steps, the longest memory to start with, 3 or more")
    bias = _bias(layer, remembers)
    bias.uniform_(1, init_steps - 1).log_()
    if remembers == "f" and "i" in layer.layout.inputs:
        _bias(layer, "i").copy_(-bias)


def _has_forget_gate(layer: Parameters) -> bool:
    # A gate f without a cell state means something else: the minimal gated unit's f lets the new value in.
    return "f" in layer.layout.inputs and "c" in layer.cell.state


def _bias(layer: Parameters, gate: str) -> Tensor:
    return layer.b.view(-1, layer.hidden_size)[layer.layout.inputs.index(gate)]


def _uniform(tensor: Tensor, hidden_size: int) -> None:
    nn.init.uniform_(tensor, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))
