"""One name, one class."""

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
