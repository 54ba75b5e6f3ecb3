"""Which blocks a step uses, and how wide everything in it is: found by running it once."""

import math
import re
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from seqlab.cells.base import Cell, Names, State
from seqlab.cells.checks import check_attributes, where_defined
from seqlab.cells.declared import Norm, Parameter, Width
from seqlab.cells.masks import MasksAreNumbers, as_numbers
from seqlab.cells.matrices import Dense
from seqlab.compat.torch import without_transforms
from seqlab.errors import CellError


@dataclass(frozen=True)
class Layout:
    """The blocks of a cell's fused parameters, in the order in which its gates are declared.

    W is [sum of the gates' widths, I], b as long; U is a block [width, columns] a gate. Of a plain cell,
    where every width is H, W is [len(inputs)·H, I] and U [len(recurrent)·H, H].

    Attributes:
        inputs: gates whose W x + b is read.
        recurrent: gates whose U v is called.
        others: the widths that are not H, by what has them: ``x_<gate>``, ``u_<gate>`` (columns of its U),
            ``s_<state>``, ``i_<input>``, ``p_<own parameter or norm>``, ``o_<output that is no state>``.
    """

    inputs: tuple[str, ...]
    recurrent: tuple[str, ...]
    others: tuple[tuple[str, Width], ...] = ()

    @classmethod
    def of(cls, cell: Cell) -> "Layout":
        """Run one step of ``cell`` on small random tensors and record what it uses.

        Raises:
            CellError: the step fails, uses an undeclared name, mixes widths, or does not return exactly the
                declared states and the output, each of its width; or the cell has weights of its own making.
        """
        check_attributes(cell)
        with torch.device("cpu"):  # a step may read values, even if the network is on the meta device
            return _Probe(cell).layout()

    @classmethod
    def made(cls, cell: Cell, read: set[str], columns: Mapping[str, Width], output: Width) -> "Layout":
        """Return the layout of a step that reads these gates, and calls U with vectors of these widths."""
        widths = {**cell.widths, **{f"u_{gate}": width for gate, width in columns.items()}}
        if cell.output not in cell.state:
            widths[f"o_{cell.output}"] = output
        return cls(
            inputs=tuple(gate for gate in cell.gates if gate in read),
            recurrent=tuple(gate for gate in cell.gates if gate in columns),
            others=tuple(sorted((name, width) for name, width in widths.items() if width != "H")),
        )

    @cached_property
    def _others(self) -> dict[str, Width]:
        return dict(self.others)

    def width(self, name: str) -> Width:
        """Return how wide something is, by its name in ``others``."""
        return self._others.get(name, "H")

    def output(self, cell: Cell) -> Width:
        """Return how wide a cell's output is."""
        return self.width(f"{'s' if cell.output in cell.state else 'o'}_{cell.output}")

    def formula(self, cell: Cell) -> str:
        """Return the number of parameters of a layer and direction: ``4HI + 4H² + 4H``."""
        terms: Counter[tuple[str, ...]] = Counter()

        def add(*widths: Width, kind: object = None, count: int = 1) -> None:
            if kind is None or type(kind) is Dense:
                numbers = [width for width in widths if isinstance(width, int)]
                factors = sorted((str(width) for width in widths if isinstance(width, str)), key=_inputs_last)
                terms[tuple(factors)] += count * math.prod(numbers)
            else:
                terms[(f"{kind!r}({'×'.join(map(str, widths))})",)] += count

        for gate in self.inputs:
            add(self.width(f"x_{gate}"), "I", kind=cell.gate(gate).W or cell.W)
        for gate in self.recurrent:
            add(self.width(f"x_{gate}"), self.width(f"u_{gate}"), kind=cell.gate(gate).U or cell.U)
        for gate in self.inputs:
            add(self.width(f"x_{gate}"), count=int(cell.gate(gate).has_bias))
        for name in (*cell.declared(Parameter), *cell.declared(Norm)):
            add(self.width(f"p_{name}"), count=2 if name in cell.declared(Norm) else 1)
        found = sorted(terms.items(), key=lambda term: not term[0])  # a constant last
        return " + ".join(_term(number, factors) for factors, number in found if number)


