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
from seqlab.engines.tape import product as products
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
            if reason := _unsupported(program):
                return reason
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
        kernel = _with_numbers(kernel, _numbers(made, weights), x.dtype)
        start = None if state is None else torch.stack([state[name] for name in cell.state], dim=1)
        own = _own(kernel, weights)
        inputs = Inputs(x, weights.W, weights.U, weights.b, own, start)
        in_steps = _in_steps(made, cell, kernel, weights, lengths, need_state=need_state)
        outputs, final = run(kernel, inputs, lengths, in_steps, need_state=need_state)
        if final is None:
            return outputs, None
        return outputs, State(dict(zip(cell.state, final.unbind(1), strict=True)))


def _unsupported(program: Program) -> str | None:
    """Return what of a step the kernel cannot compute, or None."""
    calls = [
        gate for product in program.graph.nodes if product.target is products for gate in product.args[:1]
    ]
    widths = [name for name, width in program.layout.others if not (name.startswith("p_") and width == ())]
    if program.inputs or widths or len(calls) > len(set(calls)):
        return f"the native engine does not support the widths or inputs of cell '{program.name}'"
    return None


@lru_cache(maxsize=KEPT)
def _kernel(program: Program, layout: Layout, dtype: torch.dtype) -> Kernel | CompilerError:
    """Return a cell's kernel, or the error why it cannot be compiled; tried once."""
    try:
        return Kernel.of(program, layout, dtype)
    except CompilerError as error:
        return error


@lru_cache(maxsize=256)
def _with_numbers(kernel: Kernel, numbers: tuple[float, ...], dtype: torch.dtype) -> Kernel:
    return replace(kernel, numbers=array("f" if dtype == torch.float32 else "d", numbers))


def _numbers(made: Trace, weights: Weights) -> tuple[float, ...]:
    """Return the numbers of a step, followed by the eps of each norm."""
    norms = made.program.norms
    return (*made.numbers, *(weights.own[name].eps for name in norms)) if norms else made.numbers


@cache
def _warn(message: str) -> None:
    """Warn once per process why the engine cannot run."""
    log.warning("%s; without it training is slower", message)


def _own(kernel: Kernel, weights: Weights) -> Tensor | None:
    """Stack vectors, scalars, and weights and biases of norms, [P, H]."""
    own, hidden_size = weights.own, weights.U.shape[1]
    tensors = [getattr(own[name], part) if part else own[name] for name, part in kernel.own]
    return torch.stack([tensor.expand(hidden_size) for tensor in tensors]) if tensors else None


def _in_steps(
    made: Trace, cell: Cell, kernel: Kernel, weights: Weights, lengths: Tensor | None, *, need_state: bool
) -> InSteps:
    """Return a function of ``Inputs`` that runs the layer's trace on the eager engine."""
    layout = weights.layout
    eps = {name: weights.own[name].eps for name, part in kernel.own if part == "weight"}
    lengths = None if lengths is None else lengths.clone()  # the caller may change its own

    def run(*tensors: Any) -> tuple[Tensor, Tensor | None]:
        x, W, U, b, own, start = Inputs(*tensors)
        rows = dict(zip(kernel.own, own if own is not None else (), strict=True))
        values: dict[str, Any] = {name: row for (name, part), row in rows.items() if not part}
        values |= {
            name: _norm(rows[name, "weight"], rows[name, "bias"], epsilon) for name, epsilon in eps.items()
        }
        again = Weights(layout, W, U, b, values, weights.sizes)
        state = None if start is None else State(dict(zip(cell.state, start.unbind(1), strict=True)))
        outputs, final = run_trace(made, cell, again, x, state=state, lengths=lengths, need_state=need_state)
        return outputs, None if final is None else torch.stack([final[name] for name in cell.state], dim=1)

    return run


def _norm(weight: Tensor, bias: Tensor, eps: float) -> Callable[[Tensor], Tensor]:
    return lambda rows: functional.layer_norm(rows, weight.shape, weight, bias, eps)
