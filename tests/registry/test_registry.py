"""One name, one class."""

import subprocess
import sys

import pytest

from seqlab.errors import ConfigError
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
