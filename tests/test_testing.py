"""The public checks find what is wrong with a cell."""

import pytest
import torch
from torch import tanh

from seqlab import Cell, State, Vector
from seqlab.testing import _results, check_cell, check_gradients


def test_a_sound_cell_passes():
    class Sound(Cell):
        gates = ("h",)

        def step(self, x, u, s):
            return State(h=tanh(x.h + u.h(s.h)))

    check_cell(Sound)


def test_a_parameter_that_is_never_used_is_found():
    class Idle(Cell):
        gates = ("h",)
        v = Vector()

        def step(self, x, u, s):
            return State(h=tanh(x.h + u.h(s.h)))

    with pytest.raises(AssertionError, match=r"own.v has no gradient"):
        check_cell(Idle)


def test_a_cell_that_draws_random_numbers_is_found():
    class Noisy(Cell):
        gates = ("h",)

        def step(self, x, u, s):
            return State(h=tanh(x.h + u.h(s.h)) + 1e-3 * torch.rand_like(s.h))

    with pytest.raises(Exception, match=r"Noisy|nondeterministic|Jacobian"):
        check_cell(Noisy)


def test_a_cell_that_mixes_the_rows_of_a_batch_is_found():
    class Mixing(Cell):
        gates = ("h",)

        def step(self, x, u, s):
            return State(h=tanh(x.h + u.h(s.h)) - s.h.mean(0))

    with pytest.raises(AssertionError, match="padding"):
        check_cell(Mixing)


def test_a_parameter_that_only_a_start_uses_is_compared_too():
    class Started(Cell):
        gates = ("h",)
        start = {"h": "h0"}
        h0 = Vector(0.1)

        def step(self, x, u, s):
            return State(h=tanh(x.h + u.h(s.h)))

    check_gradients(Started)
    found = _results(Started, "eager", training=False)
    assert found["gradient of layers.0.own.h0"].abs().min() > 0
    assert "outputs from the cell's own start" in found
