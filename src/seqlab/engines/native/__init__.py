"""The native engine: the time loop of any traceable cell as one compiled kernel. Processors only.

plan.py puts a Program in the kernel's order, rows.py differentiates its stages, expressions.py and source.py
write them as C++, compiler.py makes a library of it, kernel.py calls that with slices of a batch, and
function.py is what autograd sees. maths.h, matrix.h and loop.h are the part that is the same for every cell.
"""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor

from seqlab.cells import Cell, State
from seqlab.engines.base import Engine, Weights
from seqlab.engines.native.compiler import REALS, CompilerError
from seqlab.engines.native.function import Inputs, run
from seqlab.engines.native.kernel import Kernel
from seqlab.engines.program import Program, TraceError
from seqlab.errors import EngineError

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
            made = _kernel(Program.of(cell), dtype)
        except TraceError as error:
            return str(error)
        return str(made) if isinstance(made, EngineError | TraceError) else None

    def run(
        self,
        cell: Cell,
        weights: Weights,
        x: Tensor,
        state: State,
        lengths: Tensor | None,
        *,
        need_state: bool,
    ) -> tuple[Tensor, State | None]:
        kernel = _kernel(Program.of(cell), x.dtype)
        if not isinstance(kernel, Kernel):
            raise kernel
        start = torch.stack([state[name] for name in cell.state], dim=1)
        own = _own(kernel, weights.own, x.new_empty(0, start.shape[2]))
        inputs = Inputs(x, weights.W, weights.U, weights.b, own, start)
        outputs, final = run(kernel, inputs, lengths, need_state=need_state)
        if final is None:
            return outputs, None
        return outputs, State(dict(zip(cell.state, final.unbind(1), strict=True)))


@cache
def _kernel(program: Program, dtype: torch.dtype) -> Kernel | EngineError | TraceError:
    """Return a cell's kernel, or why there is none; tried once."""
    try:
        return Kernel.of(program, dtype)
    except CompilerError as error:
        log.warning("%s; cells run slower without it", error)
        return error
    except TraceError as error:
        return error


def _own(kernel: Kernel, own: Mapping[str, Any], none: Tensor) -> Tensor:
    """Stack vectors, scalars, and weights and biases of norms, [P, H]."""
    tensors = [getattr(own[name], part) if part else own[name] for name, part in kernel.own]
    return torch.stack([tensor.expand(none.shape[1]) for tensor in tensors]) if tensors else none
