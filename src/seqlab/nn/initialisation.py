"""Initialisations of parameters; each works with every cell."""

import math
from typing import Protocol, cast

from torch import Tensor, nn

from seqlab.cells import Cell, Layout, Parameter
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

    def blocks(self, letter: str) -> list[Tensor]:
        """The gates' matrices, "W" or "U", that start as an initialisation says: views, [rows, columns]."""
        ...

    def bias(self, gate: str) -> Tensor | None:
        """The bias of a gate, a view; None if it has none."""
        ...

    @property
    def own(self) -> nn.ParameterDict:
        """The cell's own parameters by name."""
        ...


@register_init("torch")
def torch(layer: Parameters) -> None:
    """Sample all parameters from U(−1/√H, 1/√H), as torch.nn.LSTM, GRU and RNN do."""
    for parameter in (*layer.blocks("W"), *layer.blocks("U"), layer.b):
        _uniform(parameter, layer.hidden_size)
    for name, vector in layer.cell.declared(Parameter).items():
        if vector.init == "bias":
            _uniform(layer.own[name], layer.hidden_size)


@register_init("keras")
def keras(layer: Parameters) -> None:
    """Make W Glorot-uniform, U orthogonal (Saxe et al. 2014), biases 0, forget bias 1 (Gers et al. 2000)."""
    for block in layer.blocks("W"):
        nn.init.xavier_uniform_(block)
    for block in layer.blocks("U"):
        nn.init.orthogonal_(block)
    nn.init.zeros_(layer.b)
    if _has_forget_gate(layer):
        nn.init.ones_(_bias(layer, "f"))


@register_init("kaiming")
def kaiming(layer: Parameters) -> None:
    """Make all matrices Kaiming-uniform for relu (He et al. 2015), and biases 0."""
    for block in (*layer.blocks("W"), *layer.blocks("U")):
        nn.init.kaiming_uniform_(block, nonlinearity="relu")
    nn.init.zeros_(layer.b)


@register_init("chrono")
def chrono(layer: Parameters, *, init_steps: MemorySteps | None = None) -> None:
    """Initialise as keras does, but gates remember for 1 to ``init_steps`` steps (Tallec & Ollivier 2018).

    b_f = ln U(1, init_steps − 1), b_i = −b_f for an LSTM; b_z = ln U(1, init_steps − 1) for a GRU.
    """
    keras(layer)
    remembers = "f" if _has_forget_gate(layer) else "z"
    if layer.bias(remembers) is None:
        raise ConfigError(
            f"init=chrono needs a gate that remembers, f or z, with a bias; cell '{layer.cell.name}' has none"
        )
    if init_steps is None:
        raise ConfigError("init=chrono needs init_steps, the longest memory to start with, 3 or more")
    bias = _bias(layer, remembers)
    bias.uniform_(1, init_steps - 1).log_()
    if remembers == "f" and layer.bias("i") is not None:
        _bias(layer, "i").copy_(-bias)


def _has_forget_gate(layer: Parameters) -> bool:
    # A gate f without a cell state means something else: the minimal gated unit's f lets the new value in.
    return layer.bias("f") is not None and "c" in layer.cell.state


def _bias(layer: Parameters, gate: str) -> Tensor:
    return cast("Tensor", layer.bias(gate))


def _uniform(tensor: Tensor, hidden_size: int) -> None:
    nn.init.uniform_(tensor, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))
