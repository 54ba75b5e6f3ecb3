"""Right-padded batches: masks, last steps, and reading backwards."""

import torch
from torch import Tensor

EVERY_STEP = -1
"""In place of a number of last steps: all steps of a sequence."""


def mask(lengths: Tensor, steps: int) -> Tensor:
    """Return a mask [B, T]: true for steps of the sequence, false for padding."""
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def without_padding(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Return [B, T, H] with the padding set to 0; no gradient reaches the padding."""
    if lengths is None:
        return sequence
    return torch.where(mask(lengths, sequence.shape[1])[:, :, None], sequence, 0)


def with_last_step_repeated(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Return [B, T, H] with padding replaced by each sequence's last step; no gradient reaches padding."""
    if lengths is None:
        return sequence
    last = last_step(sequence.detach(), lengths)[:, None]
    return torch.where(mask(lengths, sequence.shape[1])[:, :, None], sequence, last)


def last_step(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Return each sequence's last step, [B, T, H] to [B, H]."""
    if lengths is None:
        return sequence[:, -1]
    return sequence[torch.arange(len(sequence), device=sequence.device), lengths - 1]


def last_steps(sequence: Tensor, lengths: Tensor, count: int) -> Tensor:
    """Return each sequence's last ``count`` steps, [B, T, H] to [B, count, H]; no sequence may be shorter."""
    steps = lengths[:, None] - count + torch.arange(count, device=lengths.device)
    return sequence[torch.arange(len(sequence), device=sequence.device)[:, None], steps]


def backwards(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Return each sequence, [B, T, H], reversed, with its padding still at the end; its own inverse."""
    if lengths is None:
        return sequence.flip(1)
    steps = torch.arange(sequence.shape[1], device=sequence.device)
    mirrored = lengths[:, None] - 1 - steps
    order = torch.where(mirrored >= 0, mirrored, steps)
    return sequence.gather(1, order[:, :, None].expand_as(sequence))
