"""The cells of docs/architecture.md, taken from its text, are cells."""

import re
from pathlib import Path

import pytest
import torch

import seqlab.cells
import seqlab.nn
from seqlab.cells import GRU, Cell, Episodes, Zoneout
from seqlab.testing import check_engines, check_shapes

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


@pytest.fixture(scope="module")
def written():
    """Return the classes that the page's section on cells defines."""
    section = PAGE.read_text().partition("## The cell contract")[2].partition("\n## ")[0]
    functions = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "logsigmoid": torch.nn.functional.logsigmoid}
    space = {**vars(seqlab.cells), **functions, "torch": torch}
    for code in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(code if "def step" in code or "Kind" in code else "", space)
    return space


@pytest.mark.product(2)
@pytest.mark.parametrize(
    "make",
    [
        lambda written: written["ProjectedLSTM"](proj=2),
        lambda written: Zoneout(written["ProjectedLSTM"](proj=2), r=0.1, c=0.3),
        lambda written: written["Ode"](),
        lambda written: Episodes(GRU()),
        pytest.param(lambda written: written["BlockSLSTM"](), marks=pytest.mark.slow),
    ],
    ids=["projected", "with zoneout", "ode", "resets", "heads"],
)
def test_the_pages_cells_run_the_same_on_every_engine(written, make):
    cell = make(written)
    check_shapes(cell)
    check_engines(cell)


def test_the_pages_blocks_are_heads_that_do_not_read_each_other(written):
    network = seqlab.nn.Recurrent(written["BlockSLSTM"], input_size=2, hidden_size=8, engine="reference")
    h = torch.randn(1, 1, 8, requires_grad=True)
    zeros = {name: torch.ones(1, 1, 8) for name in ("c", "n", "m")}
    outputs, _ = network(torch.randn(1, 1, 2), state=seqlab.State(h=h, **zeros))
    (gradient,) = torch.autograd.grad(outputs[0, 0, :2].sum(), h)
    assert gradient[0, 0, :2].all()
    assert not gradient[0, 0, 2:].any()


def test_the_pages_kind_is_a_kind(written):
    kind = written["Circulant"]()
    cell = type(
        "Turning",
        (Cell,),
        {"gates": ("h",), "U": kind, "step": lambda self, x, u, s: seqlab.State(h=x.h + u.h(s.h))},
    )
    layer = seqlab.nn.Recurrent(cell, input_size=2, hidden_size=3).layers[0]
    assert {name: tuple(value.shape) for name, value in layer.named_parameters()} == {
        "W": (3, 2),
        "b": (3,),
        "matrices.U_h.first": (3,),
    }
