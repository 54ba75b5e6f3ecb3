"""The losses of forecasts: what a network's numbers mean, and how they are compared with targets."""

from collections.abc import Callable, Sequence

from torch import Tensor
from torch.nn import functional

from seqlab.tasks.losses.base import ForecastLoss
from seqlab.tasks.losses.distributions import Gaussian, NegativeBinomial, StudentT
from seqlab.tasks.losses.point import Point, Quantiles

__all__ = [
    "POINT",
    "ForecastLoss",
    "Gaussian",
    "NegativeBinomial",
    "Point",
    "Quantiles",
    "StudentT",
    "make_loss",
]

POINTS: dict[str, Callable[..., Tensor]] = {
    "mae": functional.l1_loss,
    "mse": functional.mse_loss,
    "huber": functional.huber_loss,
}
POINT = Point(functional.l1_loss)
"""Reads point forecasts of a baseline."""


def make_loss(
    name: str, levels: Sequence[float], means: Sequence[float], scales: Sequence[float]
) -> ForecastLoss:
    """Return a loss by its name.

    Args:
        name: mae, mse, huber, quantiles, gaussian, student_t or negative_binomial.
        levels: of the quantiles that "quantiles" forecasts.
        means: of the targets, [K], which "negative_binomial" counts from.
        scales: of the targets, [K].
    """
    if name in POINTS:
        return Point(POINTS[name])
    if name == "quantiles":
        return Quantiles(levels)
    if name == "negative_binomial":
        return NegativeBinomial(means, scales)
    return {"gaussian": Gaussian, "student_t": StudentT}[name]()
