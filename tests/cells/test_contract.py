"""The cell contract: what may be declared, which blocks exist, and what each mistake is told."""

import numpy as np
import pytest
import torch
from torch import tanh

from seqlab.cells import (
    Bernoulli,
    Blocks,
    Cell,
    Gate,
    Layout,
    LowRank,
    LSTMProjected,
    Norm,
    Scalar,
    State,
    Vector,
    cells,
    register_cell,
)
from seqlab.engines import ENGINES
from seqlab.errors import CellError, ConfigError
from seqlab.nn import Recurrent

from .textbook import TEXTBOOK


def make(step=None, **declared):
    """Return a cell made of the declarations and step given."""
    step = step or (lambda self, x, u, s: State(h=tanh(x.i + u.i(s.h))))
    return type("Made", (Cell,), {"gates": ("i",), "step": step} | declared)


class Full(Cell):
    gates = ("a0", "a1")
    state = ("h", "m")
    output = "y"
    v, w = Vector(), Vector(init=2.0)
    like_bias = Vector(init="bias")
    alpha = Scalar(0.5)
    norm = Norm(eps=1e-3)
    dt: float = 0.1
    steps: int = 2

    def step(self, x, u, s):
        m = self.norm(s.m + x["a0"] + u["a1"](s.h) + self.v)
        h = tanh(m * self.w + self.alpha + self.dt * self.like_bias)
        return State(h=h, m=m, y=2 * h)


def test_blocks_exist_only_where_the_step_uses_them_in_the_order_of_the_gates():
    assert Layout.of(Full()) == Layout(inputs=("a0",), recurrent=("a1",), others=(("p_alpha", ()),))
    turned = make(lambda self, x, u, s: State(h=x.b + x.a + u.b(u.a(s.h))), gates=("a", "b"))
    assert Layout.of(turned()) == Layout(inputs=("a", "b"), recurrent=("a", "b"))


def test_own_parameters_have_their_shapes_and_start_values():
    layer = Recurrent(Full, input_size=3, hidden_size=4).layers[0]
    assert (layer.W.shape, layer.U.shape, layer.b.shape) == ((4, 3), (4, 4), (4,))
    assert layer.own["v"].tolist() == [0.0] * 4
    assert layer.own["w"].tolist() == [2.0] * 4
    assert layer.own["alpha"].item() == 0.5
    assert 0 < layer.own["like_bias"].abs().max() <= 0.5
    assert layer.norms["norm"].eps == 1e-3
    assert Layout.of(Full()).formula(Full()) == "HI + H² + 6H + 1"
    assert sum(parameter.numel() for parameter in layer.parameters()) == 4 * 3 + 16 + 24 + 1


def test_options_are_set_by_name_and_keep_their_type():
    assert Full(dt=1).dt == 1.0
    assert isinstance(Full(dt=1).dt, float)
    assert Full(steps=3).options == {"dt": 0.1, "steps": 3}
    assert Full().dt == 0.1
    with pytest.raises(CellError, match=r"no option 'td'; did you mean 'dt'"):
        Full(td=1.0)
    with pytest.raises(CellError, match=r"option Full.steps must be int, got 1.5"):
        Full(steps=1.5)
    with pytest.raises(CellError, match=r"must be float, got True"):
        Full(dt=True)


