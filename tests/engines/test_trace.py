"""What a step reads may change between two calls; what it computes may not differ between two time steps."""

import functools
import gc
import itertools
import os
import random
import sys
import time
import warnings
import weakref
from types import MethodType, ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch import sigmoid, tanh
from torch.testing import assert_close

from seqlab.cells import (
    LSTM,
    Cell,
    Norm,
    RecurrentDropout,
    Residual,
    Scalar,
    State,
    Vector,
    WeightDrop,
    Zoneout,
    cells,
)
from seqlab.engines import choose, eager, native
from seqlab.engines.native import kernel
from seqlab.engines.native.source import Source
from seqlab.engines.reading import Reading
from seqlab.engines.tape import TraceError
from seqlab.engines.trace import KEPT, trace
from seqlab.errors import CellError, EngineError
from seqlab.nn import Recurrent

ENGINES = ("reference", "eager", "native", "auto")

K = 0.5
consts = ModuleType("consts")
inner = ModuleType("inner")
consts.inner = inner
generator = np.random.default_rng(0)


class Settings:
    k = 0.5


def scaled(factor):
    """Return a cell class whose new state is ``factor(self)`` times a candidate; all have one kernel."""

    class Case(Cell):
        gates = ("h",)
        k = 0.5

        def step(self, x, u, s):
            return State(h=factor(self) * tanh(x.h + u.h(s.h)))

    return Case


def network(cell, engine, **sizes):
    torch.manual_seed(0)
    return Recurrent(cell, **{"input_size": 3, "hidden_size": 4} | sizes, engine=engine).double()


def results(model):
    """Return outputs of a fixed batch, and all gradients."""
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    outputs, _ = model(x)
    learnt = [parameter for parameter in model.parameters() if parameter.numel()]
    return outputs.detach(), *torch.autograd.grad(outputs.sum(), learnt)


# ---- each returns a cell, and a function that makes its factor .25 instead of .5


def a_global():
    def change():
        globals()["K"] = 0.25

    globals()["K"] = 0.5
    return scaled(lambda _: K)(), change


def another_modules_constant():
    inner.k = 0.5
    return scaled(lambda _: consts.inner.k)(), lambda: setattr(inner, "k", 0.25)


def a_class_attribute():
    cell = scaled(lambda cell: cell.k)()
    return cell, lambda: setattr(type(cell), "k", 0.25)


def a_base_class_attribute():
    base = scaled(lambda cell: cell.k)
    return type("Case", (base,), {})(), lambda: setattr(base, "k", 0.25)


@pytest.mark.parametrize("first", [True, False])
def test_a_class_that_is_no_cell_is_read_too(first):
    half = type("Half", (), {"k": 0.5})
    bases = (half, Cell) if first else (Cell, half)
    step = scaled(lambda cell: cell.k).step
    cell = type("Case", bases, {"gates": ("h",), "step": step})()
    models = [network(cell, engine) for engine in ("eager", "reference")]
    for model in models:
        results(model)
    half.k = 0.25
    assert_close(results(models[0]), results(models[1]))
    assert trace(cell).numbers == (0.25,)


def an_instance_attribute():
    cell = scaled(lambda cell: cell.k)()
    return cell, lambda: setattr(cell, "k", 0.25)


def an_attribute_of_an_attribute():
    cell = scaled(lambda cell: cell.settings.inner.k)()
    cell.settings = SimpleNamespace(inner=SimpleNamespace(k=0.5))
    return cell, lambda: setattr(cell.settings.inner, "k", 0.25)


def another_classes_attribute():
    Settings.k = 0.5
    return scaled(lambda _: Settings.k)(), lambda: setattr(Settings, "k", 0.25)


def a_property():
    cell = scaled(lambda cell: cell.half)()
    type(cell).half = property(lambda cell: cell.k)
    return cell, lambda: setattr(type(cell), "k", 0.25)


def an_attribute_by_name():
    cell = scaled(lambda cell: getattr(cell, "".join("k")))()
    return cell, lambda: setattr(type(cell), "k", 0.25)


def a_closure():
    k = 0.5

    def change():
        nonlocal k
        k = 0.25

    return scaled(lambda _: k)(), change


