"""Modules that are not rounded with the network: scores are as exact in every precision."""

from collections.abc import Callable
from functools import partial
from typing import Self

import torch
from torch import Tensor, nn

EXACT = torch.float32 if torch.backends.mps.is_available() else torch.float64  # mps has no float64
"""The type of sums over a whole stage."""


class Exact(nn.Module):
    """A module whose numbers are moved between devices, but never converted to a smaller type.

    A network in bfloat16 (``module.to(torch.bfloat16)``) would otherwise have its losses summed in bfloat16,
    where a sum soon stops to grow: torchmetrics protects its states from ``bfloat16()``, but not from ``to``.
    """

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:  # noqa: FBT001, FBT002 (torch's own)
        return super()._apply(partial(_without_rounding, fn), recurse)  # type: ignore[no-any-return, no-untyped-call]


def _without_rounding(fn: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    like = fn(tensor.new_empty(0))
    is_smaller = torch.promote_types(like.dtype, tensor.dtype) != like.dtype
    return tensor.to(like.device) if is_smaller else fn(tensor)
