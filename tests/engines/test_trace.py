"""A step is traced once, and again when what it needs has changed."""

import gc
import warnings
import weakref

import pytest
import torch
from torch import sigmoid, tanh
from torch.testing import assert_close

from seqlab.cells import (
    LSTM,
    Cell,
    Norm,
    RecurrentDropout,
    State,
    Zoneout,
)
from seqlab.engines import choose, eager, native
from seqlab.engines.native import kernel
from seqlab.engines.native.source import Source
from seqlab.engines.trace import KEPT, trace
from seqlab.errors import CellError, EngineError

from .factors import ENGINES, Leaky, network, results, scaled


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


def test_a_sweep_over_a_number_or_a_probability_inside_wrappers_has_one_program():
    first, second = (Zoneout(RecurrentDropout(Leaky(dt=dt), dt), h=dt) for dt in (0.2, 0.3))
    assert trace(first).program is trace(second).program
    assert trace(first).numbers != trace(second).numbers


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
