"""Must something see torch's single operations now?"""

import torch

from seqlab.compat.torch import in_dispatch_mode, in_forward_mode, in_transform
from seqlab.errors import EngineError


def watcher() -> str | None:
    """Return the name of what follows every torch operation now, or None.

    It would not see an engine that computes in one piece: gradients would be 0, or a kernel would get the
    address of a tensor that has no memory.
    """
    if torch.compiler.is_exporting():
        return "torch.export"
    if in_transform():
        return "torch.func (grad, vmap, jvp, …)"
    if in_forward_mode():
        return "forward-mode differentiation"
    # torch.compile has modes of its own, and skips what it cannot trace.
    if not torch.compiler.is_compiling() and in_dispatch_mode():
        return "a dispatch mode (make_fx, FakeTensorMode, …)"
    return None


def refuse_traces() -> None:
    """Refuse torch.jit.trace: no engine's loop over time survives it.

    Raises:
        EngineError: torch.jit.trace is running.
    """
    if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        raise EngineError(
            "torch.jit.trace and torch.onnx.export(dynamo=False) would keep the example's steps and lengths "
            "for all later inputs; use seqlab export RUN --to onnx, or torch.export, which checks them"
        )
