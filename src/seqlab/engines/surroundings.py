"""Must something see torch's single operations now? Only this module uses torch's private names for that."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.autograd import forward_ad
from torch.utils._python_dispatch import _disable_current_modes

from seqlab.errors import EngineError


def watcher() -> str | None:
    """Return the name of what follows every torch operation now, or None.

    It would not see an engine that computes in one piece: gradients would be 0, or a kernel would get the
    address of a tensor that has no memory.
    """
    if torch.compiler.is_exporting():
        return "torch.export"
    if torch._C._functorch.maybe_current_level() is not None:  # noqa: SLF001 (there is no public way)
        return "torch.func (grad, vmap, jvp, …)"
    if forward_ad._current_level >= 0:  # noqa: SLF001 (there is no public way)
        return "forward-mode differentiation"
    # torch.compile has modes of its own, and skips what it cannot trace.
    if not torch.compiler.is_compiling() and torch._C._len_torch_dispatch_stack():  # noqa: SLF001
        return "a dispatch mode (make_fx, FakeTensorMode, …)"
    return None


@contextmanager
def without_transforms() -> Iterator[None]:
    """Disable every active transform and mode within the context, so that tensors are ordinary ones."""
    with _disable_current_modes(), temporarily_clear_interpreter_stack():
        yield


def has_memory(tensor: Tensor) -> bool:
    """Return whether a tensor has storage; the tensors of a batch of gradients have none."""
    return torch._C._has_storage(tensor)  # noqa: SLF001 (there is no public way)


def has_hooks(module: nn.Module) -> bool:
    """Return whether a hook would run when ``module`` is called."""
    kinds = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
    return any(getattr(module, kind) for kind in kinds)


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
