"""Functions that a step may call too: each is recorded as the operations that it is made of.

They have torch's values, and its derivatives also where two pieces meet.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.nn import functional


def _hardtanh(v: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    inside = (v > min_val) & (v < max_val)
    return torch.where(inside, v, torch.clamp(v, min_val, max_val).detach())


def _elu(v: Any, alpha: float = 1.0) -> Any:
    below = torch.clamp(v, max=0.0)  # else the derivative of what is not chosen may be infinite
    return torch.where(v > 0, v, alpha * torch.expm1(below))


def _of_two(function: Callable[..., Any], a: Any, other: Any = None, **more: Any) -> Any:
    """Return a maximum or minimum of two vectors; with a dimension, or of one vector, it is over units."""
    if other is None or isinstance(other, int) or more:
        raise TypeError(f"a {function.__name__} over units (torch.{function.__name__} is of two vectors)")
    return function(a, other)


COMPOSED: dict[Any, Callable[..., Any]] = {
    torch.max: partial(_of_two, torch.maximum),
    torch.min: partial(_of_two, torch.minimum),
    torch.clamp_min: lambda v, min: torch.clamp(v, min=min),  # noqa: A006 (torch's name)
    torch.clamp_max: lambda v, max: torch.clamp(v, max=max),  # noqa: A006
    torch.addcmul: lambda v, a, b, *, value=1: v + a * b * value,
    functional.hardtanh: _hardtanh,
    functional.relu6: lambda v: _hardtanh(v, 0.0, 6.0),
    functional.elu: _elu,
    functional.softsign: lambda v: v / (1 + torch.abs(v)),
    functional.mish: lambda v: v * torch.tanh(functional.softplus(v)),
}
"""By torch's function."""

NAMES = {function.__name__: made for function, made in COMPOSED.items()}
"""By its name: of a tensor's methods, and of what an error lists."""
