"""A step recorded while it runs: every operation is recorded here and checked.

The step runs on symbolic values. An entry is ``(name,)`` for an input, or a function and its arguments: an
earlier entry as "%3", a number that may change without a new kernel as "#", anything else unchanged.
"""

import inspect
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seqlab.cells import Cell, Norm, Parameter, State
from seqlab.cells.base import Names
from seqlab.cells.layout import line_of_step
from seqlab.cells.surrogate import with_slope
from seqlab.compat.torch import functions_handled
from seqlab.engines.base import Weights
from seqlab.engines.composed import COMPOSED
from seqlab.engines.operations import ARITHMETIC, LOGIC, MASKS, number
from seqlab.engines.value import Value
from seqlab.errors import CellError

NUMBER = "#"
"""The placeholder in an entry for a number, whose value is kept separately."""


class TraceError(CellError):
    """The step cannot be traced, so only the reference engine can run the cell."""


def product(gate: str, vector: Tensor) -> Tensor:
    """Placeholder in a Program for U_gate vector; an engine puts its own matrix product there."""
    raise NotImplementedError(f"product({gate}, {vector}) has a meaning only inside a Program")


def norm(name: str, vector: Tensor) -> Tensor:
    """Placeholder in a Program for the cell's norm ``name``."""
    raise NotImplementedError(f"norm({name}, {vector}) has a meaning only inside a Program")