def an_element_of_a_list():
    values = [0.5]
    return scaled(lambda _: values[0])(), lambda: values.__setitem__(0, 0.25)


def an_element_of_an_array():
    values = np.zeros(5000)  # whose repr does not show what changes
    values[2000] = 0.5
    return scaled(lambda _: values[2000])(), lambda: values.__setitem__(2000, 0.25)


def a_number_of_numpy():
    cell = scaled(lambda cell: cell.k)()
    cell.k = np.float64(0.5)
    return cell, lambda: setattr(cell, "k", np.float32(0.25))


def a_tensor_as_a_number():
    value = torch.tensor([0.5])
    return scaled(lambda _: float(value[0]))(), lambda: value.fill_(0.25)


def an_environment_variable():
    os.environ["SEQLAB_TEST_K"] = "0.5"
    cell = scaled(lambda _: float(os.environ["SEQLAB_TEST_K"]))()
    return cell, lambda: os.environ.__setitem__("SEQLAB_TEST_K", "0.25")


def an_import_inside():
    def factor(_):
        from tests_of_traces import k  # noqa: PLC0415 (the case)

        return k

    sys.modules["tests_of_traces"] = module = ModuleType("tests_of_traces")
    module.k = 0.5
    return scaled(factor)(), lambda: setattr(module, "k", 0.25)


def a_default_argument():
    def half(k=0.5):
        return k

    return scaled(lambda _: half())(), lambda: setattr(half, "__defaults__", (0.25,))


def a_keyword_default():
    def half(*, k=0.5):
        return k

    return scaled(lambda _: half())(), lambda: half.__kwdefaults__.update(k=0.25)


def the_code_of_a_helper():
    def half():
        return 0.5

    return scaled(lambda _: half())(), lambda: setattr(half, "__code__", (lambda: 0.25).__code__)


def an_attribute_of_a_function():
    def half():
        return half.k

    half.k = 0.5
    return scaled(lambda _: half())(), lambda: setattr(half, "k", 0.25)


def a_helper_of_a_helper():
    def half():
        return 0.5

    def helper():
        return half()

    def change():
        nonlocal half
        half = functools.partial(float, "0.25")

    return scaled(lambda _: helper())(), change


def a_callable_object():
    class Half:
        k = 0.5

        def __call__(self):
            return self.k

    half = Half()
    return scaled(lambda _: half())(), lambda: setattr(half, "k", 0.25)


def the_step_of_a_class():
    cell = scaled(lambda _: 0.5)()
    return cell, lambda: setattr(type(cell), "step", scaled(lambda _: 0.25).step)


def the_step_of_an_instance():
    cell = scaled(lambda _: 0.5)()
    return cell, lambda: setattr(cell, "step", MethodType(scaled(lambda _: 0.25).step, cell))


def the_step_of_a_base():
    base = scaled(lambda _: 0.5)
    case = type("Case", (base,), {"step": lambda self, x, u, s: super(case, self).step(x, u, s)})
    return case(), lambda: setattr(base, "step", scaled(lambda _: 0.25).step)


def the_class_of_a_cell():
    cell = scaled(lambda _: 0.5)()
    return cell, lambda: setattr(cell, "__class__", scaled(lambda _: 0.25))


def the_bases_of_a_class():
    case = type("Case", (scaled(lambda _: 0.5),), {})
    return case(), lambda: setattr(case, "__bases__", (scaled(lambda _: 0.25),))


CHANGES = [
    a_global,
    another_modules_constant,
    a_class_attribute,
    a_base_class_attribute,
    an_instance_attribute,
    an_attribute_of_an_attribute,
    another_classes_attribute,
    a_property,
    an_attribute_by_name,
    a_closure,
    an_element_of_a_list,
    an_element_of_an_array,
    a_number_of_numpy,
    a_tensor_as_a_number,
    an_environment_variable,
    an_import_inside,
    a_default_argument,
    a_keyword_default,
    the_code_of_a_helper,
    an_attribute_of_a_function,
    a_helper_of_a_helper,
    a_callable_object,
    the_step_of_a_class,
    the_step_of_an_instance,
    the_step_of_a_base,
    the_class_of_a_cell,
    the_bases_of_a_class,
]


