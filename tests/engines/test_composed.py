"""Functions that are recorded as the operations that they are made of."""

import pytest
import torch
from torch.nn import functional

from seqlab.cells import Cell, State, Vector
from seqlab.engines.composed import COMPOSED
from seqlab.engines.tape import TraceError
from seqlab.engines.trace import trace
from seqlab.testing import check_cell

LEVEL = torch.tensor(-0.25)
POINTS = torch.tensor([-800.0, -3.5, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 6.0, 800.0]).double()


class All(Cell):
    """Everything that is composed, as functions and as methods."""

    gates = ("a", "b")
    k = Vector(0.3)

    def step(self, x, u, s):
        a, b = 3 * (x.a + u.a(s.h)), 3 * x.b
        total = torch.max(a, b) + a.min(b) + functional.hardtanh(a, -0.5, 0.5)
        total = total + functional.elu(a, alpha=0.5) + functional.softsign(b) + functional.mish(a)
        total = total + functional.relu6(b) + a.clamp_min(0.1) + torch.clamp_max(b, 0.2)
        total = total + torch.max(s.h, torch.tensor(0.0))  # both are 0 at the first step
        return State(h=torch.tanh(torch.addcmul(total, a, self.k, value=0.1) + LEVEL * b) + torch.tensor(0.5))


@pytest.mark.slow
def test_a_cell_of_all_is_the_same_on_every_engine():
    check_cell(All)


def test_all_are_traced():
    trace(All())


@pytest.mark.parametrize(
    "function", [function for function in COMPOSED if function.__name__ not in ("max", "min", "addcmul")]
)
def test_values_and_derivatives_are_torchs_also_where_pieces_meet(function):
    more = (0.5,) if function.__name__.startswith("clamp") else ()
    found = []
    for one in (function, COMPOSED[function]):
        points = POINTS.clone().requires_grad_()
        value = one(points, *more)
        found.append((value.detach(), *torch.autograd.grad(value.sum(), points)))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize(
    ("made", "what"),
    [
        (lambda a: a + torch.max(a), r"a maximum over units \(torch.maximum is of two vectors\)"),
        (lambda a: a + torch.min(a, 1, keepdim=True)[0], "a minimum over units"),
        (lambda a: a * torch.ones(3), "a tensor of its own"),
        (lambda a: torch.where(torch.tensor(True), a, -a), "a tensor of its own"),
    ],
)
def test_what_is_over_units_or_a_vector_of_its_own_is_refused_with_its_line(made, what):
    step = lambda self, x, u, s: State(h=made(x.a))  # noqa: E731 (the class takes it)
    cell = type("Made", (Cell,), {"gates": ("a",), "step": step})()
    with pytest.raises(TraceError, match=rf"{what}.* at .*test_composed.py:\d+"):
        trace(cell)


def test_a_constant_that_changes_is_another_number(monkeypatch):
    cell = All()
    before = trace(cell)
    monkeypatch.setitem(globals(), "LEVEL", torch.tensor(0.75))
    after = trace(cell)
    assert after.program is before.program
    assert sorted(set(after.numbers) - set(before.numbers)) == [0.75]
