"""Forecasts of a distribution by its parameters; the loss is the negative log-likelihood, in nats."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from seqlab.tasks.losses.base import (
    ForecastLoss,
    add_column,
    add_moved,
    add_scaled,
    exact_buffer,
    from_buffer,
    moved,
)

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

SMALLEST = 1e-6
"""Added to what must be positive: scales in scaled units, dispersions, and means of counts."""
FREEDOM = 2.0
"""Student's t has more degrees of freedom than this, so that its variance is finite."""
ROUNDING = 1e-6
"""How far a count may be from a whole number, beside what scaled units lose, which are float32."""


class LocationScale(ForecastLoss):
    """A family of distributions that are moved and stretched: location, scale, and other parameters.

    Attributes:
        floors: what all parameters but the location are larger than, in scaled units.
    """

    output = "parameters"
    floors: tuple[float, ...]

    def read(self, outputs: Tensor, last: Tensor | None) -> Tensor:
        """Return the parameters, […, *shape], all but the location positive by softplus."""
        location, *others = outputs.unbind(-1)
        positive = [softplus(one) + floor for one, floor in zip(others, self.floors, strict=True)]
        return torch.stack([moved(location, last), *positive], -1)

    def point(self, forecasts: Tensor) -> Tensor:
        """Return the locations, […], the medians of symmetric distributions."""
        return forecasts[..., 0]

    def in_units(self, forecasts: Tensor, means: Tensor, scales: Tensor) -> Tensor:
        """Return the parameters in other units, […, *shape]."""
        location, scale, *others = forecasts.unbind(-1)
        return torch.stack([location * scales + means, scale * scales, *others], -1)

    def quantiles(self, forecasts: Tensor, levels: Sequence[float]) -> Tensor:
        """Return the quantiles in float64, […, levels]."""
        location, scale, *others = forecasts.double().unbind(-1)
        return torch.stack([location + scale * self.standard(level, *others) for level in levels], -1)

    @abstractmethod
    def standard(self, level: float, *others: Tensor) -> Tensor | float:
        """Return a quantile of the distributions with location 0 and scale 1, […]."""

    def add_read(self, graph: "Graph", outputs: str, last: str | None) -> str:
        """Add softplus and floor of each parameter but the location."""
        location, *others = graph.split(outputs, *self.shape)
        positive = [
            graph.add("Add", graph.add("Softplus", one), graph.number(floor))
            for one, floor in zip(others, self.floors, strict=True)
        ]
        return graph.joined([add_moved(graph, location, last), *positive])

    def add_units(self, graph: "Graph", forecasts: str, means: str, scales: str) -> str:
        """Add the scaling of location and scale."""
        location, scale, *others = graph.split(forecasts, *self.shape)
        means, scales = add_column(graph, means), add_column(graph, scales)
        placed = add_scaled(graph, location, means, scales)
        return graph.joined([placed, graph.add("Mul", scale, scales), *others])


class Gaussian(LocationScale):
    """A normal distribution by mean and standard deviation."""

    shape = (2,)
    floors = (SMALLEST,)

    def each(self, forecasts: Tensor, target: Tensor) -> Tensor:
        """Return the negative log-likelihood of each target, […]."""
        mean, deviation = forecasts.unbind(-1)
        off = (target - mean) / deviation
        return 0.5 * off.square() + torch.log(deviation) + 0.5 * math.log(2 * math.pi)

    def standard(self, level: float, *others: Tensor) -> float:  # noqa: ARG002
        """Return the quantile of the standard normal distribution."""
        return float(torch.special.ndtri(torch.tensor(level, dtype=torch.float64)))


class StudentT(LocationScale):
    """Student's t distribution by location, scale and degrees of freedom: heavy tails."""

    shape = (3,)
    floors = (SMALLEST, FREEDOM)

    def each(self, forecasts: Tensor, target: Tensor) -> Tensor:
        """Return the negative log-likelihood of each target, […]."""
        location, scale, freedom = forecasts.unbind(-1)
        half = (freedom + 1) / 2
        off = (target - location) / scale
        norm = torch.lgamma(freedom / 2) - torch.lgamma(half) + 0.5 * torch.log(math.pi * freedom)
        return half * torch.log1p(off.square() / freedom) + norm + torch.log(scale)

    def standard(self, level: float, *others: Tensor) -> Tensor:
        """Return the quantile for each number of degrees of freedom, […]."""
        from scipy.special import stdtrit  # noqa: PLC0415 (slow to import)

        (freedom,) = others
        return torch.as_tensor(stdtrit(freedom.cpu().numpy(), level), device=freedom.device)


