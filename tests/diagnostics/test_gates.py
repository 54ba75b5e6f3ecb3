"""Gates and states by name, against their equations."""

import pytest
import torch
from torch import sigmoid, tanh

from seqlab.cells import Cell, State
from seqlab.diagnostics import Activity, activities
from seqlab.nn import Recurrent

from ..cells.textbook import TEXTBOOK
from .conftest import LENGTHS, run_of


def run_for(cell, lengths: bool = True):
    torch.manual_seed(0)
    network = Recurrent(cell, input_size=3, hidden_size=5).double()
    x = torch.randn(4, 6, 3).double()
    return run_of(network, x, torch.tensor(LENGTHS) if lengths else None)


@pytest.mark.parametrize("cell", TEXTBOOK)
def test_the_states_of_every_textbook_cell_are_those_it_ran_through(cell):
    run = run_for(cell)
    found = activities(run)
    for name in run.cell.state:
        state = next(a for a in found.values() if a.name == name and not a.is_gate)
        for time in range(6):
            torch.testing.assert_close(state.values[:, time], run.states[time + 1][name].detach())


def test_the_gates_of_an_lstm_are_those_of_its_equations():
    run = run_for("lstm")
    found = activities(run)
    assert list(found) == ["i", "f", "g", "o", "h", "c"]
    assert {name: a.function for name, a in found.items()} == {
        "i": "sigmoid",
        "f": "sigmoid",
        "g": "tanh",
        "o": "sigmoid",
        "h": None,
        "c": None,
    }
    weights = run.weights
    for time in range(6):
        summed = run.x[:, time] @ weights.W.T + weights.b + run.states[time].h @ weights.U.T
        for name, block in zip("ifgo", summed.chunk(4, dim=1), strict=True):
            expected = tanh(block) if name == "g" else sigmoid(block)
            torch.testing.assert_close(found[name].values[:, time], expected.detach())


def test_a_state_that_is_called_as_its_gate_is_has_a_name_of_its_own():
    found = activities(run_for("rnn"))
    assert list(found) == ["h", "state h"]
    assert torch.equal(found["h"].values, found["state h"].values)
    assert (found["h"].is_gate, found["state h"].is_gate) == (True, False)
    assert found["state h"].function == "tanh"


def test_norms_vectors_and_scalars_of_a_cell_are_seen():
    class Own(Cell):
        from seqlab.cells import Norm, Scalar, Vector  # noqa: PLC0415

        gates = ("a",)
        p, q, n = Vector(init=0.5), Scalar(0.25), Norm()

        def step(self, x, u, s):
            return State(h=sigmoid(self.n(x.a + u.a(s.h)) * self.p + self.q) - s.h)

    run = run_for(Own)
    values = activities(run)["state h"] if "state h" in activities(run) else activities(run)["h"]
    for time in range(6):
        torch.testing.assert_close(values.values[:, time], run.states[time + 1].h.detach())


VALUES = torch.tensor([[[0.01, 0.5], [0.99, 0.96]], [[0.02, 0.03], [0.5, 0.5]]])
INSIDE = torch.tensor([[True, True], [True, False]])


def test_mean_and_saturation_count_what_lies_inside_the_sequences():
    gate = Activity("f", is_gate=True, function="sigmoid", values=VALUES, inside=INSIDE)
    assert gate.mean.tolist() == pytest.approx([(0.01 + 0.5 + 0.02 + 0.03) / 4, (0.99 + 0.96) / 2])
    shut, opened = gate.saturation
    assert shut.tolist() == pytest.approx([3 / 4, 0.0])
    assert opened.tolist() == pytest.approx([0.0, 1.0])


def test_a_tanh_is_saturated_where_the_sigmoid_of_twice_its_argument_is():
    arguments = torch.linspace(-4, 4, 801)[None, None]
    by_tanh = Activity("g", is_gate=True, function="tanh", values=tanh(arguments), inside=INSIDE[:1, :1])
    by_sigmoid = Activity(
        "g", is_gate=True, function="sigmoid", values=sigmoid(2 * arguments), inside=INSIDE[:1, :1]
    )
    assert [s.tolist() for s in by_tanh.saturation] == [s.tolist() for s in by_sigmoid.saturation]
    assert 0.1 < float(by_tanh.saturation[0]) < 0.4


def test_what_has_no_bounds_is_not_saturated():
    assert Activity("c", is_gate=False, function=None, values=VALUES, inside=INSIDE).saturation is None
    assert Activity("h", is_gate=True, function="relu", values=VALUES, inside=INSIDE).saturation is None


def test_the_histogram_counts_every_value_inside_once():
    gate = Activity("f", is_gate=True, function="sigmoid", values=VALUES, inside=INSIDE)
    counts, edges = gate.histogram(bins=4)
    assert edges.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert counts.tolist() == [3, 0, 1, 2]
    state = Activity("c", is_gate=False, function=None, values=VALUES * 10, inside=INSIDE)
    counts, edges = state.histogram(bins=3)
    assert counts.sum() == 6
    assert (edges[0], edges[-1]) == pytest.approx((0.1, 9.9))
