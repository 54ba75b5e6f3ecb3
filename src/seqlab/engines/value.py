"""The symbolic values on which a step runs while a tape records it."""

import operator
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

import torch
from torch.overrides import is_tensor_method_or_property

from seqlab.cells.masks import CONVERSIONS
from seqlab.engines.operations import ARITHMETIC, COMPARISONS, LOGIC, operation

if TYPE_CHECKING:
    from seqlab.engines.tape import Tape


class Value:
    """A value in a step: a vector, or a number, a sequence."""

    __slots__ = ("label", "tape")
    __array_ufunc__ = None  # makes numpy's numbers defer to this class in arithmetic
    __hash__ = object.__hash__

    def __init__(self, tape: "Tape", label: str) -> None:
        self.tape, self.label = tape, label

    def __repr__(self) -> str:
        """Refuse to be printed: at every step there is another value."""
        self.tape.refuse("a print, or another text made of a value")

    dtype = object()
    """Of every value; what a mask is made a number of."""

    def clone(self) -> "Value":
        """Return the value itself: nothing can change it."""
        return self

    def __getattr__(self, name: str) -> Callable[..., "Value"]:
        if name.startswith("__"):  # protocols that a value may lack
            raise AttributeError(name)
        function = operation(name)
        if function is None and name in CONVERSIONS and self.tape.is_mask(self.label):
            return lambda *_, **__: self.tape.number(self)
        if function is None:
            self.tape.refuse(f"'{name}'")
        return lambda *args, **kwargs: self.tape.call(function, (self, *args), kwargs)

    @classmethod
    def __torch_function__(
        cls, function: Any, _types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> "Value":
        """Record torch's functions of values."""
        kwargs = kwargs or {}
        tape: Tape = next(_tapes((*args, *kwargs.values())))
        allowed = _meaning(function)
        if allowed is None:
            tape.refuse(f"'{getattr(function, '__name__', repr(function))}'")
        return tape.call(allowed, args, kwargs)


@cache
def _meaning(function: Any) -> Callable[..., Any] | None:
    """Return the operation that one of torch's functions or methods stands for; None if it is forbidden."""
    is_method = is_tensor_method_or_property(function)
    return operation(function.__name__ if is_method else function)


def _tapes(values: Iterable[Any]) -> "Iterator[Tape]":
    """Yield the tapes of values, including values in lists."""
    for value in values:
        if type(value) is Value:
            yield value.tape
        elif isinstance(value, tuple | list):
            yield from _tapes(value)


def _operator(function: Callable[..., Any], *, turned: bool = False) -> Callable[..., Value]:
    def method(self: Value, *others: Any) -> Value:
        return self.tape.call(function, (*others, self) if turned else (self, *others), {})

    return method


def _refused(what: str) -> Callable[..., NoReturn]:
    def method(self: Value, *_: Any) -> NoReturn:
        self.tape.refuse(what)

    return method


_UNARY: dict[str, Callable[..., Any]] = {"neg": operator.neg, "abs": torch.abs}
_BINARY: dict[str, Callable[..., Any]] = {
    **{name: ARITHMETIC[name] for name in ("add", "sub", "mul", "truediv", "pow")},
    "mod": torch.remainder,
}
IN_PLACE = "an in-place operation (write a = a + b)"
_METHODS: dict[str, Any] = {
    **{
        f"__{name}__": _operator(function)
        for name, function in (_BINARY | _UNARY | COMPARISONS | LOGIC).items()
    },
    **{f"__r{name}__": _operator(function, turned=True) for name, function in _BINARY.items()},
    **{f"__r{name}__": _operator(LOGIC[name], turned=True) for name in ("and", "or")},
    **{f"__i{name}__": _refused(IN_PLACE) for name in (*_BINARY, "and", "or")},
    **{
        f"__{side}{name}__": _refused(f"'{name}'")
        for name in ("matmul", "floordiv", "divmod", "xor", "lshift", "rshift")
        for side in ("", "r")
    },
    **{f"__{name}__": _refused(f"'{name}'") for name in ("getitem", "setitem", "round")},
    **{
        f"__{name}__": _refused("a Python number made of a value (float, int)")
        for name in ("float", "int", "index", "complex", "trunc")
    },
    **{f"__{name}__": _refused("a loop over a tensor") for name in ("iter", "len", "contains", "reversed")},
    "__array__": _refused("'numpy'"),
    "__bool__": _refused("a decision by values (if, while, and, or, not)"),
}
for _name, _method in _METHODS.items():
    setattr(Value, _name, _method)
