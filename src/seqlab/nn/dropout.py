"""Dropout with a mask a step, or one a sequence."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.registry.types import Each


class SequenceDropout(nn.Module):
    """Dropout with the same mask at all steps of a sequence (variational: Gal & Ghahramani 2016).

    Args:
        p: dropout probability of a number.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return what is kept, times 1/(1 − p), [B, T, H] or [B, H]."""
        if not (self.training and self.p):
            return x
        mask = functional.dropout(torch.ones_like(x[:, :1] if x.dim() > 2 else x), self.p)  # noqa: PLR2004
        return x * mask

    def extra_repr(self) -> str:
        """Show the probability."""
        return f"p={self.p}"


def make_dropout(p: float, each: Each) -> nn.Module:
    """Return dropout with a mask for each step or sequence."""
    return nn.Dropout(p) if each == "step" else SequenceDropout(p)