def _term(number: int, factors: tuple[str, ...]) -> str:
    """Return a product as it is written: ``4H²``, ``2·proj·H``."""
    shown = [f"{factor}²" if count > 1 else factor for factor, count in Counter(factors).items()]
    between = "·" if any(len(factor) > 1 for factor in factors) else ""
    return between.join([str(number)] * (number > 1 or not factors) + shown)


def _inputs_last(letter: str) -> tuple[bool, str]:
    return letter == "I", letter


class _Probe:
    """One step on small tensors, every width another; it records which gates are used."""

    batch = 2

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.widths = cell.widths
        self.sizes: dict[Width, int] = {"H": 3, "I": 5, (): 1}
        more = [width for width in dict.fromkeys(self.widths.values()) if width not in self.sizes]
        self.sizes |= {width: 7 + 2 * number for number, width in enumerate(more)}
        self.read: set[str] = set()
        self.columns: dict[str, Width] = {}

    def layout(self) -> Layout:
        cell = self.cell
        random = torch.Generator().manual_seed(0)
        start = State({name: self._random(f"s_{name}", random).requires_grad_() for name in cell.state})
        x = Names("x", (*cell.gates, *cell.inputs), lambda name: self._input(name, random))
        u = Names("u", cell.gates, self._product)
        own = self._own_values()
        with without_transforms(), torch.inference_mode(mode=False), torch.enable_grad():
            returned = self._run(cell.bind(own), x, u, start)
            values = self._check(returned)
            self._differentiate(values, start)
        return Layout.made(cell, self.read, self.columns, self._width(values[cell.output].shape[1]))

    def _random(self, name: str, generator: torch.Generator) -> Tensor:
        return torch.rand(self.batch, self.sizes[self.widths[name]], generator=generator)

    def _input(self, name: str, generator: torch.Generator) -> Tensor:
        if name in self.cell.inputs:
            return self._random(f"i_{name}", generator)
        self.read.add(name)
        return self._random(f"x_{name}", generator)

    def _product(self, gate: str) -> Callable[[Tensor], Tensor]:
        def product(v: Tensor) -> Tensor:
            if not isinstance(v, Tensor) or not v.ndim:
                found = "a single number" if isinstance(v, Tensor) else type(v).__name__
                raise CellError(f"u.{gate} multiplies vectors, such as states, got {found}")
            width = self._width(v.shape[-1])
            if self.columns.setdefault(gate, width) != width:
                wide = f"{self.columns[gate]!r} and {width!r}"
                raise CellError(
                    f"u.{gate} is called with vectors of two widths, {wide}; declare a second gate"
                )
            rows = self.sizes[self.widths[f"x_{gate}"]]
            return v @ torch.full((v.shape[-1], rows), 0.5 / v.shape[-1])

        return product

    def _width(self, size: int) -> Width:
        return next((width for width, known in self.sizes.items() if known == size), size)

    def _own_values(self) -> dict[str, Any]:
        size = {
            name: self.sizes[self.widths[f"p_{name}"]]
            for name in (*self.cell.declared(Parameter), *self.cell.declared(Norm))
        }
        return {
            name: torch.ones(size[name]) if own.width != () else _number(own)
            for name, own in self.cell.declared(Parameter).items()
        } | {name: torch.nn.LayerNorm(size[name]) for name in self.cell.declared(Norm)}

    def _run(self, cell: Cell, *arguments: Any) -> object:
        try:
            with MasksAreNumbers(torch.float32), warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Converting a tensor with requires_grad")  # by float(…)
                returned = cell.step(*arguments)
            return as_numbers(returned, torch.float32)
        except CellError as error:
            what, line = str(error), line_of_step(error)
        except Exception as error:  # noqa: BLE001 (it is the user's code)
            meaning = self._mixed(str(error)) or _meaning(str(error))
            what = meaning or f"the step fails with {type(error).__name__}: {error}"
            line = line_of_step(error)
        raise CellError(f"cell '{self.cell.name}': {what} ({line})")

    def _differentiate(self, returned: Mapping[str, Tensor], start: State) -> None:
        """Refuse a step that has no gradients, since it changes what they are computed from."""
        total = sum(value.sum() for value in returned.values())
        if not isinstance(total, Tensor) or not total.requires_grad:
            return
        try:
            torch.autograd.grad(total, tuple(start.values()), allow_unused=True)
        except RuntimeError as error:
            self._refuse(_meaning(str(error)) or f"the step has no gradient: {error}")

    def _mixed(self, message: str) -> str | None:
        """Return what torch's message about sizes means: two widths in one operation."""
        found = mixed_sizes(message)
        if not found:
            return None
        one, other = map(self._named, found)
        return f"the step mixes vectors of the widths {one} and {other}; u.<gate>(v) changes a width"

    def _named(self, size: int) -> str:
        """Return a width as an error names it, with the number that an option gives it."""
        width = self._width(size)
        number = self.cell.options.get(width) if isinstance(width, str) else None
        return repr(width) if number is None else f"{width!r} ({number})"

    def _refuse(self, what: str) -> NoReturn:
        raise CellError(f"cell '{self.cell.name}': {what}{where_defined(self.cell)}") from None

    def _check(self, returned: object) -> Mapping[str, Tensor]:
        """Refuse what is not exactly the states and the output; return it."""
        cell = self.cell
        if not isinstance(returned, dict):
            self._refuse(f"step must return a State, got {type(returned).__name__}")
        expected = {*cell.state, cell.output}
        if set(returned) != expected:
            self._refuse(
                f"step returned {', '.join(sorted(returned))}; "
                f"its states and output are {', '.join(sorted(expected))}"
            )
        for name, value in returned.items():
            width = self.widths.get(f"s_{name}")
            found = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
            wanted = [self.batch, self.sizes["H" if width is None else width]]
            if width is None and isinstance(value, Tensor) and value.ndim == 2 and len(value) == self.batch:  # noqa: PLR2004
                wanted[1] = value.shape[1]  # an output that is no state is as wide as it is
            if found != wanted:
                self._refuse(f"{name} must have shape {self._shape(wanted)}, got {self._shape(found)}")
        return returned

    def _shape(self, found: list[int] | str) -> str:
        """Return a shape in the widths that the cell declares."""
        if isinstance(found, str) or len(found) != 2 or found[0] != self.batch:  # noqa: PLR2004
            return str(found)
        return "[B, 1]" if found[1] == 1 else f"[B, {self._named(found[1])}]".replace("'", "")


