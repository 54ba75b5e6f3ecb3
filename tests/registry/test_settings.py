"""The settings and attributes of a class, as its source says them and as the class itself does."""

import subprocess
import sys
from typing import Annotated

import pytest
from pydantic import Field
from torch import Tensor
from torch.optim import SGD

from seqlab.registry.catalog import optimizers, schedulers, tasks
from seqlab.registry.section import Choice
from seqlab.registry.signature import (
    COMPUTED,
    MISSING,
    Setting,
    attribute_of,
    settings_of,
    settings_of_imported,
)


@pytest.mark.parametrize("registry", [tasks, schedulers, optimizers], ids=lambda registry: registry.kind)
def test_the_source_says_what_the_class_says(registry):
    for name in registry:
        assert_the_same(registry, name)


def assert_the_same(registry, name):
    written, imported = registry.settings(name), settings_of_imported(registry[name])
    shared = [key for key in imported if key in written]
    assert shared == [key for key in imported if key not in ("args", "kwargs")]
    for key in shared:
        one, other = written[key], imported[key]
        assert one.is_positional is other.is_positional
        assert one.default in (other.default, COMPUTED)
        assert one.help in (other.help, "")
    if registry.is_own(name):
        assert repr({key: written[key] for key in shared if not written[key].is_positional}) == repr(
            {key: imported[key] for key in shared if not imported[key].is_positional}
        )


@pytest.mark.parametrize("name", tasks)
def test_the_source_says_the_attributes_of_the_class(name):
    for attribute in ("problem_type", "scores", "monitor", "galleries"):
        assert tasks.attribute(name, attribute) == getattr(tasks[name], attribute)
    with pytest.raises(LookupError, match="has no missing"):
        attribute_of(tasks.path(name), "missing")


def test_what_seqlabs_own_tasks_are_is_known_without_torch():
    script = (
        "import sys; from seqlab.registry.catalog import tasks\n"
        "print(*(tasks.attribute(name, 'monitor') for name in tasks), 'torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *monitors, imported = found.stdout.split()
    assert monitors == [tasks[name].monitor for name in tasks]
    assert imported == "False"


Rate = Annotated[float, Field(ge=0)]


class Base:
    """A class.

    Args:
        rate: how fast.
    """

    def __init__(self, data: str, *, rate: Rate = 0.5, needed: int, start: Tensor | float = 0.0) -> None: ...


class Passing(Base):
    def __init__(self, data: str, *, depth: int = 2, how: object = Base, **settings: float) -> None:
        super().__init__(data, needed=3, **settings)


class Closed(Base):
    def __init__(self, *, depth: int = 3) -> None: ...


def test_settings_of_an_imported_class_are_passed_on_to_its_bases_but_those_that_it_fixes():
    assert settings_of_imported(Passing) == {
        "data": Setting(str, MISSING, "", is_positional=True),
        "depth": Setting(int, 2, "", is_positional=False),
        "how": Setting(object, COMPUTED, "", is_positional=False),
        "rate": Setting(Rate, 0.5, "how fast.", is_positional=False),
        "start": Setting(float, 0.0, "", is_positional=False),
    }
    assert settings_of_imported(Closed) == {"depth": Setting(int, 3, "", is_positional=False)}


def test_a_section_has_the_keyword_only_arguments_or_all_but_those_that_are_given():
    @tasks.register("passing")
    class Mine(Base): ...

    assert Choice(tasks).defaults("passing") == {
        "rate": 0.5,
        "needed": "???",
        "start": 0.0,
        "name": "passing",
    }

    @optimizers.register("half")
    class Half(SGD):
        def __init__(self, params, lr: float = 0.5):
            super().__init__(params, lr / 2)

    assert Choice(optimizers, given=("params",)).defaults("half") == {"lr": 0.5, "name": "half"}


@pytest.mark.parametrize(
    "imported",
    ["import torch", "import torch.optim as optim", "from torch import optim", "from torch.optim import SGD"],
)
def test_a_base_is_found_however_its_module_is_imported(imported, tmp_path, monkeypatch):
    base = {"import torch": "torch.optim.SGD", "from torch.optim import SGD": "SGD"}.get(
        imported, "optim.SGD"
    )
    (tmp_path / "my_optimizers.py").write_text(f"{imported}\n\nclass Mine({base}):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert settings_of("my_optimizers.Mine") == settings_of("torch.optim.SGD")