def test_a_subclass_inherits_what_its_base_declares():
    class Variant(Full):
        dt: float = 0.3
        extra = Vector()

    assert list(Variant.own(Vector)) == ["v", "w", "like_bias", "extra"]
    assert Variant().options == {"dt": 0.3, "steps": 2}


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda self, x, u, s: State(h=x.j), r"x.j is not declared; there are: i"),
        (lambda self, x, u, s: State(h=u.k(s.h)), r"u.k is not declared"),
        (lambda self, x, u, s: State(h=x.i + s.c), r"s.c is not declared; there are: h"),
        (lambda self, x, u, s: State(h=x.i, c=x.i), r"returned c, h; its states and output are h"),
        (lambda self, x, u, s: State(k=x.i), r"returned k; its states and output are h"),
        (lambda self, x, u, s: x.i, r"step must return a State, got Tensor \(.*test_contract.py:\d+"),
        (
            lambda self, x, u, s: State(h=x.i.sum()),
            r"h must have shape \[B, H\], got \[\] \(.*py:\d+",
        ),
        (lambda self, x, u, s: State(h=x.i + u(s.h)), r"write x.<gate> \+ u.<gate>\(v\) .*contract.py:\d+"),
        (lambda self, x, u, s: State(h=x + s.h), r"write x.<gate> \+ u.<gate>\(v\) .*contract.py:\d+"),
        (lambda self, x, u, s: State(h=1.0), r"h must have shape \[B, H\].*got float"),
        (lambda self, x, u, s: State(h=x.i / "a"), r"the step fails with TypeError.*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=u.i * s.h), r"write u.<gate>\(v\) .*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=x.i + u.i), r"write u.<gate>\(v\) .*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=x.i(s.h)), r"only u.<gate>\(v\) is called .*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=u.i(1.0)), r"multiplies vectors.*got float .*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=np.tanh(s.h)), r"numpy has no gradients.*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=x.i if s.h > 0 else s.h), r"use torch.where .*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=float(s.h) * x.i), r"Python number of a vector.*test_contract.py:\d+"),
        (lambda self, x, u, s: State(h=s.h.add_(x.i)), r"the step works in place.*test_contract.py:\d+"),
        (
            lambda self, x, u, s: State(h=torch.tanh(x.i * s.h).mul_(2)),
            r"the step works in place.*contract.py",
        ),
    ],
)
def test_a_step_that_breaks_the_contract_is_told_how(step, message):
    with pytest.raises(CellError, match=message):
        Layout.of(make(step)())


@pytest.mark.parametrize("own", [torch.nn.Parameter(torch.ones(3)), torch.nn.Linear(3, 3)])
@pytest.mark.parametrize("place", ["instance", "class"])
def test_weights_that_no_optimizer_would_find_are_refused(own, place):
    cell = make(lambda self, x, u, s: State(h=x.i + u.i(s.h)))()
    (cell if place == "instance" else type(cell)).a = own
    kind = type(own).__name__
    with pytest.raises(CellError, match=rf"nothing would train self\.a, a {kind}; declare .*contract.py:\d+"):
        Layout.of(cell)


def test_a_tensor_that_stays_as_it_is_may_be_an_attribute():
    cell = make(lambda self, x, u, s: State(h=self.act(x.i) * self.a))()
    cell.a, cell.act = torch.full((3,), 0.5), torch.nn.Tanh()
    assert Layout.of(cell).inputs == ("i",)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            lambda self, x, u, s: State(r=u.i(s.r)),
            r"r must have shape \[B, proj \(4\)\], got \[B, H\] \(.*py:\d+",
        ),
        (lambda self, x, u, s: State(r=s.r + x.i), r"widths 'proj' \(4\) and 'H'; u.<gate>.*\(.*py:\d+"),
    ],
)
def test_widths_that_do_not_fit_are_told_with_what_an_option_says(step, message):
    declared = {"state": {"r": "proj"}, "output": "r", "proj": 3, "__annotations__": {"proj": int}}
    with pytest.raises(CellError, match=message):
        Layout.of(make(step, **declared)(proj=4))