_MEANINGS = {
    r"Boolean value of Tensor": (
        "a step is of a whole batch and cannot decide by values (if, while, and, or, not); use torch.where"
    ),
    r"can.t call numpy\(\) on Tensor": "numpy has no gradients; use torch's function of that name",
    r"in-?place operation": "the step works in place; write h = h + 1, not h += 1 or h.add_(1)",
    r"unsupported operand type.*'function'": "u.<gate> is a product with a vector; write u.<gate>(v)",
    r"'Tensor' object is not callable": "x.<gate> and s.<state> are vectors; only u.<gate>(v) is called",
    r"'Names'": "x and u hold one part a gate; write x.<gate> + u.<gate>(v)",
    r"elements? .*converted to|only one element tensors": (
        "a step is of a whole batch and cannot make a Python number of a vector (float, int, item)"
    ),
}
"""What is wrong in a step, by what Python and torch say of it."""


def _meaning(message: str) -> str | None:
    return next((what for known, what in _MEANINGS.items() if re.search(known, message, re.IGNORECASE)), None)


def _number(own: Parameter) -> Tensor:
    return torch.tensor(own.init if isinstance(own.init, int | float) else 1.0)


def mixed_sizes(message: str) -> list[int]:
    """Return the two sizes that torch says do not go together; none if it says something else."""
    found = re.search(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", message)
    return [int(size) for size in found.groups()] if found else []


def line_of_step(error: Exception) -> str:
    """Return the line of the cell's own file in which the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    others = ("/seqlab/cells/", "/site-packages/")
    own = [frame for frame in frames if not any(part in Path(frame.filename).as_posix() for part in others)]
    steps = [frame for frame in own if frame.name == "step"] or own or frames
    return f"{steps[-1].filename}:{steps[-1].lineno}"
