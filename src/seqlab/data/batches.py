"""What a batch is, and the samples that batches are cut from."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from seqlab.lengths import mask


class Batch(NamedTuple):
    """Some samples, right-padded to the longest among them.

    Shapes: x [B, T] tokens or [B, T, F] features; lengths [B]; y [B] classes or [B, horizon] values;
    ids [B], each sample's number in its split, or −1 for a row that only fills up a rank's share and never
    counts.
    """

    x: Tensor
    lengths: Tensor
    y: Tensor
    ids: Tensor


class Samples(Protocol):
    """Resident or memory-mapped samples from which a loader cuts batches by index."""

    @property
    def lengths(self) -> Tensor:
        """Steps of every sample, [N]."""

    @property
    def y(self) -> Tensor:
        """Answer of every sample, [N] or [N, horizon]."""

    def __len__(self) -> int: ...

    def batch(self, ids: Tensor) -> Batch:
        """Return the samples ``ids``, [B]; a row for −1 holds any sample."""


class TokenSamples:
    """Token sequences of any length, stored end to end in one array.

    Args:
        tokens: all sequences one after the other, [sum of lengths].
        lengths: steps of each sequence, [N], each at least 1.
        y: class of each sequence, [N].
    """

    def __init__(self, tokens: Tensor, lengths: Tensor, y: Tensor) -> None:
        self.tokens, self.lengths, self.y = tokens, lengths, y
        self.starts = lengths.cumsum(0) - lengths

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, ids: Tensor) -> Batch:
        """Cut out and pad the sequences ``ids``, [B]."""
        rows = ids.clamp(min=0)
        lengths = self.lengths[rows]
        inside = mask(lengths, int(lengths.max()))
        places = self.starts[rows][:, None] + torch.arange(inside.shape[1])
        x = self.tokens[torch.where(inside, places, 0)].long().masked_fill(~inside, 0)
        return Batch(x, lengths, self.y[rows], ids)
