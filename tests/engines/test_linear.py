"""Linear recurrences are found in the graph, and what is none is not taken for one."""

import pytest
import torch

from seqlab.cells import Cell, State, Vector, cells
from seqlab.engines.linear import is_linear
from seqlab.engines.trace import trace

from ..cells.textbook import TEXTBOOK

LINEAR = {"mingru", "minlstm", "qrnn", "lru", "rg_lru", "hgrn"}


def test_the_linear_cells_among_all():
    names = [name for name in cells if name not in TEXTBOOK]
    assert {name for name in names if is_linear(trace(cells[name]()).program)} == LINEAR


def found(step):
    declared = {"gates": ("a", "b"), "state": ("h", "c"), "v": Vector(1.0), "step": step}
    return is_linear(trace(type("Tried", (Cell,), declared)()).program)


@pytest.mark.parametrize(
    ("step", "linear"),
    [
        (lambda self, x, u, s: State(h=self.v * s.h - s.c / (2 + x.a), c=-x.b), True),
        (lambda self, x, u, s: State(h=torch.where(x.a > 0, s.h, x.b), c=torch.lerp(s.c, s.h, x.a)), True),
        (lambda self, x, u, s: State(h=torch.lerp(x.a, x.b, s.h), c=s.c), True),
        (lambda self, x, u, s: State(h=s.h * s.c, c=x.b), True),
        (lambda self, x, u, s: State(h=s.h * s.c, c=s.c), False),
        (lambda self, x, u, s: State(h=x.a + u.a(s.h), c=x.b), False),
        (lambda self, x, u, s: State(h=torch.where(s.h > 0, s.h, x.b), c=x.b), False),
        (lambda self, x, u, s: State(h=x.a / (2 + s.h), c=x.b), False),
        (lambda self, x, u, s: State(h=torch.lerp(s.h, x.b, s.h), c=x.b), False),
        (lambda self, x, u, s: State(h=torch.tanh(s.h), c=x.b), False),
        (lambda self, x, u, s: State(h=x.a, c=x.b), False),
    ],
)
def test_a_step_is_linear_if_its_states_are_affine_unit_by_unit(step, linear):
    assert found(step) == linear
