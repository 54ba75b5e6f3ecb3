"""What comes with every step beside x: times, masks, resets, and noise that the layer draws."""

import math
from typing import Any, Literal

import torch
from torch import Tensor

from seqlab.cells.declared import Width, checked_width
from seqlab.errors import CellError
from seqlab.functional.lengths import backwards


class Input:
    """An input at every step, [B, T, width], read in a step as ``x.<name>``, [B, width].

    Args:
        width: see ``Width``; () is a number, [B, 1] in a step.
        default: what it is at every step if nobody gives it; None if it must be given.
    """

    def __init__(self, width: Width = (), *, default: float | None = None) -> None:
        self.width, self.default = checked_width("an input", width), default

    def usual(self, x: Tensor, size: int) -> Tensor:
        """Return the default at every step, [B, T, size], like x in type and device."""
        assert self.default is not None  # noqa: S101 (who must give it was told so)
        return x.new_full((1, 1, 1), self.default).expand(*x.shape[:2], size)

    def backwards(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """Return the values, [B, T, width], for a layer that reads each sequence from its end."""
        return backwards(values, lengths)


class Interval(Input):
    """An input that tells of what lies between a step and the one before it, such as the time that passed.

    A layer that reads from the end comes to a step from the one behind it, so it is given what lies between
    these two. Its first step is given what the first step of the sequence has.
    """

    def backwards(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """Return the values reversed, each with the step that is read after it."""
        return torch.cat([values[:, :1], backwards(values, lengths)[:, :-1]], dim=1)


class Bernoulli(Input):
    """Noise that the layer draws before the loop: 1/scale with probability p, else 0; in evaluation the mean.

    Args:
        p: probability, 0 to 1; noise has the nearest multiple of 1/65,536.
        width: how many at a step.
        each: whether each "step" has its own, or the whole "sequence" the same.
        scale: divides the values.
    """

    def __init__(
        self,
        p: float,
        width: Width = "H",
        *,
        each: Literal["step", "sequence"] = "step",
        scale: float = 1.0,
    ) -> None:
        if not scale > 0:
            raise CellError(f"Bernoulli's scale must be above 0, got {scale}")
        super().__init__(width, default=p / scale)
        if not 0 <= p <= 1:
            raise CellError(f"the probability of Bernoulli must be 0 to 1, got {p}")
        if each not in ("step", "sequence"):
            raise CellError(f"Bernoulli's each must be 'step' or 'sequence', got {each!r}")
        self.p, self.each, self.scale = p, each, scale

    def draw(self, x: Tensor, size: int) -> Tensor:
        """Return the noise of a batch, [B, T, size], like x in type and device, from torch's generator."""
        if self.p in (0, 1):
            return self.usual(x, size)
        batch, steps, _ = x.shape
        shape = batch, steps if self.each == "step" else 1, size
        # Integers of 16 bits, four from each random number: torch's bernoulli_ takes three times as long.
        count = math.prod(shape)
        numbers = torch.empty(-(-count // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        limit = min(round(self.p * 2**16) - 2**15, 2**15 - 1)
        noise = numbers.view(torch.int16)[:count].lt_(limit).to(x.dtype).view(shape)
        return (noise if self.scale == 1 else noise.div_(self.scale)).expand(batch, steps, size)


BETWEEN = ("dt", "reset")
"""Inputs of these names are intervals unless their cell says what they are: both lie between two steps."""


def as_input(name: str, declared: Any) -> Input:
    """Return an input that is declared by its width alone as what its name says.

    Raises:
        CellError: the declaration is no width.
    """
    if isinstance(declared, Input):
        return declared
    if name == "x" and declared != "I":
        raise CellError(f"the input x is 'I' wide, got {declared!r}")
    return (Interval if name in BETWEEN else Input)(declared)