def test_a_size_that_only_some_layers_have_is_told_with_the_line():
    network = Recurrent(
        make(lambda self, x, u, s: State(h=x.i + torch.zeros(3))), input_size=2, hidden_size=4
    )
    with pytest.raises(CellError, match=r"mixes vectors of the sizes 4 and 3 \(.*test_contract.py:\d+"):
        network(torch.zeros(1, 2, 2))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Gate(bias="one"), "the bias of a Gate is True, False, a number or a function, got 'one'"),
        (lambda: LowRank(0), "LowRank: rank must be a whole number from 1, got 0"),
        (lambda: Blocks(2.0), "Blocks: count must be a whole number from 1, got 2.0"),
        (lambda: Bernoulli(0.5, scale=0), "scale must be above 0, got 0"),
        (lambda: LSTMProjected(proj=0).sizes(2, 3), "proj is a width, from 1, got 0"),
    ],
)
def test_numbers_that_no_layer_can_have_are_refused(build, message):
    with pytest.raises(CellError, match=message):
        build()


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"gates": ("i", "i")}, "contains 'i' twice"),
        ({"gates": ("items",)}, "'items' cannot be a name"),
        ({"state": ("pop",)}, "'pop' cannot be a name"),
        ({"gates": ("a-b",)}, "'a-b' cannot be a name"),
        ({"gates": ("",)}, "'' cannot be a name"),
        ({"values": Vector()}, "'values' cannot be the name of a parameter; choose another"),
        ({"type": Norm()}, "'type' cannot be the name of a parameter; choose another"),
        ({"to": Scalar(1.0)}, "'to' cannot be the name of a parameter; choose another"),
        ({"gates": "ifgo"}, "gates must be a tuple of names, or a dict .*got 'ifgo'"),
        ({"state": ["h"]}, "state must be a tuple of names, or a dict"),
        ({"bookkeeping": "h"}, "bookkeeping must be a tuple of states, got 'h'"),
        ({"bookkeeping": ("k",)}, "bookkeeping: 'k' is no state; there are: h"),
        ({"bookkeeping": ("h",)}, "bookkeeping has every state; leave out those that are a memory"),
    ],
)
def test_impossible_declarations_are_refused_where_they_are_made(declared, message):
    with pytest.raises(CellError, match=message):
        make(**declared)


def without_a_step():
    class Unfinished(Cell):
        gates = ("i",)

    return Unfinished()


def with_another_step():
    make(lambda self, x, h: State(h=x.i))


def with_an_unknown_start():
    make(v=Vector("biass"))


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (without_a_step, r"Unfinished has no step; define step\(self, x, u, s\).*test_contract.py"),
        (with_another_step, r"step must be step\(self, x, u, s\), got step\(self, x, h\) .*contract.py:\d+"),
        (with_an_unknown_start, r"v starts as 'biass'; it may be .*'bias' .*test_contract.py:\d+"),
    ],
)
def test_what_a_cell_lacks_is_told_with_its_file_before_it_runs(declare, message):
    with pytest.raises(CellError, match=message):
        declare()


def test_a_step_that_prints_its_values_runs_on_the_reference_engine():
    cell = make(lambda self, x, u, s: State(h=x.i) if print(s.h) is None else s)()
    assert "a print" in ENGINES["eager"].unsupported_reason(cell, torch.float32, torch.device("cpu"))


def test_own_parameters_have_no_value_outside_a_layer():
    assert isinstance(Full.v, Vector)
    with pytest.raises(CellError, match=r"Full.v has a value only inside the step of a layer"):
        Full().v  # noqa: B018


def test_registered_cells_run_by_name():
    @register_cell("mine")
    class Mine(Cell):
        gates = ("h",)

        def step(self, x, u, s):
            return State(h=tanh(x.h + u.h(s.h)))

    assert cells["mine"] is Mine
    assert Recurrent("mine", input_size=2, hidden_size=3)(torch.zeros(1, 2, 2))[0].shape == (1, 2, 3)
    with pytest.raises(ConfigError, match=r"did you mean 'mine'"):
        cells["mne"]


@pytest.mark.parametrize("name", TEXTBOOK)
def test_printing_shows_gates_states_shapes_and_the_number_of_parameters(name):
    shown = repr(Recurrent(name, input_size=3, hidden_size=4))
    cls = cells[name]
    assert f"gates {' '.join(cls.gates)}; state {' '.join(cls.state)}; output {cls.output}" in shown
    for part in ("W [", "U [", "b [", "parameters"):
        assert part in shown


@pytest.mark.parametrize(("I", "H"), [(3, 4), (10, 7)])
def test_an_lstm_has_the_textbooks_number_of_parameters(I, H):  # noqa: E741
    network = Recurrent("lstm", input_size=I, hidden_size=H)
    assert sum(parameter.numel() for parameter in network.parameters()) == 4 * (H * I + H * H + H)
