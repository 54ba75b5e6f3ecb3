"""From a direction's outputs at every step to one vector a sequence, [B, T, H] to [B, H]."""

from collections.abc import Callable

import torch
from torch import Tensor

from seqlab.lengths import last_step, mask

Pooling = Callable[[Tensor, Tensor], Tensor]


def mean(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Average over the steps of each sequence."""
    inside = mask(lengths, outputs.shape[1])[:, :, None]
    return torch.where(inside, outputs, 0).sum(1) / lengths[:, None]


def maximum(outputs: Tensor, lengths: Tensor) -> Tensor:
    """Take the largest value over the steps of each sequence, unit by unit."""
    inside = mask(lengths, outputs.shape[1])[:, :, None]
    return torch.where(inside, outputs, -torch.inf).amax(1)


POOLINGS: dict[str, Pooling] = {"last": last_step, "mean": mean, "max": maximum}
"""Every pooling by name. "last" is the last step that a direction has read."""
