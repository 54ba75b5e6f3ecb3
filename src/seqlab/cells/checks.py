"""What a cell may declare: refused where the class is made, with the line of its step."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torch import nn

from seqlab.cells.declared import Gate, Norm, Parameter, Width, checked_width
from seqlab.cells.inputs import Input, as_input
from seqlab.cells.matrices import Kind
from seqlab.errors import CellError, near

if TYPE_CHECKING:
    from seqlab.cells.base import Cell

EXAMPLES = {"gates": "{'i': 'H'}", "state": "{'c': 'H'}", "inputs": "{'dt': ()}", "start": "{'h': 'h0'}"}
"""How each declaration that may be a dict is written."""


def check_declared(cls: "type[Cell]") -> None:
    """Refuse declarations that no step can fit.

    Raises:
        CellError: with the file and line of the cell's step.
    """
    try:
        for kind in ("gates", "state", "inputs", "start"):
            _check_names(cls, kind)
        _check_widths(cls)
        _check_start(cls)
        _check_bookkeeping(cls)
        _check_kinds(cls)
        _check_own(cls)
        _check_step(cls)
    except CellError as error:
        raise CellError(f"{cls.__name__}.{error}{where_defined(cls)}") from None


def _check_names(cls: "type[Cell]", kind: str) -> None:
    names = getattr(cls, kind)
    is_tuple = kind in ("gates", "state") and isinstance(names, tuple)
    if not (is_tuple or isinstance(names, Mapping)) or not all(isinstance(name, str) for name in names):
        allowed = "a tuple of names, or a dict" if kind in ("gates", "state") else "a dict"
        raise CellError(f"{kind} must be {allowed} such as {EXAMPLES[kind]}, got {names!r}")
    for name in names:
        if list(names).count(name) > 1:
            raise CellError(f"{kind} contains '{name}' twice")
        # s.items would be a method of dict, and a trace is Python code.
        if hasattr(dict, name) or not name.isidentifier():
            raise CellError(f"{kind}: '{name}' cannot be a name; choose another")
    if kind == "inputs":
        for name in names:
            if name in cls.gates:
                raise CellError(f"inputs: '{name}' is a gate too, and both are read as x.{name}; rename one")


def _check_widths(cls: "type[Cell]") -> None:
    """Refuse a width that is neither H, I, (), a whole number nor an option that is one."""
    widths: dict[str, Width] = {}
    for kind in ("gates", "state", "inputs"):
        declared = getattr(cls, kind)
        for name, value in declared.items() if isinstance(declared, Mapping) else ():
            made: object = as_input(name, value) if kind == "inputs" else value
            width = made.width if isinstance(made, Gate | Input) else made
            widths[f"{kind}: {name}"] = checked_width(f"{kind}: {name}", width)
    widths |= {name: own.width for name, own in cls.own(Parameter).items()}
    widths |= {name: norm.width for name, norm in cls.own(Norm).items()}
    whole = [name for name, value in cls.option_defaults().items() if type(value) is int]
    for what, width in widths.items():
        if isinstance(width, str) and width not in ("H", "I", *whole):
            raise CellError(
                f"{what} is '{width}' wide; a width is a number, () or: {near(width, ['H', 'I', *whole])}"
            )


def _check_kinds(cls: "type[Cell]") -> None:
    for letter in ("W", "U"):
        kind = getattr(cls, letter)
        if not isinstance(kind, Kind):
            raise CellError(f"{letter} must be a kind of matrix, such as Skew(), got {kind!r}")


def _check_own(cls: "type[Cell]") -> None:
    for name, own in cls.own(Parameter).items():
        if isinstance(own.init, str) and own.init != "bias":
            allowed = "a number, a function of the size or 'bias'"
            raise CellError(f"{name} starts as {own.init!r}; it may be {allowed}")


def _check_step(cls: "type[Cell]") -> None:
    """Refuse a step that is not given x, u and s."""
    try:
        signature = inspect.signature(cls.step)
        signature.bind("self", "x", "u", "s")
    except TypeError:
        raise CellError(f"step must be step(self, x, u, s), got step{signature}") from None


def _check_bookkeeping(cls: "type[Cell]") -> None:
    if not isinstance(cls.bookkeeping, tuple):
        raise CellError(f"bookkeeping must be a tuple of states, got {cls.bookkeeping!r}")
    for name in cls.bookkeeping:
        if name not in cls.state:
            raise CellError(f"bookkeeping: '{name}' is no state; {near(name, cls.state)}")
    if not set(cls.state) - set(cls.bookkeeping):
        raise CellError("bookkeeping has every state; leave out those that are a memory")


def _check_start(cls: "type[Cell]") -> None:
    states = cls.state if isinstance(cls.state, Mapping) else dict.fromkeys(cls.state, "H")
    own = cls.own(Parameter)
    for name, parameter in cls.start.items():
        if name not in states:
            raise CellError(f"start: '{name}' is no state; {near(name, states)}")
        if parameter not in own:
            raise CellError(
                f"start: {name} starts as '{parameter}', which is no parameter; {near(parameter, own)}"
            )
        if own[parameter].width != checked_width(name, states[name]):
            raise CellError(
                f"start: {parameter} is {own[parameter].width!r} wide, and state {name} {states[name]!r}"
            )


def check_attributes(cell: "Cell") -> None:
    """Refuse weights that a cell has made itself: it is no module, so no optimizer would find them.

    Raises:
        CellError: with the file and line of the cell's step.
    """
    for name, value in inspect.getmembers_static(cell):
        is_module = isinstance(value, nn.Module) and any(True for _ in value.parameters())
        if is_module or isinstance(value, nn.Parameter):
            what = f"cell '{cell.name}': nothing would train self.{name}, a {type(value).__name__}"
            remedy = f"declare {name} = Vector() or Scalar(1.0) in the class, or a gate for a matrix"
            raise CellError(f"{what}; {remedy}{where_defined(cell)}")


def where_defined(cell: "Cell | type[Cell]") -> str:
    """Return the file and line of a cell's step in brackets, or nothing if it has none."""
    code = getattr(inspect.unwrap(cell.step), "__code__", None)
    return "" if code is None else f" ({code.co_filename}:{code.co_firstlineno})"
