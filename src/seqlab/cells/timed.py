"""Cells of units with clocks of their own, a reservoir that is not learnt, and units that spike."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, tanh, where

from seqlab.cells.base import Cell, Gates, Products, State, register_cell
from seqlab.cells.declared import Gate, Parameter
from seqlab.cells.matrices import Dense, Masked
from seqlab.cells.surrogate import with_slope

MODULES = 8
"""Groups of a clockwork's units, with periods 1, 2, 4, … 128."""


def _module(size: int) -> Tensor:
    """Return which module each unit is in."""
    return torch.arange(size) * min(MODULES, size) // size


def _faster_reads_slower(rows: int, columns: int) -> Tensor:
    return _module(rows)[:, None] <= _module(columns)


@register_cell("clockwork")
class Clockwork(Cell):
    """Clockwork network: modules that move every 1, 2, 4, … steps and read the slower (Koutník et al. 2014).

    h' = tanh(W x + U h + b) where a unit's wait is over, h elsewhere
    """

    gates = ("h",)
    state = ("h", "wait")
    bookkeeping = ("wait",)
    U = Masked(_faster_reads_slower)
    period = Parameter("H", init=lambda size: 2.0 ** _module(size), learn=False)

    def step(self, x: Gates, u: Products, s: State) -> State:
        moves = s.wait <= 0
        return State(
            h=where(moves, tanh(x.h + u.h(s.h)), s.h),
            wait=where(moves, self.period - 1, s.wait - 1),
        )


def _reservoir(rows: int, columns: int, radius: float) -> Tensor:
    """Return random numbers whose largest eigenvalue has the modulus ``radius``."""
    made = torch.rand(rows, columns) - 0.5
    scale: Tensor = radius / torch.linalg.eigvals(made).abs().max()
    return made * scale


@register_cell("esn")
class ESN(Cell):
    """Echo state network with leaky units: W and U stay as they start (Jaeger et al. 2007).

    h' = (1 − α) h + α tanh(W x + U h)    with U of a spectral radius below 1
    """

    gates = {"h": Gate(bias=False)}
    W = Dense(learn=False)
    leak: float = 0.3
    radius: float = 0.9

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.U = Dense(init=partial(_reservoir, radius=self.radius), learn=False)

    def step(self, x: Gates, u: Products, s: State) -> State:
        return State(h=(1 - self.leak) * s.h + self.leak * tanh(x.h + u.h(s.h)))


@register_cell("lif")
class LIF(Cell):
    """Leaky integrate-and-fire units, reset by subtraction, with a surrogate gradient (Neftci et al. 2019).

    v' = β v + W x + U s + b − s               s' = 1 where v' > 1, else 0

    The derivative of s' by v' is that of a fast sigmoid, 1 / (1 + κ |v' − 1|)² (Zenke and Ganguli 2018).
    """

    gates = ("v",)
    state = ("v", "s")
    output = "s"
    beta: float = 0.9
    kappa: float = 10.0

    def step(self, x: Gates, u: Products, s: State) -> State:
        v = self.beta * s.v + x.v + u.v(s.s) - s.s
        slope = 1 / (1 + self.kappa * torch.abs(v - 1)) ** 2
        return State(v=v, s=with_slope(v > 1, v, slope))
