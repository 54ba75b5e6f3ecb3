"""The settings of a class, as its source says them and as the class itself does."""

import subprocess
import sys
from typing import Annotated

import pytest
from pydantic import Field

from seqlab.registry.catalog import tasks
from seqlab.registry.settings import Imported, Written

OWN = ("classification", "forecasting", "regression", "tagging")


@pytest.mark.parametrize("name", OWN)
def test_the_source_says_what_the_class_says(name):
    written, imported = Written(*tasks._own[name]), Imported(tasks[name])
    assert repr(written.settings()) == repr(imported.settings())
    for attribute in ("question", "scores", "monitor", "galleries"):
        assert written.attribute(attribute) == imported.attribute(attribute)
    with pytest.raises(AttributeError, match="has no missing"):
        written.attribute("missing")


def test_what_seqlabs_own_tasks_are_is_known_without_torch():
    script = (
        "import sys; from seqlab.registry.catalog import tasks\n"
        "print(*(tasks.declaration(name).attribute('monitor') for name in tasks), 'torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["val/accuracy", "val/mae", "val/mse", "val/accuracy", "False"]


class Base:
    def __init__(self, data: str, *, rate: Annotated[float, Field(ge=0)] = 0.5, needed: int) -> None: ...


class Passing(Base):
    def __init__(self, data: str, *, depth: int = 2, **settings: float) -> None: ...


class Closed(Base):
    def __init__(self, *, depth: int = 3) -> None: ...


def test_settings_have_defaults_and_are_passed_on_to_the_bases():
    found = Imported(Passing).settings()
    assert {name: default for name, (_, default) in found.items()} == {"depth": 2, "rate": 0.5}
    assert found["depth"][0] is int
    assert Imported(Closed).settings() == {"depth": (int, 3)}
