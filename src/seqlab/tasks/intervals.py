"""Scores of forecasts as distributions: by their quantiles, and by the interval between two of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

ROUNDED = 10
"""Digits of a level: 1 - 0.9 is 0.1."""


class Interval(NamedTuple):
    """The quantiles between which the truth is to lie.

    Attributes:
        low: level of the lower one.
        high: level of the upper one.
    """

    low: float
    high: float

    @classmethod
    def around(cls, share: float) -> "Interval":
        """Return the central interval with a share of the truths, such as 0.8."""
        return cls(round((1 - share) / 2, ROUNDED), round((1 + share) / 2, ROUNDED))

    @classmethod
    def widest(cls, levels: Sequence[float]) -> "Interval | None":
        """Return the widest central interval between two of these levels; None if there is none."""
        lows = (low for low in levels if low < round(1 - low, ROUNDED) in levels)
        low = min(lows, default=None)
        return None if low is None else cls(low, round(1 - low, ROUNDED))

    @property
    def share(self) -> float:
        """The share of the truths that are to lie in it."""
        return round(self.high - self.low, ROUNDED)

    @property
    def label(self) -> str:
        """Its name in figures: "80 % interval"."""
        return f"{100 * self.share:g} % interval"


def pinball(errors: Tensor, level: float) -> Tensor:
    """Return the mean pinball loss of a quantile for each target, [K] (Koenker and Bassett 1978).

    Args:
        errors: quantile minus truth, [N, horizon, K].
        level: of the quantile.
    """
    return ((errors > 0).double() - level).mul_(errors).mean((0, 1))


def coverage(lower: Tensor, upper: Tensor) -> Tensor:
    """Return the share of truths that lie in their interval, for each target, [K].

    Args:
        lower: lower end minus truth, [N, horizon, K].
        upper: upper end minus truth, [N, horizon, K].
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
