"""Which engine runs a cell, and the reason that is given."""

import pytest
import torch
from torch import tanh

from seqlab.cells import LSTM, Cell, State
from seqlab.engines import Engine, choose, register_engine
from seqlab.engines.reference import Reference
from seqlab.errors import EngineError
from seqlab.registry.catalog import engines

CPU = torch.device("cpu")


class Decides(Cell):
    """A step that cannot be traced."""

    gates = ("h",)

    def step(self, x, u, s):
        h = tanh(x.h + u.h(s.h))
        return State(h=h if h.sum() > 0 else -h)


class Variant(LSTM):
    """A subclass of torch's cells has equations of its own."""


@pytest.mark.parametrize(
    ("cell", "engine", "reason"),
    [
        (LSTM, "native", "auto: the fastest for cell 'lstm'"),
        (Variant, "native", "auto: the fastest for cell 'Variant'"),
        (Decides, "reference", "cell 'Decides' cannot be traced: 'sum' at "),
    ],
)
def test_auto_takes_the_fastest_that_serves_and_says_why(cell, engine, reason):
    choice = choose("auto", cell(), torch.float32, CPU)
    assert choice.engine.name == engine
    assert reason in choice.reason


@pytest.mark.parametrize("engine", ["native", "torch", "eager", "reference"])
def test_an_engine_that_was_asked_for_is_taken(engine):
    choice = choose(engine, LSTM(), torch.float64, CPU)
    assert (choice.engine.name, choice.reason) == (engine, "requested")


@pytest.mark.parametrize(
    ("engine", "cell", "dtype", "message"),
    [
        (
            "torch",
            Variant,
            torch.float32,
            r"engine=torch cannot run here: torch does not have cell 'Variant'",
        ),
        ("torch", LSTM, torch.int64, r"needs floating-point inputs, got torch.int64; use engine=auto"),
        ("eager", Decides, torch.float32, r"engine=eager cannot run here: .*'sum' at .*; use engine=auto"),
        ("tourch", LSTM, torch.float32, r"no engine named 'tourch'; did you mean 'torch'\? There are: auto"),
    ],
)
def test_an_engine_that_cannot_serve_or_is_unknown_is_an_error(engine, cell, dtype, message):
    with pytest.raises(EngineError, match=message):
        choose(engine, cell(), dtype, CPU)


def test_an_engine_of_yours_is_chosen_by_its_name(monkeypatch):
    monkeypatch.setattr(engines, "_entries", dict(engines._entries))

    @register_engine("mine")
    class Mine(Reference): ...

    choice = choose("mine", LSTM(), torch.float32, CPU)
    assert isinstance(choice.engine, Mine)
    assert choice.engine.name == "mine"
    with pytest.raises(EngineError, match="no engine named 'mien'; did you mean 'mine'"):
        choose("mien", LSTM(), torch.float32, CPU)


def test_the_names_of_engines_are_those_of_their_classes():
    assert {name: engines[name].name for name in engines} == {name: name for name in engines}
    assert all(issubclass(engine, Engine) for engine in engines.values())
