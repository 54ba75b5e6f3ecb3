"""Forecasts of a value, and of some quantiles."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from seqlab.registry.types import MEDIAN
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


class Point(ForecastLoss):
    """A value; as a distribution, one without spread.

    Args:
        function: a loss of ``torch.nn.functional``, such as ``l1_loss``.
    """

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def read(self, outputs: Tensor, last: Tensor | None) -> Tensor:
        """Return the sum, […]."""
        return moved(outputs, last)

    def each(self, forecasts: Tensor, target: Tensor) -> Tensor:
        """Return the function of each forecast and target, […]."""
        return self.function(forecasts, target, reduction="none")

    def point(self, forecasts: Tensor) -> Tensor:
        """Return the values, […]."""
        return forecasts

    def in_units(self, forecasts: Tensor, means: Tensor, scales: Tensor) -> Tensor:
        """Return the values in other units, […]."""
        return forecasts * scales + means

    def quantiles(self, forecasts: Tensor, levels: Sequence[float]) -> Tensor:
        """Return the value for every level, […, levels]."""
        return forecasts.unsqueeze(-1).expand(*forecasts.shape, len(levels))

    def add_read(self, graph: "Graph", outputs: str, last: str | None) -> str:
        """Add the sum."""
        return graph.add("Add", outputs, last) if last else outputs

    def add_units(self, graph: "Graph", forecasts: str, means: str, scales: str) -> str:
        """Add the scaling."""
        return add_scaled(graph, forecasts, means, scales)


class Quantiles(ForecastLoss):
    """Some quantiles; the loss is twice the pinball loss, a mean over levels (Koenker and Bassett 1978).

    A network outputs the median, and how far each other quantile is from its neighbour towards the median,
    before softplus makes it positive: quantiles never cross. The distances are divided by their number on a
    side, so that with outputs of 0 the outermost quantiles are as far from the median for any levels.

    Args:
        levels: of the quantiles, ascending; one of them is 0.5.
    """

    output = "quantiles"
    _levels: Tensor

    def __init__(self, levels: Sequence[float]) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.median = self.location = self.levels.index(MEDIAN)
        self.shape = (len(self.levels),)
        self.steps = max(self.median, len(self.levels) - self.median - 1, 1)
        self.register_buffer("_levels", exact_buffer(self.levels), persistent=False)

    def read(self, outputs: Tensor, last: Tensor | None) -> Tensor:
        """Return the quantiles, […, levels], never decreasing."""
        sizes = [self.median, 1, len(self.levels) - self.median - 1]
        below, median, above = torch.split(outputs, sizes, dim=-1)
        median = median if last is None else median + last.unsqueeze(-1)
        below = softplus(below).flip(-1).cumsum(-1).flip(-1) / self.steps
        above = softplus(above).cumsum(-1) / self.steps
        return torch.cat([median - below, median, median + above], -1)

    def each(self, forecasts: Tensor, target: Tensor) -> Tensor:
        """Return the mean over the levels of twice the pinball loss, […]."""
        missing = target.unsqueeze(-1) - forecasts
        levels = from_buffer(self._levels).to(missing.dtype)
        return 2 * torch.maximum(levels * missing, (levels - 1) * missing).mean(-1)

    def point(self, forecasts: Tensor) -> Tensor:
        """Return the medians, […]."""
        return forecasts[..., self.median]

    def in_units(self, forecasts: Tensor, means: Tensor, scales: Tensor) -> Tensor:
        """Return the quantiles in other units, […, levels]."""
        return forecasts * scales.unsqueeze(-1) + means.unsqueeze(-1)

    def quantiles(self, forecasts: Tensor, levels: Sequence[float]) -> Tensor:
        """Return those of the quantiles, […, levels].

        Raises:
            KeyError: one is none of them.
        """
        places = {level: place for place, level in enumerate(self.levels)}
        return forecasts[..., [places[level] for level in levels]]

    def add_read(self, graph: "Graph", outputs: str, last: str | None) -> str:
        """Add the softplus of each distance, and their sums, as a product with a matrix."""
        order = np.arange(len(self.levels)) - self.median
        step, quantile = order[:, None], order[None]
        sums = ((step <= quantile) & (step > 0)).astype(np.float32)  # [steps, quantiles]
        sums -= (step >= quantile) & (step < 0)
        sums /= self.steps
        sums[self.median] = 1
        is_distance = graph.constant("is a distance", order != 0)
        read = graph.add("Where", is_distance, graph.add("Softplus", outputs), outputs)
        found = graph.add("MatMul", read, graph.constant("distances to quantiles", sums))
        return add_moved(graph, found, last)

    def add_units(self, graph: "Graph", forecasts: str, means: str, scales: str) -> str:
        """Add the scaling."""
        return add_scaled(graph, forecasts, add_column(graph, means), add_column(graph, scales))
