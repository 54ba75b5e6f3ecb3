"""What a step computes may not differ between two time steps."""

import itertools
import random
import re
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import tanh

from seqlab.cells import (
    Cell,
    Norm,
    Scalar,
    State,
    Vector,
)
from seqlab.engines.tape import TraceError
from seqlab.engines.trace import trace
from seqlab.errors import EngineError

from .factors import network, scaled

generator = np.random.default_rng(0)

# Each returns a cell class whose steps differ.


def a_random_number():
    return scaled(lambda _: random.random())


def a_rare_random_decision():
    return scaled(lambda _: 0.5 if random.random() < 1e-3 else 1.0)


def a_rare_random_decision_of_numpy():
    return scaled(lambda _: 0.5 if np.random.rand() < 1e-3 else 1.0)  # noqa: NPY002


def a_rare_random_decision_of_torch():
    return scaled(lambda _: 0.5 if float(torch.rand(())) < 1e-3 else 1.0)


def a_rare_decision_of_a_generator():
    return scaled(lambda _: 0.5 if generator.random() < 1e-3 else 1.0)


def a_clock():
    return scaled(lambda _: time.perf_counter())


def a_counter():
    numbers = itertools.count()
    return scaled(lambda _: 0.5 if next(numbers) > 1000 else 1.0)


def a_counter_of_the_cell():
    def count(cell):
        cell.k += 1
        return 0.5 if cell.k > 1000 else 1.0

    return scaled(count)


def a_counter_of_the_class():
    def count(cell):
        type(cell).k += 1
        return 0.5 if cell.k > 1000 else 1.0

    return scaled(count)


def a_counter_in_a_closure():
    k = 0

    def count(_):
        nonlocal k
        k += 1
        return 0.5 if k > 1000 else 1.0

    return scaled(count)


def a_counter_in_a_dictionary():
    counts = {"k": 0}

    def count(_):
        counts["k"] += 1
        return 0.5 if counts["k"] > 1000 else 1.0

    return scaled(count)


def a_value_of_the_step_before():
    class Case(Cell):
        gates = ("h",)
        before = 0.0

        def step(self, x, u, s):
            h = tanh(x.h + u.h(s.h)) + 0.5 * self.before
            self.before = h
            return State(h=h)

    return Case


def learnt(factor):
    return lambda: type("Case", (scaled(factor),), {"v": Vector(0.5), "a": Scalar(0.5), "norm": Norm()})


REFUSED = {
    **{
        make.__name__: make
        for make in (
            a_random_number,
            a_rare_random_decision,
            a_rare_random_decision_of_numpy,
            a_rare_random_decision_of_torch,
            a_rare_decision_of_a_generator,
            a_clock,
            a_counter,
            a_counter_of_the_cell,
            a_counter_of_the_class,
            a_counter_in_a_closure,
            a_counter_in_a_dictionary,
            a_value_of_the_step_before,
        )
    },
    "float of a scalar": learnt(lambda cell: float(cell.a.detach())),
    "int of a scalar": learnt(lambda cell: int(cell.a > 0)),
    "item of a scalar": learnt(lambda cell: cell.a.item()),
    "item of a vector": learnt(lambda cell: cell.v.detach().max().item()),
    "a list of a vector": learnt(lambda cell: cell.v.tolist()[0]),
    "a decision by a scalar": learnt(lambda cell: 0.5 if cell.a > 0 else 1.0),
    "numpy of a vector": learnt(lambda cell: float(cell.v.detach().numpy()[0])),
    "a norm's weight": learnt(lambda cell: float(cell.norm.weight[0])),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_may_differ_from_step_to_step_runs_on_reference_alone(make):
    cell = make()()
    file = Path(type(cell).step.__code__.co_filename).name
    with pytest.raises(TraceError, match=rf"cannot be traced: .* at .*{re.escape(file)}:\d+;"):
        trace(cell)
    for engine in ("eager", "native"):
        with pytest.raises(EngineError, match="cannot be traced"):
            network(cell, engine).choice()
    assert network(cell, "auto").choice().engine.name == "reference"


def test_an_error_that_a_step_swallows_is_still_one():
    def factor(cell):
        try:
            return cell.a.item()
        except Exception:  # noqa: BLE001
            return 1.0

    with pytest.raises(TraceError, match="'item'"):
        trace(learnt(factor)()())


@pytest.mark.parametrize("is_tensor", [torch.is_tensor, lambda a: isinstance(a, torch.Tensor)])
def test_a_step_that_looks_at_types_runs_on_reference_alone(is_tensor):
    with pytest.raises(TraceError, match="another h for tensors"):
        trace(learnt(lambda cell: 0.5 if is_tensor(cell.a) else 1.0)()())


def test_tracing_draws_no_random_numbers():
    states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    for make in (a_random_number, a_rare_random_decision_of_numpy, a_rare_random_decision_of_torch):
        with pytest.raises(TraceError):
            trace(make()())
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    assert np.random.get_state()[1].tolist() == states[2]  # noqa: NPY002
