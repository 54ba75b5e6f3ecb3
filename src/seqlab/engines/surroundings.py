"""Who must see torch's single operations just now? The private names of torch that tell stand here alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.autograd import forward_ad
from torch.utils._python_dispatch import _disable_current_modes

from seqlab.errors import EngineError


def watcher() -> str | None:
    """Return who follows every operation of what runs now, or None if nobody does.

    An engine that computes in one piece would be passed over by it: gradients of 0, or addresses of tensors
    that have no memory.
    """
    if torch.compiler.is_exporting():
        return "torch.export"
    if torch._C._functorch.maybe_current_level() is not None:  # noqa: SLF001 (there is no public way)
        return "torch.func (grad, vmap, jvp, …)"
    if forward_ad._current_level >= 0:  # noqa: SLF001 (there is no public way)
        return "forward-mode differentiation"
    # torch.compile has modes of its own, and leaves out what it cannot see into.
    if not torch.compiler.is_compiling() and torch._C._len_torch_dispatch_stack():  # noqa: SLF001
        return "a dispatch mode (make_fx, FakeTensorMode, …)"
    return None


@contextmanager
def nobody_watching() -> Iterator[None]:
    """Compute with plain tensors for a moment, whatever transform or mode is active."""
    with _disable_current_modes(), temporarily_clear_interpreter_stack():
        yield


def has_memory(tensor: Tensor) -> bool:
    """Return whether a tensor's numbers stand in memory; those of a batch of gradients do not."""
    return torch._C._has_storage(tensor)  # noqa: SLF001 (there is no public way)


def has_hooks(module: nn.Module) -> bool:
    """Return whether something wants to run when ``module`` is called."""
    kinds = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
    return any(getattr(module, kind) for kind in kinds)


def refuse_traces() -> None:
    """Refuse torch.jit.trace: no engine's loop over time survives it.

    Raises:
        EngineError: a trace is under way.
    """
    if torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        raise EngineError(
            "torch.jit.trace and torch.onnx.export(dynamo=False) would keep the example's steps and lengths "
            "for all later inputs; use seqlab export RUN --to onnx, or torch.export, which checks them"
        )
