"""What a step changes is seen wherever it stands: in classes, functions, generators, objects of any kind."""

import itertools
import os
import threading
from contextvars import ContextVar
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import tanh

from seqlab.cells import Cell, State
from seqlab.engines.reachable import MOST, held
from seqlab.engines.tape import TraceError
from seqlab.engines.trace import trace
from seqlab.nn import Recurrent

ticks = 0
local = threading.local()
local.k = 0


class Tally:
    """An object that cannot be pickled, and counts here and there."""

    of_class = 0
    context = ContextVar("context", default=0)

    def __init__(self):
        self.lock, self.k = threading.Lock(), 0

    def count(self):
        with self.lock:
            self.k += 1
        return self.k

    @classmethod
    def count_in_class(cls):
        cls.of_class += 1
        return cls.of_class

    def count_in_module(self):
        global ticks  # noqa: PLW0603
        ticks += 1
        return ticks

    def count_in_context(self):
        self.context.set(self.context.get() + 1)
        return self.context.get()


class Slots:
    __slots__ = ("function", "k")

    def __init__(self):
        self.k, self.function = 0, lambda: 0

    def count(self):
        self.k += 1
        return self.k


class Buffer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("k", torch.zeros(()))
        self.function = lambda: 0

    def count(self):
        return float(self.k.add_(1))


class Settings:
    k = 0


def count_in_another_class():
    Settings.k += 1
    return Settings.k


def count_in_a_function():
    count_in_a_function.k += 1
    return count_in_a_function.k


count_in_a_function.k = 0


def count_in_a_thread():
    local.k += 1
    return local.k


def count_in_the_environment():
    os.environ["SEQLAB_TEST_K"] = str(int(os.environ.get("SEQLAB_TEST_K", "0")) + 1)
    return int(os.environ["SEQLAB_TEST_K"])


tally, torchs = Tally(), torch.Generator()
numbers = (number for number in itertools.count())

COUNTS = {
    "another class": count_in_another_class,
    "a function": count_in_a_function,
    "a thread": count_in_a_thread,
    "the environment": count_in_the_environment,
    "an object that cannot be pickled": tally.count,
    "the class of an object": tally.count_in_class,
    "the module of a method": tally.count_in_module,
    "a context": tally.count_in_context,
    "slots": Slots().count,
    "a buffer": Buffer().count,
    "a generator": lambda: next(numbers),
    "torch's random numbers": lambda: float(torch.rand((), generator=torchs)) > 1e-9,
}


@pytest.mark.parametrize("count", COUNTS.values(), ids=COUNTS)
def test_a_step_that_counts_anywhere_runs_on_reference_alone(count, monkeypatch):
    monkeypatch.setenv("SEQLAB_TEST_K", "0")

    class Case(Cell):
        gates = ("h",)

        def step(self, x, u, s):
            return State(h=(0.5 if count() > 1000 else 1.0) * tanh(x.h + u.h(s.h)))

    with pytest.raises(TraceError, match="a step that changes what it reads"):
        trace(Case())
    assert Recurrent(Case(), input_size=3, hidden_size=4).choice().engine.name == "reference"


class Node:
    def __init__(self, value, after=None):
        self.value, self.after = value, after


def ring(value):
    node = Node(value)
    node.after = [node]
    return node


@pytest.mark.parametrize(
    "make",
    [
        lambda k: {"a": [0.5, (k, None)]},
        lambda k: np.full(3000, 0.5 + k),
        lambda k: torch.full((3000,), 0.5 + k, dtype=torch.bfloat16),
        lambda k: Node(Node(k)),
        ring,
        lambda k: lambda: k,
    ],
)
def test_equal_contents_are_the_same_and_others_are_not(make):
    assert held([make(1)]) == held([make(1)])
    assert held([make(1)]) != held([make(2)])


def test_not_a_number_is_what_it_was():
    assert held([float("nan")]) == held([float("nan")])


def test_an_object_that_is_there_twice_is_not_two():
    one = Node(1)
    assert held([one, one]) != held([one, Node(1)])


def test_no_more_is_looked_at_than_there_is():
    assert len(held([SimpleNamespace(a=0.5, b=[0.5, (1, 2)]), np.zeros(9), torch.zeros(9)])) < 100


def test_what_is_far_away_is_left_out():
    assert len(held([[Node(number) for number in range(MOST)]])) < 2 * MOST


def test_an_object_that_cannot_be_read_is_passed_over():
    class Closed:
        @property
        def __dict__(self):
            raise RuntimeError("closed")

    assert held([Closed()]) == held([Closed()])
