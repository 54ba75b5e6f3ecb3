"""Tracing a step: levels, groups of products, gate values, and what is refused with which line."""

import inspect

import pytest
import torch
from torch import sigmoid, tanh

from seqlab.cells import LSTM, Cell, Norm, RecurrentDropout, Scalar, State, Vector, cells
from seqlab.engines import choose
from seqlab.engines.tape import TraceError
from seqlab.engines.trace import trace
from seqlab.errors import CellError
from seqlab.nn import Recurrent


def groups(cell: Cell) -> list[list[list[str]]]:
    """Return the gates of each group of products, level by level."""
    levels = trace(cell).program.levels
    return [[[str(call.args[0]) for call in calls] for calls in level.products.values()] for level in levels]


class TwoDepths(Cell):
    gates = ("a0", "t0", "a1", "t1")
    b_a, b_t = Vector(), Vector(init=-1.0)
    depth: int = 2

    def step(self, x, u, s):
        h = s.h
        for d in range(self.depth):
            a = u[f"a{d}"](h) + (x.a0 if d == 0 else self.b_a)
            t = sigmoid(u[f"t{d}"](h) + (x.t0 if d == 0 else self.b_t))
            h = tanh(a) * t + h * (1 - t)
        return State(h=h)


class TwoVectors(Cell):
    gates = ("y", "z")
    state = ("y", "z")
    output = "y"
    dt = Scalar(0.1)

    def step(self, x, u, s):
        z = s.z + self.dt * (tanh(x.y + u.y(s.y) + u.z(s.z)) - s.y)
        return State(y=s.y + self.dt * z, z=z)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (cells["lstm"](), [[], [["i", "f", "g", "o"]]]),
        (cells["gru"](), [[], [["r", "z", "n"]]]),
        (cells["gru_reset_before"](), [[], [["r", "z"]], [["n"]]]),
        (cells["elman"](), [[], [["h"]], [["y"]]]),
        (TwoDepths(), [[], [["a0", "t0"]], [["a1", "t1"]]]),
        (TwoVectors(), [[], [["y"], ["z"]]]),
    ],
    ids=lambda value: value.name if isinstance(value, Cell) else "",
)
def test_products_are_grouped_by_level_and_vector(cell, expected):
    assert groups(cell) == expected


def test_an_option_changes_the_program():
    assert len(groups(TwoDepths(depth=1))) == 2
    assert len(groups(TwoDepths(depth=2))) == 3


def test_the_same_cell_is_traced_once():
    assert trace(cells["lstm"]()).program is trace(cells["lstm"]()).program
    assert trace(TwoDepths(depth=1)).program is not trace(TwoDepths(depth=2)).program


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lstm", {"i": torch.sigmoid, "f": torch.sigmoid, "g": torch.tanh, "o": torch.sigmoid}),
        ("gru", {"r": torch.sigmoid, "z": torch.sigmoid, "n": torch.tanh}),
        ("lstm_layernorm", {"i": torch.sigmoid, "f": torch.sigmoid, "g": torch.tanh, "o": torch.sigmoid}),
        ("rnn_relu", {"h": torch.relu}),
        ("tutorial_rnn", {}),
    ],
)
def test_a_gates_value_is_the_first_nonlinearity_behind_it(name, expected):
    values = trace(cells[name]()).program.gate_values
    assert {gate: node.target for gate, node in values.items()} == expected


def test_operations_know_their_line():
    _, first = inspect.getsourcelines(TwoVectors.step)
    nodes = trace(TwoVectors()).program.graph.nodes
    lines = {node.meta["line"] for node in nodes if node.op == "call_function"}
    assert lines <= {f"{__file__}:{first + offset}" for offset in (1, 2)}


def make(step):
    """Return a cell with gate i, state h, a vector v and a norm whose step is the function given."""
    return type("Bad", (Cell,), {"gates": ("i",), "v": Vector(), "norm": Norm(), "step": step})()


def softmax(self, x, u, s):
    return State(h=torch.softmax(x.i + u.i(s.h), -1))


def slicing(self, x, u, s):
    return State(h=(x.i + u.i(s.h))[:, ::1])


def concatenation(self, x, u, s):
    return State(h=torch.cat([x.i, u.i(s.h)], 1))


def in_place_method(self, x, u, s):
    return State(h=(x.i + u.i(s.h)).mul_(2))


def in_place_operator(self, x, u, s):
    h = x.i + u.i(s.h)
    h += s.h
    return State(h=h)


