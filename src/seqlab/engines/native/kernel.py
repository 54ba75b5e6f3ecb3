"""A compiled cell, and how its kernel is called: with slices of the batch, in parallel."""

import ctypes
import operator
import os
from array import array
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from seqlab.cells import Layout
from seqlab.cells.declared import Width
from seqlab.engines.native.compiler import load
from seqlab.engines.native.source import Source
from seqlab.engines.program import Program

SMALLEST_SLICE = 2048
"""Numbers in a state, rows times hidden size, below which a thread costs more than it gains."""


_users: set[int] = set()
"""The ids of the processes that have run a kernel."""


class Call(ctypes.Structure):
    """The fields of ``struct Call`` in loop.h, in its order; addresses are numbers, 0 for nothing."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            *("first", "rows", "order", "lengths", "d_weights"),
            *("batch", "steps", "inputs", "widths", "width"),
            *("x", "x_row", "x_step", "given"),
            *("W", "U", "b", "own", "start", "numbers"),
            *("results", "saved", "d_outputs", "d_row", "d_step", "d_final", "d_x", "d_start"),
        )
    ]


class Given(ctypes.Structure):
    """The fields of ``struct Given`` in loop.h."""

    _fields_ = [(name, ctypes.c_int64) for name in ("values", "row", "step", "gradient")]


@dataclass(frozen=True)
class Slices:
    """Which rows of a batch each thread takes.

    Attributes:
        sizes: rows of each slice, one slice after the other.
        order: the rows, by descending length within each slice; None for their order in the batch.
        lengths: their lengths; None if all have all steps.
    """

    sizes: tuple[int, ...]
    order: Tensor | None = None
    lengths: Tensor | None = None

    @classmethod
    def of(cls, batch: int, hidden_size: int, lengths: Tensor | None) -> "Slices":
        """Divide a batch among torch's threads, so that each gets long and short sequences."""
        # OpenMP's threads do not survive a fork, and a forked process would wait for them forever.
        threads = 1 if _users - {os.getpid()} else torch.get_num_threads()
        count = max(1, min(threads, batch * hidden_size // SMALLEST_SLICE, batch))
        sizes = tuple(len(range(number, batch, count)) for number in range(count))
        if lengths is None:
            return cls(sizes)
        lengths = lengths.long()
        falling = lengths.argsort(descending=True)
        order = falling if count == 1 else torch.cat([falling[number::count] for number in range(count)])
        return cls(sizes, order, lengths[order])


@dataclass(frozen=True, eq=False)
class Kernel:
    """A cell's compiled time loop.

    Attributes:
        library: its functions.
        lanes: numbers in one vector register of the processor.
        widths: of what stands in slots, () first.
        states: states of the cell.
        results: by place in ``widths``, how wide the states are, and the output if it is not a state.
        output: which of the results is the output.
        saved: slots that a step saves for the backward pass.
        norms: scales of norms that a step saves.
        own: the cell's own parameters, as (name, "weight", "bias" or "").
        given: what is given beside x.
        numbers: those of the step, followed by the eps of each norm.
        sizes: how many numbers each of ``widths`` is, in the layer that is run.
    """

    library: ctypes.CDLL
    lanes: int
    widths: tuple[Width, ...]
    states: int
    results: tuple[int, ...]
    output: int
    saved: int
    norms: int
    own: tuple[tuple[str, str], ...]
    given: tuple[str, ...]
    numbers: "array[float]"
    sizes: "array[int]"

    @classmethod
    def of(cls, program: Program, layout: Layout, dtype: torch.dtype) -> "Kernel":
        """Write, compile and load the kernel of a cell.

        Raises:
            TraceError: the cell has an operation that the kernel does not support.
            CompilerError: it cannot be compiled here.
        """
        source = Source.of(program, layout)
        library = load(source.text, dtype)
        return cls(
            library,
            lanes=ctypes.c_int64.in_dll(library, "lanes").value,
            widths=source.plan.widths,
            states=len(program.state),
            results=tuple(source.plan.result_widths),
            output=source.plan.results.index(program.output),
            saved=source.saved,
            norms=len(source.plan.norms),
            own=source.plan.own,
            given=source.plan.given,
            numbers=array("d"),
            sizes=array("q"),
        )

    @property
    def widest(self) -> int:
        """The largest size."""
        return max(self.sizes, default=0)

    @property
    def width(self) -> int:
        """How many reals a slot is long."""
        return self.padded(self.widest)

    @property
    def state_sizes(self) -> list[int]:
        """How many numbers each state is."""
        return [self.sizes[number] for number in self.results[: self.states]]

    @property
    def output_size(self) -> int:
        """How many numbers the output is."""
        return self.sizes[self.results[self.output]]

    def padded(self, count: int) -> int:
        """Return a number of reals rounded up to whole vectors."""
        return -(-count // self.lanes) * self.lanes

    def call(
        self,
        name: str,
        slices: Slices,
        beside: Sequence[tuple[Tensor, Tensor | None]] = (),
        **fields: Tensor | int | None,
    ) -> None:
        """Call "forward" or "backward" for every slice.

        Args:
            name: of the function.
            slices: of the batch; ``d_weights`` has one row per slice.
            beside: what is given beside x, each with the place of its gradient, or None.
            fields: those of ``Call``, with tensors in place of addresses.

        Raises:
            MemoryError: the working space cannot be allocated.
            ValueError: a tensor is not in CPU memory.
        """
        values = {field: _number(field, value) for field, value in fields.items()}
        given = (Given * len(beside))(*(_given(one, gradient) for one, gradient in beside))
        values["given"] = ctypes.addressof(given)
        values["numbers"] = self.numbers.buffer_info()[0]
        values["widths"], values["width"] = self.sizes.buffer_info()[0], self.width
        count = len(slices.sizes)
        calls = (Call * count)(*(Call(**values) for _ in range(count)))
        first = 0
        for number, (call, rows) in enumerate(zip(calls, slices.sizes, strict=True)):
            call.first, call.rows = first, rows
            if slices.order is not None and slices.lengths is not None:
                call.order, call.lengths = slices.order[first:].data_ptr(), slices.lengths[first:].data_ptr()
            if isinstance(d_weights := fields.get("d_weights"), Tensor):
                call.d_weights = d_weights[number].data_ptr()
            first += rows
        if _run(getattr(self.library, name), calls):
            raise MemoryError("the native engine is out of memory for a batch of this size")


def _given(values: Tensor, gradient: Tensor | None) -> Given:
    address, place = _number("given", values), _number("its gradient", gradient)
    return Given(address, values.stride(0), values.stride(1), place)


def _number(field: str, value: Tensor | int | None) -> int:
    """Return the value of a field: a number, or the address of a tensor; nothing else is passed to C."""
    if not isinstance(value, Tensor):
        return operator.index(value or 0)
    address = value.data_ptr()
    if value.device.type != "cpu" or (address == 0 and value.numel()):
        raise ValueError(f"{field} has no CPU memory: it is on {value.device}, or was freed")
    return address


def _run(function: Any, calls: "ctypes.Array[Call]") -> int:
    """Run a kernel's function for all slices in parallel; return how many were out of memory."""
    parallel, count = _openmp(), ctypes.c_int64
    if parallel is not None or len(calls) == 1:
        _users.add(os.getpid())
        return int(function(calls, count(len(calls)), parallel))
    single = [_threads(os.getpid()).submit(function, ctypes.byref(call), count(1), None) for call in calls]
    return sum(future.result() for future in single)


@cache
def _openmp() -> ctypes.c_void_p | None:
    """Return GNU OpenMP's function that runs torch's own threads; None if torch has another OpenMP."""
    function = getattr(ctypes.CDLL(None), "GOMP_parallel", None)
    return ctypes.cast(function, ctypes.c_void_p) if function is not None else None


@cache
def _threads(process: int) -> ThreadPoolExecutor:  # noqa: ARG001 (a forked process has none of its parent's)
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="seqlab-native")
