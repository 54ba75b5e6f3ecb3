"""Scores of forecasts as distributions: by their quantiles, and by the interval between two of them."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqlab.errors import DataError
from seqlab.registry.types import DIGITS, central


class Ends(NamedTuple):
    """The lower and upper ends of intervals, each [N, horizon, K]."""

    lower: Tensor
    upper: Tensor

    def widened(self, margins: Tensor) -> "Ends":
        """Return intervals that reach further by margins, [horizon, K], but at least to their middle."""
        by = torch.maximum(margins, (self.lower - self.upper) / 2)
        return Ends(self.lower - by, self.upper + by)


class Interval(NamedTuple):
    """The quantiles between which the target is to lie.

    Attributes:
        low: level of the lower one.
        high: level of the upper one.
    """

    low: float
    high: float

    @classmethod
    def around(cls, share: float) -> "Interval":
        """Return the central interval with a share of the targets, such as 0.8."""
        return cls(*central(share))

    @classmethod
    def nested(cls, levels: Sequence[float]) -> "list[Interval]":
        """Return the central intervals between two of these levels, in the order of the lower ones."""
        return [cls(low, round(1 - low, DIGITS)) for low in levels if low < round(1 - low, DIGITS) in levels]

    @classmethod
    def widest(cls, levels: Sequence[float]) -> "Interval | None":
        """Return the widest central interval between two of these levels; None if there is none."""
        return min(cls.nested(levels), default=None)

    @property
    def share(self) -> float:
        """The share of the targets that are to lie in it."""
        return round(self.high - self.low, DIGITS)

    @property
    def label(self) -> str:
        """Its name in figures: "80 % interval"."""
        return f"{100 * self.share:g} % interval"


def margins_for(ends: Ends, target: Tensor, share: float) -> Tensor:
    """Return by how much intervals must be widened to hold a share of the targets, [horizon, K].

    Split conformal prediction, of quantiles as Romano et al. 2019: new intervals that are widened so hold at
    least this share of their targets, if those of calibration and the new ones are exchangeable.

    Args:
        ends: of the intervals of calibration; a point is one of length 0.
        target: [N, horizon, K].
        share: of the targets that intervals are to hold.

    Raises:
        DataError: so few windows say nothing of such intervals.
    """
    count = len(target)
    rank = math.ceil(round((count + 1) * share, DIGITS))
    if rank > count:
        least = math.ceil(round(share / (1 - share), DIGITS))
        raise DataError(
            f"task.conformal={share:g} needs {least} windows of validation or more, and there are {count}"
        )
    outside = torch.maximum(ends.lower - target, target - ends.upper)
    return torch.from_numpy(np.partition(outside.numpy(), rank - 1, axis=0)[rank - 1])


def pinball(errors: Tensor, level: float) -> Tensor:
    """Return the mean pinball loss of a quantile for each target, [K] (Koenker and Bassett 1978).

    Args:
        errors: quantile minus target, [N, horizon, K].
        level: of the quantile.
    """
    return ((errors > 0).double() - level).mul_(errors).mean((0, 1))


def coverage(lower: Tensor, upper: Tensor) -> Tensor:
    """Return the share of targets that lie in their interval, for each target, [K].

    Args:
        lower: lower end minus target, [N, horizon, K].
        upper: upper end minus target, [N, horizon, K].
    """
    return ((lower <= 0) & (upper >= 0)).double().mean((0, 1))


def by_target(scores: Mapping[str, Tensor], targets: Sequence[str]) -> dict[str, float]:
    """Return the means of scores [K], and with several targets each as ``<score>/<target>``."""
    found = {name: float(values.mean()) for name, values in scores.items()}
    each = {
        f"{name}/{target}": float(values[place])
        for place, target in enumerate(targets)
        for name, values in scores.items()
    }
    return found | (each if len(targets) > 1 else {})