@pytest.mark.parametrize("case", CHANGES, ids=lambda case: case.__name__)
def test_what_a_step_reads_is_read_at_every_call(case):
    cell, change = case()
    models = [network(cell, engine) for engine in ENGINES]
    before, after = (results(network(scaled(lambda _, k=k: k)(), "reference")) for k in (0.5, 0.25))
    for model in models * 2:
        assert_close(results(model), before)
    change()
    for model in models:
        assert_close(results(model), after)


def test_two_classes_with_one_name_and_one_repr_are_two():
    for k in (0.5, 0.25):
        cell = scaled(lambda _, k=k: k)()
        expected = results(network(cell, "reference"))
        for engine in ENGINES:
            assert_close(results(network(cell, engine)), expected)


# ---- each returns a cell class whose steps differ


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
    with pytest.raises(TraceError, match=r"cannot be traced: .* at .*test_trace\.py:\d+;"):
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


class Leaky(Cell):
    gates = ("h",)
    dt: float = 0.1
    power: int = 2

    def step(self, x, u, s):
        h = torch.clamp(x.h + u.h(s.h), min=-self.dt, max=2.0)
        h = torch.where(h > self.dt, torch.abs(h) ** (1 + self.dt), 1.5 - self.dt**h)
        return State(h=(1.0 - self.dt) * s.h + self.dt * h**self.power)


def test_a_sweep_over_a_number_compiles_once(monkeypatch):
    made = []
    load = kernel.load
    monkeypatch.setattr(kernel, "load", lambda *what: made.append(what) or load(*what))
    for dt in (0.1, 0.2, 0.3):
        assert_close(results(network(Leaky(dt=dt), "native")), results(network(Leaky(dt=dt), "reference")))
    assert len(made) == 1
    assert_close(results(network(Leaky(power=3), "native")), results(network(Leaky(power=3), "reference")))
    assert len(made) == 2
    assert trace(Leaky(dt=0.2)).program is trace(Leaky(dt=0.3)).program
    assert set(trace(Leaky(dt=0.2)).numbers) == {-0.2, 2.0, 0.2, 1.2, 1.5, 0.8}


def test_a_cell_that_is_defined_again_and_again_is_not_kept_for_ever(monkeypatch):
    for made in (eager._fused_step, native._kernel, Source.of):
        assert made.cache_parameters()["maxsize"] == KEPT
    monkeypatch.setattr("seqlab.engines.trace.KEPT", 4)
    programs = [weakref.ref(trace(scaled(lambda _: 0.5)()).program) for _ in range(20)]
    gc.collect()
    assert programs[-1]() is not None
    assert sum(program() is not None for program in programs) <= 2 * 4


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.0, 0.0, 1e-300])
def test_any_number_is_the_same_as_itself_alone(number):
    cell = scaled(lambda cell: cell.k)()
    cell.k = 1.0
    trace(cell)
    cell.k = number
    assert repr(trace(cell).numbers) == repr((number,))
    assert trace(cell) is trace(cell)


def test_the_backward_pass_takes_the_numbers_of_its_forward_pass():
    cell = Leaky(dt=0.1)
    model = network(cell, "native")
    outputs, _ = model(torch.ones(1, 3, 3, dtype=torch.float64))
    expected = torch.autograd.grad(outputs.sum(), model.layers[0].W, retain_graph=True)
    cell.dt = 0.7
    results(model)
    for create_graph in (False, True):
        found = torch.autograd.grad(
            outputs.sum(), model.layers[0].W, retain_graph=True, create_graph=create_graph
        )
        assert_close(found, expected)


def test_auto_takes_another_engine_when_a_step_has_come_to_need_one():
    cell = scaled(lambda cell: cell.k)()
    model = network(cell, "auto")
    results(model)
    assert model.choice().engine.name == "native"
    type(cell).step = lambda self, x, u, s: State(h=tanh(x.h + u.h(s.h)).cumsum(1))
    assert_close(results(model), results(network(cell, "reference")))
    assert model.choice().engine.name == "reference"
    with pytest.raises(EngineError, match="'cumsum'"):
        results(network(cell, "native"))


