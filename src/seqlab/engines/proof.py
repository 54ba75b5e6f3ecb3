"""Does a trace compute the same as the step, at every time step? If not, only the reference engine runs it.

The reference engine runs the step at every time step; a trace runs it once. So the step is run several times,
also with tensors: it may not draw random numbers, count, read a clock, or change what it reads.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor

from seqlab.cells import Cell, State
from seqlab.cells.base import Names
from seqlab.cells.layout import line_of_step
from seqlab.cells.masks import MasksAreNumbers, as_numbers
from seqlab.compat.torch import without_transforms
from seqlab.engines.base import Weights
from seqlab.engines.program import Program
from seqlab.engines.reachable import held
from seqlab.engines.reading import Reading
from seqlab.engines.tape import NUMBER, Tape, definition, trace_error

if TYPE_CHECKING:
    from seqlab.cells.declared import Width

REPEATS = 3
"""How often a step is run before it is trusted to compute the same every time."""


def repeated(cell: Cell, weights: Weights | None, first: Tape) -> Tape:
    """Run a step several times, as a loop over time does; refuse what differs, and return the last tape.

    Raises:
        TraceError: two runs differ, or one changes what the next one reads.
    """
    bound, reading = cell.bind({}), Reading.of(cell)
    attributes = _attributes(bound, first)
    before = held(reading.unknown)
    with random_numbers_kept() as were_used:
        for _ in range(REPEATS):
            tape = Tape(cell, weights, with_lines=True)
            tape.run(bound)
            _compare(cell, first, tape)
        if were_used():
            raise trace_error(cell, "random numbers", definition(cell))
    for name, value in _attributes(bound, first).items():
        if name not in attributes or attributes[name] is not value:
            raise trace_error(cell, f"a step that changes self.{name}", definition(cell))
    if not reading.holds(cell) or held(reading.unknown) != before:
        raise trace_error(cell, "a step that changes what it reads", definition(cell))
    return tape


def _attributes(bound: Cell, tape: Tape) -> dict[str, object]:
    """Return the attributes of a bound cell other than its parameters."""
    return {name: value for name, value in vars(bound).items() if name not in tape.own}


def _compare(cell: Cell, first: Tape, tape: Tape) -> None:
    """Refuse the first operation that differs between two runs."""
    pairs = zip_longest(_spelled(first), _spelled(tape))
    for index, (one, other) in enumerate(pairs):
        if one != other:
            lines = tape.lines or [definition(cell)]
            what = "a value that differs every time, such as a random number, a counter or a clock"
            raise trace_error(cell, what, lines[min(index, len(lines) - 1)])


def _spelled(tape: Tape) -> Iterator[str]:
    """Yield every entry with its numbers."""
    numbers = iter(tape.numbers)
    for entry in tape.entries:
        yield repr([next(numbers) if part == NUMBER else part for part in _flat(entry)])
    yield repr(tape.results)


def _flat(entry: object) -> Iterator[object]:
    if isinstance(entry, tuple):
        for part in entry:
            yield from _flat(part)
    else:
        yield entry


def compare_with_step(cell: Cell, program: Program, constants: dict[str, float]) -> None:
    """Refuse a step that computes something else with tensors, as a step that uses ``isinstance`` may.

    Raises:
        TraceError: the results differ, or the step fails.
    """
    try:
        differing = _differing(cell, program, constants)
    except Exception as error:  # noqa: BLE001 (it is the user's code)
        raise trace_error(cell, f"{type(error).__name__}: {error}", line_of_step(error)) from None
    if differing:
        what = f"a step that computes another {differing} for tensors than for the values it is traced with"
        raise trace_error(cell, what, definition(cell))


def _differing(cell: Cell, program: Program, constants: dict[str, float]) -> str | None:
    """Return which result, or which derivative, differs when the step runs with tensors."""
    layout, widths = program.layout, cell.widths
    sizes: dict[Width, int] = {(): 1}
    for width in ("H", *widths.values(), *dict(layout.others).values()):
        sizes.setdefault(width, len(sizes) + 2)

    def example(name: str, number: int) -> Tensor:
        return _example(number, sizes[widths[name]]).requires_grad_()

    def multiplied(gate: str, vector: Tensor) -> Tensor:
        number = list(cell.gates).index(gate)
        return vector @ _example(400 + number, sizes[layout.width(f"x_{gate}")], vector.shape[-1])

    with without_transforms(), torch.device("cpu"), torch.inference_mode(mode=False), torch.enable_grad():
        own = {
            name: example(f"p_{name}", 300 + k)[(0, 0) if widths[f"p_{name}"] == () else 0]
            for k, name in enumerate(program.own)
        }
        norms = {name: torch.nn.LayerNorm(sizes[widths[f"p_{name}"]]).double() for name in program.norms}
        x = {gate: example(f"x_{gate}", 100 + index) for index, gate in enumerate(cell.gates)}
        i = {name: example(f"i_{name}", 150 + index) for index, name in enumerate(cell.inputs)}
        s = {name: example(f"s_{name}", 200 + index) for index, name in enumerate(cell.state)}
        with MasksAreNumbers(torch.float64):
            returned = cell.bind({**own, **norms}).step(
                cast("Any", Names("x", (*x, *i), lambda name: i[name] if name in i else x[name])),
                cast("Any", Names("u", cell.gates, lambda gate: partial(multiplied, gate))),
                State(s),
            )
        returned = as_numbers(returned, torch.float64)
        given: dict[str, Any] = dict(constants)
        for kind, values in (("x", x), ("i", i), ("s", s), ("p", own)):
            given |= {f"{kind}_{name}": value for name, value in values.items()}
        computed = program.evaluate(given, multiplied, lambda name, vector: norms[name](vector))
        found: dict[str, Tensor] = {name: computed[node] for name, node in program.results.items()}
        for name, value in found.items():
            if not _same(value, returned[name]):
                return name
        leaves = {f"x.{name}": value for name, value in (x | i).items()}
        leaves |= {f"s.{name}": value for name, value in s.items()}
        leaves |= {f"self.{name}": value for name, value in own.items()}
        for name, value in found.items():
            pairs = zip(_slopes(value, leaves), _slopes(returned[name], leaves), strict=True)
            for (one, other), by in zip(pairs, leaves, strict=True):
                if not _same(one, other):
                    return f"derivative of {name} by {by}"
    return None


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-9, atol=1e-12, equal_nan=True)


def _slopes(value: Tensor, leaves: Mapping[str, Tensor]) -> list[Tensor]:
    """Return the gradient of a value by each leaf, times small and large numbers."""
    if not value.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves.values()]
    times = _example(500, value.shape[1]).pow(3) * 100
    total = (value * times).sum()  # given the gradient of a vector, torch imports sympy
    return list(
        torch.autograd.grad(
            total, tuple(leaves.values()), retain_graph=True, allow_unused=True, materialize_grads=True
        )
    )


def _example(number: int, columns: int, rows: int = 2) -> Tensor:
    """Return a [B, columns] of fixed numbers: torch.func may forbid random ones."""
    numbers = torch.linspace(-0.9, 0.8, rows * columns, dtype=torch.float64)
    return numbers.mul(number).sin().view(rows, columns)


@contextmanager
def random_numbers_kept() -> Iterator[Callable[[], bool]]:
    """Restore the random states of Python, numpy and torch; yield a function: was any used?"""
    before = _random_state()
    try:
        yield lambda: _random_state() != before
    finally:
        if _random_state() != before:
            random.setstate(before[0])
            with without_transforms():
                torch.set_rng_state(torch.frombuffer(bytearray(before[1]), dtype=torch.uint8))
            kind, numbers, *rest = before[2]
            np.random.set_state((kind, np.frombuffer(numbers, np.uint32), *rest))  # noqa: NPY002


def _random_state() -> tuple[Any, bytes, list[Any]]:
    kind, numbers, *rest = cast("Any", np.random.get_state())  # noqa: NPY002 (what a step may draw from)
    with without_transforms():
        torchs = torch.get_rng_state().numpy().tobytes()
    return random.getstate(), torchs, [kind, numbers.tobytes(), *rest]
