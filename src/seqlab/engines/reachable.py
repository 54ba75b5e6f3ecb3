"""What is reachable from the objects that a step reads: if it is equal before and after, nothing was changed.

Unlike a pickle this looks into classes, functions, generators and whatever else has state but is pickled by
name or not at all. A library's classes and functions are assumed constant; their instances are not.
"""

import inspect
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from itertools import chain
from types import BuiltinMethodType, CodeType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any
from weakref import ReferenceType

import numpy as np
import torch
from torch import Tensor

PLAIN = (bool, int, float, complex, str, bytes, type(None))
"""Types whose values hold no other objects."""

CONTAINERS = (dict, list, tuple, set, frozenset)
"""Types whose values hold nothing but their items."""

LIBRARIES = frozenset((*sys.stdlib_module_names, "numpy", "seqlab", "torch"))
"""Packages whose classes and functions are not followed."""

MOST = 10_000
"""How many values are looked at, the nearest first."""


def held(roots: Iterable[object]) -> list[str | int]:
    """Return what objects hold, and what is held by those in turn.

    Args:
        roots: where to begin.

    Returns:
        Every simple value as a text, every other object by its number, in an order that the objects decide.
    """
    found: list[str | int] = []
    seen: dict[int, tuple[int, object]] = {}  # holds the object, so that its id is not used again
    waiting = deque(roots)
    while waiting and len(found) < MOST:
        value = waiting.popleft()
        if type(value) in PLAIN:
            found.append(repr(value))
            continue
        is_new = id(value) not in seen
        number, _ = seen.setdefault(id(value), (len(seen), value))
        found.append(number)
        if is_new:
            parts = _parts(value)
            found.append(len(parts))
            waiting.extend(parts)
    return found


def _parts(value: object) -> list[object]:
    """Return what an object holds itself."""
    of_kind = next((parts for kind, parts in OF_KIND.items() if isinstance(value, kind)), _of_instance)
    parts: list[object] = []
    with suppress(Exception):  # reading attributes runs code of any object
        parts.extend(of_kind(value))
    return parts


def _of_tensor(tensor: Tensor) -> Iterator[object]:
    yield tensor.shape
    yield hash(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())


def _of_array(array: np.ndarray[Any, Any]) -> Iterator[object]:
    yield array.shape
    yield array.tolist() if array.dtype == object else hash(array.tobytes())


def _of_class(kind: type) -> Iterator[object]:
    if _is_users(kind):
        yield from vars(kind).values()


def _of_generator(generator: Any) -> Iterator[object]:
    if generator.gi_frame:
        yield from (generator.gi_frame.f_lasti, generator.gi_frame.f_locals)


def _of_method(method: Any) -> Iterator[object]:
    yield from (method.__self__, getattr(method, "__func__", None))


def _of_instance(value: object) -> Iterator[object]:
    yield type(value)
    if isinstance(value, Mapping):
        yield from chain.from_iterable(value.items())
    elif isinstance(value, Collection):
        yield from value
    if type(value) in CONTAINERS:
        return
    yield from getattr(value, "__dict__", {}).values()
    for base in type(value).__mro__:
        names = vars(base).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            yield inspect.getattr_static(value, name, None) and getattr(value, name, None)
    with suppress(Exception):  # objects without state in Python, such as itertools.count, may tell it to copy
        for part in value.__reduce_ex__(4)[1:]:
            yield list(part) if isinstance(part, Iterator) else part


def _is_users(value: Any) -> bool:
    return str(value.__module__).partition(".")[0] not in LIBRARIES


def _of_function(function: FunctionType) -> Iterator[object]:
    if not _is_users(function):
        return
    yield from (function.__defaults__, function.__kwdefaults__, vars(function))
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # a variable that has no value yet
            yield cell.cell_contents
    yield from _globals(function)


def _globals(function: FunctionType) -> Iterator[object]:
    """Yield what a function may read of its own module and of the modules that it names."""
    names = sorted(set(_names(function.__code__)))
    spaces, known = [function.__globals__], {id(function.__globals__)}
    for space in spaces:
        for name in names:
            value = space.get(name)
            if not isinstance(value, ModuleType):
                yield value
            elif id(vars(value)) not in known:
                known.add(id(vars(value)))
                spaces.append(vars(value))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


OF_KIND: dict[type, Callable[[Any], Iterable[object]]] = {
    Tensor: _of_tensor,
    np.ndarray: _of_array,
    FunctionType: _of_function,
    MethodType: _of_method,
    BuiltinMethodType: _of_method,
    GeneratorType: _of_generator,
    type: _of_class,
    property: lambda found: [found.fget],
    ContextVar: lambda variable: [variable.get(None)],
    ReferenceType: lambda reference: [reference()],
    ModuleType: lambda _: (),
    CodeType: lambda _: (),
}
"""How to look into special kinds of objects."""
