"""Cells whose new state is a factor of a candidate, and what networks of them give."""

import torch
from torch import tanh

from seqlab.cells import (
    Cell,
    State,
)
from seqlab.nn import Recurrent

ENGINES = ("reference", "eager", "native", "auto")


def scaled(factor):
    """Return a cell class whose new state is ``factor(self)`` times a candidate; all have one kernel."""

    class Case(Cell):
        gates = ("h",)
        k = 0.5

        def step(self, x, u, s):
            return State(h=factor(self) * tanh(x.h + u.h(s.h)))

    return Case


def network(cell, engine, **sizes):
    torch.manual_seed(0)
    return Recurrent(cell, **{"input_size": 3, "hidden_size": 4} | sizes, engine=engine).double()


def results(model):
    """Return outputs of a fixed batch, and all gradients."""
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    outputs, _ = model(x)
    learnt = [parameter for parameter in model.parameters() if parameter.numel()]
    return outputs.detach(), *torch.autograd.grad(outputs.sum(), learnt)


class Leaky(Cell):
    gates = ("h",)
    dt: float = 0.1
    power: int = 2

    def step(self, x, u, s):
        h = torch.clamp(x.h + u.h(s.h), min=-self.dt, max=2.0)
        h = torch.where(h > self.dt, torch.abs(h) ** (1 + self.dt), 1.5 - self.dt**h)
        return State(h=(1.0 - self.dt) * s.h + self.dt * h**self.power)
