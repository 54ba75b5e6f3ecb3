"""The native engine: the time loop of any traceable cell as one compiled kernel. Processors only.

plan.py puts a Program in the kernel's order, rows.py differentiates its stages, expressions.py and source.py
write them as C++, compiler.py makes a library of it, kernel.py calls that with slices of a batch, and
function.py is what autograd sees. maths.h, matrix.h and loop.h are the part that is the same for every cell.
"""

import logging
from functools import cache

import torch
from torch import Tensor

from seqlab.cells import Cell, State
from seqlab.engines.base import Engine, Weights
from seqlab.engines.native.compiler import REALS, CompilerError, find_compiler
from seqlab.engines.native.function import Inputs, run
from seqlab.engines.native.kernel import Kernel
from seqlab.engines.native.source import Source
from seqlab.engines.program import Program, TraceError

log = logging.getLogger(__name__)


class Native(Engine):
    """Any cell whose step can be traced; float32 and float64, on a processor with a C++ compiler."""

    name = "native"

    def refusal(self, cell: Cell, dtype: torch.dtype, device: torch.device) -> str | None:
        if device.type != "cpu":
            return f"the native engine runs on processors, not on {device.type}"
        if dtype not in REALS:
            return f"the native engine has no {str(dtype).removeprefix('torch.')}"
        try:
            Source.of(Program.of(cell))
            find_compiler()
        except CompilerError as error:
            _warn(str(error))
            return str(error)
        except TraceError as error:
            return str(error)
        return None

    def prepare(self, cell: Cell, dtype: torch.dtype) -> None:
        made = _kernel(Program.of(cell), dtype)
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
        kernel = _kernel(Program.of(cell), x.dtype)
        if isinstance(kernel, CompilerError):
            raise kernel
        start = None if state is None else torch.stack([state[name] for name in cell.state], dim=1)
        own = _own(kernel, weights)
        inputs = Inputs(x, weights.W, weights.U, weights.b, own, start)
        outputs, final = run(kernel, inputs, lengths, need_state=need_state)
        if final is None:
            return outputs, None
        return outputs, State(dict(zip(cell.state, final.unbind(1), strict=True)))


@cache
def _kernel(program: Program, dtype: torch.dtype) -> Kernel | CompilerError:
    """Return a cell's kernel, or why there is none; tried once."""
    try:
        return Kernel.of(program, dtype)
    except CompilerError as error:
        return error


@cache
def _warn(message: str) -> None:
    """Say once a process what keeps the engine from running."""
    log.warning("%s; without it training is slower", message)


def _own(kernel: Kernel, weights: Weights) -> Tensor | None:
    """Stack vectors, scalars, and weights and biases of norms, [P, H]."""
    own, hidden_size = weights.own, weights.U.shape[1]
    tensors = [getattr(own[name], part) if part else own[name] for name, part in kernel.own]
    return torch.stack([tensor.expand(hidden_size) for tensor in tensors]) if tensors else None
