"""What a step reads may change between two calls, and is read again."""

import functools
import os
import sys
from types import MethodType, ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from seqlab.cells import (
    Cell,
    Episodes,
    RecurrentDropout,
    Residual,
    State,
    Vector,
    WeightDrop,
    Zoneout,
    cells,
)
from seqlab.engines.reading import Reading
from seqlab.engines.trace import trace

from .factors import ENGINES, Leaky, network, results, scaled

K = 0.5
consts = ModuleType("consts")
inner = ModuleType("inner")
consts.inner = inner

# Each returns a cell, and a function that makes its factor .25 instead of .5.


class Settings:
    k = 0.5


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


@pytest.mark.parametrize("name", list(cells))
def test_the_steps_of_the_shipped_cells_are_known_and_traced_once(name):
    cell = cells[name]()
    assert not Reading.of(cell).unknown
    assert trace(cell) is trace(cell)


def around(cell):
    return Zoneout(RecurrentDropout(Residual(WeightDrop(cell, 0.2)), 0.1), h=0.3)


class Started(Leaky):
    start = {"h": "h0"}
    h0 = Vector(0.5)


@pytest.mark.parametrize("inner", [Leaky(), Episodes("lstm"), Episodes(Zoneout(Started(), h=0.1))], ids=repr)
def test_the_steps_of_cells_around_cells_are_known_too(inner):
    cell = around(inner)
    assert not Reading.of(cell).unknown
    assert trace(cell) is trace(cell)


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
