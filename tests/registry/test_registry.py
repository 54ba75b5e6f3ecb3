"""One name, one class."""

import subprocess
import sys
from pathlib import Path

import pytest
from torch.optim import SGD

from seqlab.errors import ConfigError
from seqlab.registry import registry
from seqlab.registry.registry import Registry


def test_a_name_is_taken_once_and_by_another_class_never_again():
    shapes = Registry("shape")

    @shapes.register("square")
    class Square: ...

    with pytest.raises(ConfigError, match="shape 'square' exists already"):

        @shapes.register("square")
        class Other: ...

    assert shapes["square"] is Square


def test_the_same_definition_may_be_run_again_as_notebooks_do():
    shapes = Registry("shape")

    def define():
        @shapes.register("square")
        class Square: ...

        return Square

    first, second = define(), define()
    assert first is not second
    assert shapes["square"] is second


def test_an_unknown_name_lists_the_near_ones_and_all():
    shapes = Registry("shape")
    for name in ("square", "circle"):
        shapes.register(name)(type(name, (), {}))
    with pytest.raises(
        ConfigError, match=r"no shape named 'sqare'; did you mean 'square'\? There are: circle, square"
    ):
        shapes["sqare"]
    assert list(shapes) == ["square", "circle"]
    assert "circle" in shapes
    assert len(shapes) == 2


def test_names_of_a_package_are_read_from_its_source_and_its_classes_imported_when_asked_for():
    program = (
        "import sys; from seqlab.registry.catalog import cells; assert 'lstm' in cells; names = list(cells);"
        "assert not any(name.startswith(('torch', 'seqlab.cells')) for name in sys.modules), 'imported';"
        "assert cells['lstm'].name == 'lstm'; import seqlab.cells; assert list(cells._entries) == names"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


PLUGIN = """
from pathlib import Path

from torch.optim import SGD

Path("imported").touch()


class Slow(SGD):
    def __init__(self, params, lr: float = 0.001, *, half: bool = False):
        super().__init__(params, lr=lr)
"""


@pytest.fixture
def optimizers(tmp_path, monkeypatch):
    """A registry beside which a package is installed that offers an optimizer, and one that is not there."""
    (tmp_path / "slow_package.py").write_text(PLUGIN)
    info = tmp_path / "slow_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[seqlab.optimizers]\nslow = slow_package:Slow\ngone = slow_package:Gone\nsgd = slow_package:Slow\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    registry._offered.cache_clear()
    yield Registry("optimizer", foreign=("torch.optim",), base="torch.optim.Optimizer")
    registry._offered.cache_clear()


def test_what_installed_packages_offer_has_names_and_settings_and_is_imported_when_asked_for(optimizers):
    assert {"slow", "adamw"} <= {*optimizers}
    assert optimizers.settings("slow").keys() == {"params", "lr", "half"}
    with pytest.raises(ConfigError, match="no optimizer named 'slw'; did you mean 'slow'"):
        optimizers.require("slw")
    assert not Path("imported").exists()
    assert optimizers["slow"].__module__ == "slow_package"
    assert Path("imported").exists()


def test_what_a_package_offers_in_vain_or_under_a_name_that_there_is(optimizers):
    with pytest.raises(ConfigError, match=r"'slow_package\.Gone': module 'slow_package' has no attr"):
        optimizers["gone"]
    assert optimizers["sgd"] is SGD