class Tape:
    """Runs a step and keeps its entries.

    Args:
        cell: whose step it is.
        weights: of the layer, which name the cell's own parameters; None for those that the cell declares.
        with_lines: whether to keep the line of the step for every entry, which takes time.
    """

    def __init__(self, cell: Cell, weights: Weights | None = None, *, with_lines: bool = False) -> None:
        self.cell = cell
        self.entries: list[tuple[Any, ...]] = []
        self.numbers: list[float] = []
        self.lines: list[str] | None = [] if with_lines else None
        self.results: dict[str, str] = {}
        self._given: dict[str, Value] = {}
        self._numbers: dict[str, Value] = {}
        self._written: dict[tuple[Any, ...], Value] = {}
        self._refused: TraceError | None = None
        if weights is None:
            self._names, self._norms = [*cell.declared(Parameter)], [*cell.declared(Norm)]
        else:
            self._names = [name for name, value in weights.own.items() if isinstance(value, Tensor)]
            self._norms = [name for name in weights.own if name not in self._names]

    @property
    def own(self) -> set[str]:
        """The names of the cell's own parameters."""
        return {*self._names, *self._norms}

    def run(self, bound: Cell) -> None:
        """Run the step of a bound copy of the cell, and record it.

        Raises:
            TraceError: it does something that a Program cannot express.
            CellError: it uses a name that is not declared.
        """
        cell = self.cell
        bound.take({name: self._give(f"p_{name}") for name in self._names})
        bound.take({name: self._function(norm, name) for name in self._norms})
        inputs = cell.inputs
        names = (*cell.gates, *inputs)
        x: Any = Names("x", names, lambda name: self._give(f"{'i' if name in inputs else 'x'}_{name}"))
        u: Any = Names("u", cell.gates, lambda gate: self._function(product, gate))
        s = State({name: cast("Any", self._give(f"s_{name}")) for name in cell.state})
        try:
            with functions_handled(self._handle):
                returned: Any = bound.step(x, u, s)
        except CellError:
            raise
        except Exception as error:  # noqa: BLE001 (it is the user's code)
            self.refuse(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}", line_of_step(error))
        if self._refused is not None:  # the step has caught the error
            raise self._refused
        for name in dict.fromkeys((*cell.state, cell.output)):
            value = returned.get(name) if isinstance(returned, dict) else None
            if type(value) is not Value:
                self.refuse(f"a step that does not compute {name}", definition(cell))
            self.results[name] = self._argument(self.number(value) if self.is_mask(value.label) else value)

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Value:
        """Record an operation of ``OPERATIONS``, or those that a function is made of; or refuse it."""
        kwargs = {name: value for name, value in kwargs.items() if (name, value) != ("inplace", False)}
        if function in _MADE_OF_OTHERS:
            return self._composed(function, args, kwargs)
        if function in (torch.maximum, torch.minimum):
            args = self._vectors(args)
        given = [self._taken(function, index, value) for index, value in enumerate(args)]
        entry = (function, *[self._argument(value, function, index) for index, value in enumerate(given)])
        return self.write((*entry, self._named(function, kwargs)) if kwargs else entry)

    def _composed(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Value:
        try:
            return cast("Value", function(*args, **kwargs))
        except TypeError as error:  # arguments that it does not know
            self.refuse(str(error))

    def _vectors(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return tensors [] as vectors: a clamp would have another derivative where both are equal."""
        like = next(value for value in args if type(value) is Value)
        return tuple(like.zeros_like() + value.item() if _is_constant(value) else value for value in args)

    def is_mask(self, label: str) -> bool:
        """Return whether an entry is true or false."""
        return self.entries[int(label[1:])][0] in MASKS

    def number(self, mask: Value) -> Value:
        """Record 1 where a mask is true, else 0."""
        if mask.label not in self._numbers:
            like = mask.label
            while self.is_mask(like):
                like = next(part for part in self.entries[int(like[1:])][1:] if str(part).startswith("%"))
            self._numbers[mask.label] = self.write((number, mask.label, like))
        return self._numbers[mask.label]

    def _taken(self, function: Callable[..., Any], index: int, value: Any) -> Any:
        """Return an argument as a mask where that is wanted, as a number elsewhere."""
        is_condition = function in LOGIC.values() or (function is torch.where and index == 0)
        if type(value) is not Value or value.tape is not self or self.is_mask(value.label) == is_condition:
            return value
        if not is_condition:
            return self.number(value)
        if function is not torch.where:
            self.refuse(f"'{function.__name__.strip('_')}' of numbers (compare them first)")
        return self.call(operator.ne, (value, 0), {})

    def _handle(self, function: type[torch.autograd.Function], args: tuple[Any, ...]) -> Any:
        """Record a function that has a derivative of its own; ``NotImplemented`` if it is given no value."""
        if not any(type(value) is Value for value in args):
            return NotImplemented
        context = _Context()
        if function.setup_context is not torch.autograd.Function.setup_context:
            made = function.forward(*args)
            function.setup_context(context, args, made)
        else:
            made = function.forward(context, *args)
        if type(made) is not Value:
            self.refuse(f"{function.__name__}, which returns no single vector")
        one = self.call(torch.ones_like, (made,), {})
        slopes = cast("Any", function.backward)(context, one)
        made = self.call(torch.detach, (made,), {})
        for value, slope in zip(args, slopes if isinstance(slopes, tuple) else (slopes,), strict=True):
            if type(value) is Value and slope is not None:
                made = self.call(with_slope, (made, value, slope), {})
        return made

    def _named(self, function: Callable[..., Any], kwargs: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        refused = kwargs if function in _UNNAMED else kwargs.keys() & {"inplace"}
        if refused:
            self.refuse(f"'{function.__name__}' with {', '.join(refused)}")
        if function is functional.gelu and kwargs.get("approximate") in ("none", "tanh"):
            return tuple(kwargs.items())
        return tuple((name, self._argument(value, function)) for name, value in kwargs.items())

    def write(self, entry: tuple[Any, ...]) -> Value:
        """Add an entry and return its value; an operation on the same values again is the one before."""
        repeats = NUMBER not in entry and not isinstance(entry[-1], tuple)
        if repeats and entry in self._written:
            return self._written[entry]
        value = Value(self, f"%{len(self.entries)}")
        if repeats:
            self._written[entry] = value
        self.entries.append(entry)
        if self.lines is not None:
            self.lines.append(self._line())
        return value

    def refuse(self, what: str, line: str | None = None) -> NoReturn:
        """Raise the error that names ``what`` and the line of the step."""
        self._refused = trace_error(self.cell, what, line or self._line())
        raise self._refused from None

    def _argument(self, value: Any, function: object = None, index: int | None = None) -> Any:
        """Return how an entry represents an argument."""
        if type(value) is Value:
            if value.tape is not self:
                self.refuse("a value that was computed in an earlier step (keep it as a state)")
            return value.label
        if _is_constant(value):
            value = value.item()
        if isinstance(value, Tensor):
            self.refuse("a tensor of its own (use a number, an option, a Vector or a Scalar)")
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, int):
            return value
        if not isinstance(value, float):
            self.refuse(f"a {type(value).__name__} as an argument")
        # Some take only numbers, and powers such as x**2 and x**0.5 have special code.
        if function in _WITH_NUMBERS:
            return float(value)
        if function is operator.pow and index == 1 and (2 * value).is_integer():
            return float(value)
        self.numbers.append(float(value))
        return NUMBER

    def _give(self, name: str) -> Value:
        if name not in self._given:
            self._given[name] = self.write((name,))
        return self._given[name]

    def _function(self, target: Callable[..., Any], name: str) -> Callable[[Any], Value]:
        def apply(vector: Any) -> Value:
            if type(vector) is not Value:
                self.refuse(f"{target.__name__} of a {type(vector).__name__}")
            taken = self._taken(target, 0, vector)
            return self.write((target, name, self._argument(taken, target)))

        return apply

    def _line(self) -> str:
        """Return the line of the step that is running, also while a helper function runs."""
        frame, inside = sys._getframe(), []  # noqa: SLF001 (the documented way to the caller's line)
        while frame is not None and frame.f_code is not Tape.run.__code__:
            inside.append((frame.f_code.co_name == "step", f"{frame.f_code.co_filename}:{frame.f_lineno}"))
            frame = cast("Any", frame.f_back)
        return max(reversed(inside), key=operator.itemgetter(0))[1]


def definition(cell: Cell) -> str:
    """Return the line on which a cell's step begins."""
    code = getattr(inspect.unwrap(cell.step), "__code__", None)
    return "an unknown line" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def trace_error(cell: Cell, what: str, line: str) -> TraceError:
    """Return the error that names what cannot be traced, and where."""
    return TraceError(
        f"cell '{cell.name}' cannot be traced: {what} at {line}; "
        "it may use u, norms, and functions of each number, which docs/architecture.md lists"
    )


_UNNAMED = frozenset((*ARITHMETIC.values(), *MASKS)) - {torch.lerp}
_MADE_OF_OTHERS = frozenset(COMPOSED.values())
_WITH_NUMBERS = frozenset((functional.softplus, functional.leaky_relu))


class _Context:
    """What a function with a derivative of its own keeps for it: values instead of tensors."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad = _Always()

    def save_for_backward(self, *values: Any) -> None:
        self.saved_tensors = values

    def save_for_forward(self, *_: Any) -> None:
        """Do nothing: there is no forward mode here."""

    mark_non_differentiable = set_materialize_grads = save_for_forward


class _Always:
    """True at every place."""

    def __getitem__(self, _: int) -> bool:
        return True


def _is_constant(value: Any) -> bool:
    """Return whether a value is a tensor [] that is not learnt, such as ``torch.tensor(0.5)``."""
    is_tensor = isinstance(value, Tensor)
    return is_tensor and not (value.ndim or value.requires_grad or value.dtype is torch.bool)
