"""The native engine: the time loop of any traceable cell as one compiled kernel. CPU only.

plan.py puts a Program in the kernel's order, rows.py differentiates its stages, expressions.py and source.py
write them as C++, compiler.py compiles that into a library, kernel.py calls it with slices of a batch, and
function.py is what autograd sees. maths.h, matrix.h and loop.h are the same for every cell.
"""

import logging
from array import array
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqlab.cells import Cell, Layout, State
from seqlab.engines.base import Engine, Weights, register_engine
from seqlab.engines.eager import run_trace
from seqlab.engines.native.compiler import REALS, CompilerError, find_compiler
from seqlab.engines.native.function import Inputs, InSteps, run
from seqlab.engines.native.kernel import Kernel
from seqlab.engines.native.source import Source
from seqlab.engines.program import Program
from seqlab.engines.tape import TraceError
from seqlab.engines.trace import KEPT, Trace, trace

log = logging.getLogger(__name__)


@register_engine("native")
class Native(Engine):
    """Runs any cell whose step can be traced; float32 and float64, on a CPU, with a C++ compiler."""

    in_one_piece = True

    def unsupported_reason(self, cell: Cell, dtype: torch.dtype, device: torch.device) -> str | None:
        if device.type != "cpu":
            return f"the native engine runs on the CPU, not on {device.type}"
        if dtype not in REALS:
            return f"the native engine does not support {str(dtype).removeprefix('torch.')}"
        try:
            program = trace(cell).program
            Source.of(program, program.layout)
            find_compiler()
        except CompilerError as error:
            _warn(str(error))
            return str(error)
        except TraceError as error:
            return str(error)
        return None

    def prepare(self, cell: Cell, dtype: torch.dtype) -> None:
        program = trace(cell).program
        made = _kernel(program, program.layout, dtype)
        if isinstance(made, CompilerError):
            _warn(str(made))
            raise made

    def run(
        self,
        cell: Cell,
        weights: Weights,
        x: Tensor,
        state: State | None,
        lengths: Tensor | None,
        *,
        need_state: bool,
    ) -> tuple[Tensor, State | None]:
        made = trace(cell, weights)
        kernel = _kernel(made.program, weights.layout, x.dtype)
        if isinstance(kernel, CompilerError):
            raise kernel
        sizes = tuple(weights.sizes[width] for width in kernel.widths)
        kernel = _fitted(kernel, _numbers(made, weights), sizes, x.dtype)
        start = None if state is None else torch.cat([state[name] for name in cell.state], dim=1)
        given = tuple(weights.inputs[name] for name in kernel.given)
        inputs = Inputs(x, weights.W, weights.U, weights.b, _own(kernel, weights), start, given)
        in_steps = _in_steps(made, cell, kernel, weights, lengths, need_state=need_state)
        outputs, final = run(kernel, inputs, lengths, in_steps, need_state=need_state)
        if final is None:
            return outputs, None
        return outputs, _states(cell, kernel, final)


@lru_cache(maxsize=KEPT)
def _kernel(program: Program, layout: Layout, dtype: torch.dtype) -> Kernel | CompilerError:
    """Return a cell's kernel, or the error why it cannot be compiled; tried once."""
    try:
        return Kernel.of(program, layout, dtype)
    except CompilerError as error:
        return error


@lru_cache(maxsize=256)
def _fitted(kernel: Kernel, numbers: tuple[float, ...], sizes: tuple[int, ...], dtype: torch.dtype) -> Kernel:
    """Return a kernel with the numbers of a step and the sizes of a layer."""
    kind = "f" if dtype == torch.float32 else "d"
    return replace(kernel, numbers=array(kind, numbers), sizes=array("q", sizes))


def _states(cell: Cell, kernel: Kernel, joined: Tensor) -> State:
    """Return states that stand end to end, [B, S], by name."""
    return State(dict(zip(cell.state, torch.split(joined, kernel.state_sizes, dim=1), strict=True)))


def _numbers(made: Trace, weights: Weights) -> tuple[float, ...]:
    """Return the numbers of a step, followed by the eps of each norm."""
    norms = made.program.norms
    return (*made.numbers, *(weights.own[name].eps for name in norms)) if norms else made.numbers


@cache
def _warn(message: str) -> None:
    """Warn once per process why the engine cannot run."""
    log.warning("%s; without it training is slower", message)


def _own(kernel: Kernel, weights: Weights) -> Tensor | None:
    """Return own parameters, and weights and biases of norms, end to end, [P]."""
    own = weights.own
    tensors = [getattr(own[name], part) if part else own[name] for name, part in kernel.own]
    return torch.cat([tensor.reshape(-1) for tensor in tensors]) if tensors else None


def _in_steps(
    made: Trace, cell: Cell, kernel: Kernel, weights: Weights, lengths: Tensor | None, *, need_state: bool
) -> InSteps:
    """Return a function of ``Inputs`` that runs the layer's trace on the eager engine."""
    layout, sizes = weights.layout, weights.sizes
    shapes = [getattr(weights.own[name], part or "data").shape for name, part in kernel.own]
    eps = {name: weights.own[name].eps for name, part in kernel.own if part == "weight"}
    lengths = None if lengths is None else lengths.clone()  # the caller may change its own

    def run(*tensors: Any) -> tuple[Tensor, Tensor | None]:
        x, W, U, b, own, start, given = Inputs.of(*tensors)
        flat = () if own is None else torch.split(own, [shape.numel() for shape in shapes])
        parts = (part.view(shape) for part, shape in zip(flat, shapes, strict=True))
        rows = dict(zip(kernel.own, parts, strict=True))
        values: dict[str, Any] = {name: row for (name, part), row in rows.items() if not part}
        values |= {
            name: _norm(rows[name, "weight"], rows[name, "bias"], epsilon) for name, epsilon in eps.items()
        }
        again = Weights(layout, W, U, b, values, sizes, dict(zip(kernel.given, given, strict=True)))
        state = None if start is None else _states(cell, kernel, start)
        outputs, final = run_trace(made, cell, again, x, state=state, lengths=lengths, need_state=need_state)
        return outputs, None if final is None else torch.cat([final[name] for name in cell.state], dim=1)

    return run


def _norm(weight: Tensor, bias: Tensor, eps: float) -> Callable[[Tensor], Tensor]:
    return lambda rows: functional.layer_norm(rows, weight.shape, weight, bias, eps)
