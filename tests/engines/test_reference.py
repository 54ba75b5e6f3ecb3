"""The reference engine: masks are numbers where a step has some, and cost nothing where it has none."""

import pytest
import torch

from seqlab.cells import Cell, State
from seqlab.cells.masks import MasksAreNumbers
from seqlab.errors import CellError
from seqlab.nn import Recurrent


class Plain(Cell):
    gates = ("h",)

    def step(self, x, u, s):
        return State(h=torch.tanh(x.h + u.h(s.h)))


class Comparing(Plain):
    def step(self, x, u, s):
        return State(h=torch.tanh(x.h) * (1 - (s.h > 0)))


class Choosing(Plain):
    def step(self, x, u, s):
        return State(h=torch.where(torch.relu(x.h), x.h, -s.h))


@pytest.mark.parametrize(("cell", "entered"), [(Plain, 1), (Comparing, 5), (Choosing, 5)])
def test_the_mode_of_masks_is_entered_again_only_where_the_first_step_had_one(cell, entered, monkeypatch):
    network = Recurrent(cell, input_size=2, hidden_size=3, engine="reference")
    entries = []
    enter = MasksAreNumbers.__enter__
    monkeypatch.setattr(MasksAreNumbers, "__enter__", lambda mode: entries.append(mode) or enter(mode))
    network(torch.randn(2, 5, 2))
    assert len(entries) == entered


class Branching(Cell):
    gates = ("h", "g")

    def step(self, x, u, s):
        if s.h.sum() > 0:  # as in the step that finds the weights
            return State(h=torch.tanh(x.h))
        return State(h=torch.tanh(u.g(s.h))) if self.other == "u.g" else State(h=x.g)


@pytest.mark.parametrize("other", ["u.g", "x.g"])
def test_a_step_that_takes_another_branch_is_told_what_to_do(other):
    cell = Branching()
    cell.other = other
    network = Recurrent(cell, input_size=2, hidden_size=3, engine="reference")
    expected = rf"cell 'Branching': {other} has no weights.*torch\.where \(.*test_reference.py:\d+\)"
    with pytest.raises(CellError, match=expected):
        network(torch.randn(2, 5, 2))


def test_masks_are_numbers_at_every_step():
    network = Recurrent(Comparing, input_size=2, hidden_size=3, engine="reference").double()
    x = torch.randn(2, 5, 2, dtype=torch.float64)
    outputs, _ = network(x)
    layer, h = network.layers[0], torch.zeros(2, 3, dtype=torch.float64)
    for t in range(5):
        h = torch.tanh(x[:, t] @ layer.W.T + layer.b) * (h <= 0).double()
        torch.testing.assert_close(outputs[:, t], h)
