"""From a direction's outputs at every step, [B, T, H], to one vector a sequence."""

from collections.abc import Callable

import torch
from torch import Tensor

from seqlab.functional.lengths import last_step, mask, without_padding

Pooling = Callable[[Tensor, Tensor], Tensor]


def mean(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Average over the steps of each sequence."""
    return without_padding(outputs, lengths).sum(1) / lengths[:, None]


def maximum(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Take the largest value over the steps of each sequence, unit by unit."""
    inside = mask(lengths, outputs.shape[1])[:, :, None]
    return torch.where(inside, outputs, -torch.inf).amax(1)


def combined(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Put last, max and mean side by side, [B, T, H] to [B, 3·H] (Howard & Ruder 2018)."""
    return torch.cat([last_step(outputs, lengths), maximum(outputs, lengths), mean(outputs, lengths)], dim=1)


POOLINGS: dict[str, Pooling] = {"last": last_step, "mean": mean, "max": maximum, "combined": combined}
"""Every pooling by name. "last" is the last step that a direction has read."""

WIDTHS = {"last": 1, "mean": 1, "max": 1, "combined": 3}
"""How many times as wide as an output a pooled vector is."""