def test_a_step_that_has_come_to_need_another_weight_is_refused():
    class Gated(Cell):
        gates = ("h", "z")
        gated = False

        def step(self, x, u, s):
            h = tanh(x.h + u.h(s.h))
            return State(h=sigmoid(x.z + u.z(s.h)) * h if self.gated else h)

    models = [network(Gated(), engine) for engine in ENGINES]
    Gated.gated = True
    for model in models:
        with pytest.raises(CellError, match=r"x\.z"):
            results(model)


def test_a_norms_eps_is_its_layers():
    cell = type("Case", (Cell,), {"gates": ("h",), "norm": Norm(), "step": normed})
    models = [network(cell, engine) for engine in ENGINES]
    expected = results(models[0])
    for model in models:
        model.layers[0].norms["norm"].eps = 0.5
    changed = results(models[0])
    assert not torch.allclose(changed[0], expected[0])
    for model in models:
        assert_close(results(model), changed)


def normed(self, x, u, s):
    return State(h=self.norm(x.h + u.h(s.h)))


def test_torch_runs_its_own_equations_alone(monkeypatch):
    model, cpu = network("lstm", "torch"), torch.device("cpu")
    results(model)
    original = LSTM.step
    monkeypatch.setattr(LSTM, "step", lambda self, x, u, s: original(self, x, u, State(h=s.h, c=2 * s.c)))
    with pytest.raises(EngineError, match="was changed"):
        choose("torch", LSTM(), torch.float64, cpu)
    with pytest.raises(EngineError, match="was changed"):
        results(model)
    assert_close(results(network("lstm", "auto")), results(network("lstm", "reference")))


@pytest.mark.parametrize("name", list(cells))
def test_the_steps_of_the_shipped_cells_are_known_and_traced_once(name):
    cell = cells[name]()
    assert not Reading.of(cell).unknown
    assert trace(cell) is trace(cell)


def around(cell):
    return Zoneout(RecurrentDropout(Residual(WeightDrop(cell, 0.2)), 0.1), h=0.3)


def test_the_steps_of_cells_around_cells_are_known_too():
    cell = around(Leaky())
    assert not Reading.of(cell).unknown
    assert trace(cell) is trace(cell)


def test_a_sweep_over_a_number_or_a_probability_inside_wrappers_has_one_program():
    first, second = (Zoneout(RecurrentDropout(Leaky(dt=dt), dt), h=dt) for dt in (0.2, 0.3))
    assert trace(first).program is trace(second).program
    assert trace(first).numbers != trace(second).numbers


def test_what_changes_in_a_cell_inside_a_cell_is_noticed():
    inner = Leaky(dt=0.1)
    cell = around(inner)
    assert 0.1 in trace(cell).numbers
    inner.dt = 0.3
    assert 0.3 in trace(cell).numbers
    assert 0.1 not in trace(cell).numbers
    inner.__class__ = type("Other", (Leaky,), {"dt": 0.7, "step": lambda self, x, u, s: State(h=x.h * 0.5)})
    assert 0.5 in trace(cell).numbers
    cell.inner.inner.inner.inner = Leaky(dt=0.4)
    assert 0.4 in trace(cell).numbers


class Eps(Cell):
    gates = ("h",)
    v = Vector(0.5)
    eps: float = 0.1
    init: float = 0.2

    def step(self, x, u, s):
        return State(h=self.eps * x.h + self.init * self.v)


def test_options_may_be_called_as_the_attributes_of_a_vector_are():
    cell = Eps()
    assert not Reading.of(cell).unknown
    assert trace(cell).numbers == (0.1, 0.2)
    cell.init = 0.3
    assert trace(cell).numbers == (0.1, 0.3)


def test_what_a_vector_starts_as_is_read_again():
    class Started(Cell):
        gates = ("h",)
        v = Vector(0.5)

        def step(self, x, u, s):
            return State(h=type(self).v.init * x.h)

    cell = Started()
    assert trace(cell).numbers == (0.5,)
    Started.v.init = 0.25
    assert trace(cell).numbers == (0.25,)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["eager", "native"])
def test_torch_compile_keeps_no_old_numbers_either(engine):
    cell = Leaky(dt=0.1)
    model = network(cell, engine)
    compiled = torch.compile(model, backend="eager")
    x = torch.ones(1, 3, 3, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what torch.compile leaves alone
        for dt in (0.1, 0.2):
            cell.dt = dt
            assert_close(compiled(x)[0], model(x)[0])