class NegativeBinomial(ForecastLoss):
    """Counts, by their mean m and dispersion a, with variance m + a·m².

    In scaled units a forecast is the mean before softplus, and a: counts have units of their own.

    Args:
        means: of the targets, [K].
        scales: of the targets, [K].
    """

    shape = (2,)
    output = "parameters"
    _units: Tensor

    def __init__(self, means: Sequence[float], scales: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("_units", exact_buffer([means, scales]), persistent=False)

    def read(self, outputs: Tensor, last: Tensor | None) -> Tensor:
        """Return the mean before softplus, and the dispersion, […, 2]."""
        place, dispersion = outputs.unbind(-1)
        return torch.stack([moved(place, last), softplus(dispersion) + SMALLEST], -1)

    def each(self, forecasts: Tensor, target: Tensor) -> Tensor:
        """Return the negative log-likelihood of each count, […]."""
        means, scales = from_buffer(self._units).unbind()
        mean, dispersion = self.in_units(forecasts.double(), means, scales).unbind(-1)
        count = (target.double() * scales + means).round()
        rate = 1 / dispersion  # failures until the count is complete
        ways = torch.lgamma(count + rate) - torch.lgamma(rate) - torch.lgamma(count + 1)
        lost = rate * torch.log1p(mean / rate) - count * torch.log(mean / (rate + mean)) - ways
        return lost.to(forecasts.dtype)

    def point(self, forecasts: Tensor) -> Tensor:
        """Return the means in scaled units, […]."""
        means, scales = from_buffer(self._units).to(forecasts.dtype).unbind()
        return softplus(forecasts[..., 0] + means / scales) - means / scales

    def in_units(self, forecasts: Tensor, means: Tensor, scales: Tensor) -> Tensor:
        """Return mean and dispersion of the counts, […, 2]."""
        place, dispersion = forecasts.unbind(-1)
        return torch.stack([scales * softplus(place + means / scales) + SMALLEST, dispersion], -1)

    def quantiles(self, forecasts: Tensor, levels: Sequence[float]) -> Tensor:
        """Return the smallest counts that are reached with at least these probabilities, […, levels]."""
        from scipy.stats import nbinom  # noqa: PLC0415 (slow to import)

        mean, dispersion = forecasts.double().cpu().unsqueeze(-1).unbind(-2)
        rate = (1 / dispersion).numpy()
        found = nbinom.ppf(np.array(levels), rate, rate / (rate + mean.numpy()))
        return torch.as_tensor(found, device=forecasts.device)

    def scaled_quantiles(self, forecasts: Tensor, levels: Sequence[float]) -> Tensor:
        """Return the quantiles of the counts, scaled, […, levels]."""
        means, scales = from_buffer(self._units).unbind()
        counts = self.quantiles(self.in_units(forecasts.double(), means, scales), levels)
        return (counts - means.unsqueeze(-1)) / scales.unsqueeze(-1)

    def impossible(self, target: Tensor) -> Tensor:
        """Return which targets, […], are no counts."""
        # Further than 2^22 from the mean, float32 no longer tells a fraction from a whole number.
        means = from_buffer(self._units)[0].to(target.device)
        slack = ROUNDING + torch.finfo(torch.float32).eps * (target - means).abs()
        return (target < -slack) | ((target - target.round()).abs() > slack)

    def exact(self, values: Tensor) -> Tensor:
        """Return counts or their differences, which are whole numbers."""
        return values.round()

    def add_read(self, graph: "Graph", outputs: str, last: str | None) -> str:
        """Add softplus and floor of the dispersion."""
        place, dispersion = graph.split(outputs, 2)
        positive = graph.add("Add", graph.add("Softplus", dispersion), graph.number(SMALLEST))
        return graph.joined([add_moved(graph, place, last), positive])

    def add_units(self, graph: "Graph", forecasts: str, means: str, scales: str) -> str:
        """Add the mean of the counts."""
        place, dispersion = graph.split(forecasts, 2)
        means, scales = add_column(graph, means), add_column(graph, scales)
        above_zero = graph.add("Add", place, graph.add("Div", means, scales))
        count = graph.add("Mul", graph.add("Softplus", above_zero), scales)
        return graph.joined(
            [graph.add("Add", count, graph.constant("smallest", np.float64(SMALLEST))), dispersion]
        )
