"""From a cell to its Program, traced again whenever anything that its step reads has changed.

A step may read anything: options, attributes, constants of any module, closures, helpers, arrays. So it is
traced at every call, unless ``reading.py`` knows all that its code can read and none of that has changed.
The same operations give the same Program, whatever the values of the numbers in them.
"""

import struct
import weakref
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakValueDictionary

from seqlab.cells import Cell
from seqlab.compat.torch import uncompiled
from seqlab.engines.base import Weights
from seqlab.engines.program import Program
from seqlab.engines.proof import compare_with_step, random_numbers_kept, repeated
from seqlab.engines.reading import Reading
from seqlab.engines.tape import Tape
from seqlab.errors import CellError

KEPT = 1024
"""How many traces, and kernels made from them, are kept; a notebook may define a cell many times."""


@dataclass(frozen=True, eq=False)
class Trace:
    """A step as it is at this call: its operations, and the numbers in them.

    Attributes:
        program: the operations.
        numbers: the values of ``c_0``, ``c_1``, ….
    """

    program: Program
    numbers: tuple[float, ...]

    @cached_property
    def constants(self) -> dict[str, float]:
        """The numbers by the names of their placeholders."""
        return {f"c_{index}": number for index, number in enumerate(self.numbers)}


@dataclass(frozen=True)
class _Latest:
    """The last trace of a cell, and what must be unchanged for it to be valid."""

    cell: "weakref.ref[Cell]"
    reading: Reading | None
    trace: Trace


_PROGRAMS: WeakValueDictionary[Any, Program] = WeakValueDictionary()
_TRACES: dict[Any, Trace] = {}
_LATEST: dict[int, _Latest] = {}


def trace(cell: Cell, weights: Weights | None = None) -> Trace:
    """Return the trace of a cell's step as it is now.

    Args:
        cell: the equations.
        weights: of the layer that runs the cell; None if there is no layer yet.

    Raises:
        TraceError: the step does more than elementwise functions and norms, works in place, decides by
            values, or does not compute the same every time. The message names the operation and the line.
        CellError: the step has changed and now needs weights that the layer does not have.
    """
    made: Trace = uncompiled(_now)(cell, weights)  # the step's code is the tape's task
    return made


def _now(cell: Cell, weights: Weights | None) -> Trace:
    latest = _LATEST.get(id(cell))
    if latest is not None and latest.cell() is not cell:  # the id of a cell that no longer exists
        latest = None
    if latest is not None and latest.reading is not None and latest.reading.holds(cell):
        made = latest.trace
    elif latest is not None and latest.reading is None:
        made = _traced(cell, weights)
    else:
        reading = Reading.of(cell)
        with random_numbers_kept():
            made = _traced(cell, weights)
        _keep(_LATEST, id(cell), _Latest(weakref.ref(cell), None if reading.unknown else reading, made))
    if weights is not None:
        _check(made.program, weights)
    return made


def _traced(cell: Cell, weights: Weights | None) -> Trace:
    tape = Tape(cell, weights)
    tape.run(cell.bind({}))
    names = cell.name, tuple(cell.gates), tuple(cell.state), cell.output, tuple(cell.widths.items())
    steps = type(cell), *names, tuple(tape.results.items()), tuple(tape.entries)
    # Compared by their bits: NaN equals NaN, and 0 differs from −0.
    key = steps, struct.pack(f"{len(tape.numbers)}d", *tape.numbers)
    if key not in _TRACES:
        again = repeated(cell, weights, tape)
        program = _PROGRAMS.get(steps) or _PROGRAMS.setdefault(steps, Program.of(again))
        made = Trace(program, tuple(tape.numbers))
        compare_with_step(cell, program, made.constants)
        _keep(_TRACES, key, made)
    return _TRACES[key]


def _keep(kept: dict[Any, Any], key: object, value: object) -> None:
    if len(kept) >= KEPT:
        kept.clear()
    kept[key] = value


def _check(program: Program, weights: Weights) -> None:
    """Refuse a step that now needs weights which its layer does not have."""
    used, there = program.layout, weights.layout
    if used == there:
        return
    for kind, wanted, given in (("x", used.inputs, there.inputs), ("u", used.recurrent, there.recurrent)):
        for gate in wanted:
            if gate not in given:
                raise CellError(
                    f"the step of cell '{program.name}' now uses {kind}.{gate}, for which its layer "
                    f"has no weights; create the layer again"
                )
