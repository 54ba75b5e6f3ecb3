"""What the code of a step can read, and whether that is unchanged.

This is known if the code reads nothing but its arguments, numbers, strings, torch's elementwise functions, a
few of Python's own functions, and functions of which the same is true, all found as globals, in modules, in
closures or as attributes of the cell. Anything else, such as a list, an array, an object, a property or a
clock, may change unnoticed. A cell inside a cell is followed as the cell itself is.
"""

import builtins
import dis
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

from seqlab.cells import Cell, State
from seqlab.cells.base import CellType, Names
from seqlab.cells.declared import Own
from seqlab.engines.operations import operation

IMMUTABLE = (bool, int, float, complex, str, bytes, type(None))
"""Types whose values cannot change."""

PURE = frozenset(
    (
        *(
            abs,
            bool,
            dict,
            enumerate,
            float,
            int,
            len,
            list,
            max,
            min,
            range,
            reversed,
            round,
            str,
            sum,
            super,
        ),
        *(tuple, zip, Names, State, Cell.step),
        *(function for function in vars(math).values() if callable(function)),
    )
)
"""What may be called because its results depend on its arguments alone."""

LOCAL = ("LOAD_FAST", "LOAD_CONST", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_ASSERTION", "LOAD_SMALL_INT")
"""How code reads local variables and closures: prefixes of the names of Python's instructions."""

ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR")
"""How code reads attributes."""

ELSEWHERE = ("LOAD_", "IMPORT_", "STORE_GLOBAL", "STORE_ATTR", "STORE_NAME", "DELETE_GLOBAL", "DELETE_ATTR")
"""How code may reach anything else."""

_MISSING = object()


@dataclass
class Reading:
    """What the step of one cell can read.

    Attributes:
        kinds: the classes of the cell and of those inside it, and what these inherit from.
        inner: the cells inside it.
        changes: how often cell classes have been changed so far.
        present: a namespace, a name in it, and its value.
        absent: a namespace, and names that are not in it.
        functions: the functions that run, each with its parts (code, defaults, closure).
        unknown: what may change unnoticed.
    """

    kinds: list[tuple[type[Cell], tuple[type, ...]]] = field(default_factory=list)
    inner: list[Cell] = field(default_factory=list)
    changes: int = 0
    present: list[tuple[Mapping[str, Any], str, object]] = field(default_factory=list)
    absent: list[tuple[Mapping[str, Any], set[str]]] = field(default_factory=list)
    functions: list[tuple[FunctionType, tuple[object, ...]]] = field(default_factory=list)
    unknown: list[object] = field(default_factory=list)

    @classmethod
    def of(cls, cell: Cell) -> "Reading":
        """Follow the code of a cell's step."""
        reading = cls(changes=CellType.changes)
        follower = _Follower(reading)
        follower.cell(cell)
        for name in ("step", "__getattr__", "__getattribute__"):
            follower.attribute(name)
        return reading

    def holds(self, cell: Cell) -> bool:
        """Return whether everything that the step reads is unchanged."""
        # Simple loops with as few look-ups as possible: this runs at every call.
        for one, (kind, bases) in zip((cell, *self.inner), self.kinds, strict=True):
            if type(one) is not kind or kind.__mro__ is not bases:
                return False
        if CellType.changes != self.changes:
            return False
        for space, names in self.absent:
            if not names.isdisjoint(space):
                return False
        for space, name, value in self.present:
            if space.get(name, _MISSING) is not value:
                return False
        for function, parts in self.functions:
            made = _parts(function)
            if len(made) != len(parts) or not all(map(operator.is_, made, parts)):
                return False
        return True


def _parts(function: FunctionType) -> tuple[object, ...]:
    closure = [cell.cell_contents for cell in function.__closure__ or ()]
    made = (function.__code__, function.__defaults__, function.__kwdefaults__, len(vars(function)))
    return *made, *closure


class _Follower:
    """Fills a ``Reading``. Any attribute that is read is assumed to be one of each object that was met."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        # Changes of cell classes are counted; changes of the cell itself and of other classes are not.
        self.counted: list[Mapping[str, Any]] = []
        self.names: list[str] = []
        self.seen: set[object] = set()

    def cell(self, cell: Cell) -> None:
        """Follow the attributes of a cell that are read, before or after this."""
        if id(cell) in self.seen:
            return
        self.seen.add(id(cell))
        if self.reading.kinds:
            self.reading.inner.append(cell)
        bases = type(cell).__mro__
        self.reading.kinds.append((type(cell), bases))
        counted = [vars(base) for base in bases if isinstance(base, CellType)]
        others = [vars(base) for base in bases if not isinstance(base, CellType) and base is not object]
        self.counted += counted
        self.spaces(counted, [vars(cell), *others])

    def spaces(self, counted: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> None:
        """Follow the names that are read so far in namespaces that were met."""
        absent = [(space, set[str]()) for space in others]
        self.reading.absent += absent
        for name in self.names[:]:
            self.find(name, counted, absent)

    def attribute(self, name: str) -> None:
        if name not in self.names:
            self.names.append(name)
            self.find(name, self.counted[:], self.reading.absent[:])

    def find(
        self,
        name: str,
        counted: Sequence[Mapping[str, Any]],
        others: Sequence[tuple[Mapping[str, Any], set[str]]],
    ) -> None:
        for space in counted:
            self.value(space.get(name, _MISSING))
        for space, absent in others:
            if name in space:
                self.value(self.look_up(space, name))
            else:
                absent.add(name)

    def look_up(self, space: Mapping[str, Any], name: str) -> object:
        value = space.get(name, _MISSING)
        if (id(space), name) not in self.seen:
            self.seen.add((id(space), name))
            self.reading.present.append((space, name, value))
        return value

    def value(self, value: object) -> None:
        if type(value) in IMMUTABLE or value is _MISSING or _is_pure(value):
            return
        if type(value) in (tuple, frozenset):
            for part in value:  # type: ignore[attr-defined]
                self.value(part)
        elif isinstance(value, Own):
            if id(value) not in self.seen:
                self.seen.add(id(value))
                self.spaces([], [vars(value)])  # such as the init of a Vector
        elif isinstance(value, Cell):
            self.cell(value)
        elif isinstance(value, staticmethod | classmethod):
            self.value(value.__func__)
        elif isinstance(value, FunctionType):
            self.function(value)
        elif not any(value is base for _, bases in self.reading.kinds for base in bases):  # for super()
            self.reading.unknown.append(value)

    def function(self, function: FunctionType) -> None:
        if function in self.seen:
            return
        self.seen.add(function)
        try:
            self.reading.functions.append((function, _parts(function)))
        except ValueError:  # a variable of its closure has no value yet
            self.reading.unknown.append(function)
            return
        for cell in function.__closure__ or ():
            self.value(cell.cell_contents)
        if any(not name.startswith("__") for name in vars(function)):  # which it may read
            self.reading.unknown.append(function)
        for value in function.__defaults__ or ():
            self.value(value)
        defaults = function.__kwdefaults__ or {}
        for name in defaults:
            self.value(self.look_up(defaults, name))
        self.code(function.__code__, function.__globals__)

    def code(self, code: CodeType, space: Mapping[str, Any]) -> None:
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                self.code(inner, space)
        instructions = [
            (i.opname, i.argval) for i in dis.get_instructions(code) if i.opname != "EXTENDED_ARG"
        ]
        while instructions:
            operation_name, name = instructions.pop(0)
            if operation_name == "LOAD_GLOBAL":
                self.name(space, name, instructions)
            elif operation_name.startswith(ATTRIBUTES):
                self.attribute(name)
            elif operation_name.startswith(ELSEWHERE) and not operation_name.startswith(LOCAL):
                self.reading.unknown.append(code)

    def name(self, space: Mapping[str, Any], name: str, rest: list[tuple[str, Any]]) -> None:
        """Follow a global name and, if it is a module, the attributes that are read from it."""
        value = self.look_up(space, name)
        if value is _MISSING:
            value = self.look_up(vars(builtins), name)
        while isinstance(value, ModuleType) and rest and rest[0][0].startswith(ATTRIBUTES):
            module, value = value, self.look_up(vars(value), rest.pop(0)[1])
            if value is _MISSING:  # a module may have a __getattr__
                self.reading.unknown.append(module)
        if rest and rest[0][0].startswith(ATTRIBUTES) and type(value) not in IMMUTABLE:
            self.reading.unknown.append(value)
        self.value(value)


def _is_pure(value: object) -> bool:
    try:
        return value in PURE or (callable(value) and operation(value) is not None)
    except TypeError:  # not hashable
        return False