def branch(self, x, u, s):
    h = x.i + u.i(s.h)
    if h > 0:
        h = 2 * h
    return State(h=h)


def own_tensor(self, x, u, s):
    return State(h=(x.i + u.i(s.h)) * torch.tensor([2.0]))


def reduction(self, x, u, s):
    return State(h=x.i + u.i(s.h) - s.h.mean())


def through_numpy(self, x, u, s):
    return State(h=torch.from_numpy((x.i + u.i(s.h)).numpy()))


def scaled_addition(self, x, u, s):
    return State(h=torch.add(x.i, u.i(s.h), alpha=2))


def in_place_option(self, x, u, s):
    return State(h=torch.nn.functional.relu(x.i + u.i(s.h), inplace=True))


def where_as_a_method(self, x, u, s):
    return State(h=x.i.where(u.i(s.h) > 0, s.h))


@pytest.mark.parametrize(
    ("step", "what", "offset"),
    [
        (in_place_option, "'relu' with inplace", 1),
        (where_as_a_method, "'where'", 1),
        (softmax, "'softmax'", 1),
        (slicing, "'getitem'", 1),
        (concatenation, "'cat'", 1),
        (in_place_method, "'mul_'", 1),
        (in_place_operator, "in-place operation", 2),
        (branch, "decision by values", 2),
        (own_tensor, "a tensor of its own", 1),
        (reduction, "'mean'", 1),
        (through_numpy, "'numpy'", 1),
        (scaled_addition, "'add' with alpha", 1),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_not_elementwise_is_refused_by_name_and_line(step, what, offset):
    _, first = inspect.getsourcelines(step)
    with pytest.raises(TraceError) as error:
        trace(make(step))
    assert what in str(error.value)
    assert f"{__file__}:{first + offset}" in str(error.value)
    assert "which docs/architecture.md lists" in str(error.value)


def test_an_undeclared_name_is_no_matter_of_tracing():
    with pytest.raises(CellError, match=r"x.j is not declared; there are: i"):
        trace(make(lambda self, x, u, s: State(h=x.j)))


def test_a_cell_that_cannot_be_traced_runs_on_reference_and_the_reason_is_said():
    choice = choose("auto", make(branch), torch.float32, torch.device("cpu"))
    assert choice.engine.name == "reference"
    assert "decision by values" in choice.reason
    assert "test_program.py" in choice.reason


def test_methods_and_synonyms_mean_the_same_function():
    def methods(self, x, u, s):
        return State(h=(x.i + u.i(s.h)).sigmoid().mul(2).clip(min=0.5).abs())

    names = [node.target.__name__ for node in trace(make(methods)).program.levels[1].pointwise]
    assert names == ["add", "sigmoid", "mul", "clamp", "abs"]


class Scaled(Cell):
    """A cell with an __init__ of its own, and an attribute that is no option."""

    gates = ("i",)

    def __init__(self, factors):
        super().__init__()
        self.factors = factors

    def step(self, x, u, s):
        return State(h=tanh(x.i + u.i(s.h)) * self.factors[0])


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_what_an_init_of_the_cells_own_sets_is_traced(factor):
    torch.manual_seed(0)
    networks = [
        Recurrent(Scaled([factor]), input_size=3, hidden_size=4, engine=engine)
        for engine in ("eager", "reference")
    ]
    networks[0].load_state_dict(networks[1].state_dict())
    x = torch.randn(2, 5, 3)
    torch.testing.assert_close(networks[0](x)[0], networks[1](x)[0])


def test_the_same_operation_on_the_same_values_is_written_once():
    program = trace(RecurrentDropout(LSTM(), 0.2)).program
    (mask,) = (node for node in program.graph.nodes if node.target == "i_mask_0")
    assert len(mask.users) == 1  # all four products multiply the same vector, so they are one


def test_operations_with_different_numbers_are_not_one():
    class Numbers(Cell):
        gates = ("i",)

        def step(self, x, u, s):
            h = 0.5 * x.i + 0.25 * x.i + torch.nn.functional.leaky_relu(x.i, 0.1)
            return State(h=h + torch.nn.functional.leaky_relu(x.i, negative_slope=0.2) * s.h)

    network = {
        engine: Recurrent(Numbers, input_size=1, hidden_size=2, engine=engine)
        for engine in ("eager", "reference")
    }
    network["eager"].load_state_dict(network["reference"].state_dict())
    x = torch.linspace(-1, 1, 6).view(1, 6, 1)
    torch.testing.assert_close(network["eager"](x)[0], network["reference"](x)[0])
