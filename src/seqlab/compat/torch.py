"""Private parts of torch that engines need."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from threading import Lock
from types import FunctionType
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor, nn
from torch._decomp import core_aten_decompositions  # what make_fx writes a graph with
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack
from torch.autograd import forward_ad
from torch.optim.lr_scheduler import LRScheduler, _enable_get_lr_call
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import register_pytree_node  # how torch.func learns a container

__all__ = [
    "Unrounded",
    "core_aten_decompositions",
    "functions_handled",
    "has_hooks",
    "has_memory",
    "in_dispatch_mode",
    "in_forward_mode",
    "in_transform",
    "leave_graph",
    "rates",
    "register_pytree_node",
    "start_autograd",
    "uncompiled",
    "without_transforms",
]

FunctionHandler: TypeAlias = Callable[[Any, tuple[Any, ...]], Any]


def rates(schedule: LRScheduler) -> list[float | Tensor]:
    """Return a schedule's current learning rates, without the warning of get_lr outside a step."""
    with _enable_get_lr_call(schedule):
        return schedule.get_lr()


def start_autograd() -> None:
    """Run a backward pass, which is to be the first of this process, before anything is traced.

    After a trace, torch 2.14 starts threads in the first one, and then no forked process can run another.
    """
    torch.ones((), requires_grad=True).backward()  # type: ignore[no-untyped-call]


def leave_graph(reason: str) -> None:
    """Let torch.compile end its graph here; with fullgraph=True it shows the reason."""
    if torch.compiler.is_compiling() and not torch.compiler.is_exporting():
        torch._dynamo.graph_break(msg=reason)


def uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function into which torch.compile does not look."""
    return _uncompiled(function) if torch.compiler.is_compiling() else function


@cache
def _uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    apart: Callable[..., Any] = torch.compiler.disable(function)  # type: ignore[no-untyped-call]
    return apart


def in_transform() -> bool:
    """Return whether a transform of torch.func is active."""
    return torch._C._functorch.maybe_current_level() is not None


def in_forward_mode() -> bool:
    """Return whether forward-mode differentiation is active."""
    return forward_ad._current_level >= 0


def in_dispatch_mode() -> bool:
    """Return whether a dispatch mode, such as that of make_fx, is active."""
    return torch._C._len_torch_dispatch_stack() > 0


@contextmanager
def without_transforms() -> Iterator[None]:
    """Disable every active transform and mode within the context, so that tensors are ordinary ones."""
    with _disable_current_modes(), temporarily_clear_interpreter_stack():
        yield


@contextmanager
def functions_handled(handler: FunctionHandler) -> Iterator[None]:
    """Ask ``handler`` for what an autograd.Function returns, given the function and its arguments.

    What is no tensor would pass through it without its derivative. Where the handler returns
    ``NotImplemented`` the function is called. Other threads are not concerned.
    """
    global _handled  # noqa: PLW0603 (how many threads are within)
    token = _HANDLERS.set((*_HANDLERS.get(), handler))
    with _LOCK:
        _handled += 1
        _APPLY.__code__ = _HANDLED.__code__  # ``spike = Spike.apply`` has the function, not its name
    try:
        yield
    finally:
        with _LOCK:
            _handled -= 1
            if not _handled:
                _APPLY.__code__ = _CALLED.__code__
        _HANDLERS.reset(token)


def handled(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return what a handler, or else an autograd.Function itself, makes of its arguments."""
    for handler in _HANDLERS.get():
        made = handler(function, args)
        if made is not NotImplemented:
            return made
    return _CALLED(function, *args, **kwargs)


def _with_one_free_variable() -> Any:
    of_class = None  # as many as apply has: that of super()

    def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
        import sys  # noqa: PLC0415 (it runs as a function of torch's, which sees no name of this module)

        _ = of_class
        return sys.modules["seqlab.compat.torch"].handled(cls, args, kwargs)

    return apply


_APPLY: Any = vars(torch.autograd.Function)["apply"].__func__
_CALLED = FunctionType(_APPLY.__code__, _APPLY.__globals__, "apply", None, _APPLY.__closure__)
_HANDLED = _with_one_free_variable()
_HANDLERS: ContextVar[tuple[FunctionHandler, ...]] = ContextVar("handlers", default=())
_LOCK = Lock()
_handled = 0


def has_memory(tensor: Tensor) -> bool:
    """Return whether a tensor has storage; the tensors of a batch of gradients have none."""
    return torch._C._has_storage(tensor)


def has_hooks(module: nn.Module) -> bool:
    """Return whether a hook would run when ``module`` is called."""
    kinds = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
    return any(getattr(module, kind) for kind in kinds)


class Unrounded(nn.Module):
    """A module whose numbers are moved between devices, but never converted to a smaller type.

    A network in bfloat16 (``module.to(torch.bfloat16)``) would otherwise have its losses summed in bfloat16,
    where a sum soon stops growing: torchmetrics protects its states from ``bfloat16()``, but not from ``to``.
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:  # noqa: FBT001, FBT002 (torch's own)
        return super()._apply(partial(_without_rounding, fn), recurse)  # type: ignore[no-any-return, no-untyped-call]


def _without_rounding(fn: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    like = fn(tensor.new_empty(0))
    is_smaller = torch.promote_types(like.dtype, tensor.dtype) != like.dtype
    return tensor.to(like.device) if is_smaller else fn(tensor)
