"""Cells as their authors would write them, each in another spelling, are the same on every engine."""

import pytest
import torch
from torch.nn import functional

from seqlab.cells import (
    Blocks,
    Cell,
    Episodes,
    Gate,
    Interval,
    Parameter,
    RecurrentDropout,
    State,
    Vector,
    WeightDrop,
    Zoneout,
)
from seqlab.engines import serving
from seqlab.testing import check_cell

FLOOR = torch.tensor(1e-6)


def log_sigmoid(v):
    return -functional.softplus(-v)


class HeadsLSTM(Cell):
    """The sLSTM with blocks a gate, helpers, methods, torch.max and constants that are tensors."""

    gates = {gate: Gate(U=Blocks(2), bias=3.0 if gate == "f" else True) for gate in "ifzo"}
    state = ("h", "c", "n", "m")

    def step(self, x, u, s):
        i, f, z, o = (x[gate] + u[gate](s["h"]) for gate in "ifzo")
        f = log_sigmoid(f) + s.m
        m = torch.max(f, i)
        i, f = (i - m).exp(), (f - m).exp()
        c, n = f * s.c + i * z.tanh(), f * s.n + i
        return State(h=o.sigmoid() * (c / torch.max(n, FLOOR)), c=c, n=n, m=m)


class RungeKutta(Cell):
    """Four substeps of fourth order over the time that passed, under a name of its own."""

    gates = ("a",)
    inputs = {"elapsed": Interval()}
    decay = Vector(init=1.0)
    substeps: int = 4

    def slope(self, v, drive, u):
        return functional.hardtanh(drive + u.a(v)) - functional.softplus(self.decay) * v

    def step(self, x, u, s):
        h, d = s.h, x.elapsed / self.substeps
        for _ in range(self.substeps):
            k1 = self.slope(h, x.a, u)
            k2 = self.slope(h + d / 2 * k1, x.a, u)
            k3 = self.slope(h + d / 2 * k2, x.a, u)
            h = h + d / 6 * (k1 + 2 * k2 + 2 * k3 + self.slope(h + d * k3, x.a, u))
        return dict(h=h)  # noqa: C408 (as others write)


class Peephole(Cell):
    proj_size: int = 3
    gates = {**dict.fromkeys("ifgo", Gate()), "p": Gate("proj_size", bias=False)}
    state = {"r": "proj_size", "c": "H"}
    output = "r"
    w_i, w_f, w_o = Vector(), Vector(), Vector()

    def step(self, x, u, s):
        r, c = s.r, s.c
        i = torch.sigmoid(x.i + u.i(r) + self.w_i * c)
        f = functional.sigmoid(x.f + u.f(r) + self.w_f * c)
        c = torch.addcmul(f * c, i, torch.tanh(x.g + u.g(r)))
        return State(r=u.p(torch.sigmoid(x.o + u.o(r) + self.w_o * c) * c.tanh()), c=c)


class Resetting(Cell):
    """A GRU with resets of its own, to a state that it learns."""

    gates = ("r", "z", "n")
    inputs = {"done": Interval()}
    start = {"h": "h0"}
    h0 = Parameter("H", init=0.1)

    def step(self, x, u, s):
        h = torch.where(x.done > 0.5, torch.zeros_like(s.h) + self.h0, s.h)
        r, z = (torch.sigmoid(x[gate] + u[gate](h)) for gate in "rz")
        return State(h=torch.lerp(torch.tanh(x.n + u.n(r * h)), h, z))


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell",
    [
        HeadsLSTM(),
        RungeKutta(substeps=2),
        RecurrentDropout(Zoneout(Peephole(proj_size=2), r=0.1, c=0.3), 0.2),
        Zoneout(RecurrentDropout(WeightDrop(Episodes(Resetting), 0.1), 0.2), h=0.3),
    ],
    ids=repr,
)
def test_every_engine_runs_it(cell):
    assert set(serving(cell, torch.float64)) >= {"native", "eager", "reference"}
    check_cell(cell)


@pytest.mark.parametrize("cell", [HeadsLSTM, RungeKutta, Peephole, Resetting])
def test_it_is_traced(cell):
    assert "eager" in serving(cell(), torch.float64)
