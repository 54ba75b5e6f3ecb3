"""How a forecast is read from a network's outputs, and compared with the target."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


class ForecastLoss(nn.Module):
    """What the numbers of a forecast mean, and how far they are from the target.

    A network outputs some numbers for each target and step. A loss says how many, reads them as a forecast in
    scaled units, compares it with the target, and gives its quantiles; everything else asks the loss.
    ``[…]`` are windows, steps and targets, the targets last, as in [B, horizon, K].

    Attributes:
        shape: of the numbers for one target and step; () for a point forecast.
        output: what they are called in an exported network.
        location: the index of the point forecast among them.
    """

    shape: tuple[int, ...] = ()
    output = "forecast"
    location: int = 0

    @abstractmethod
    def read(self, outputs: Tensor, last: Tensor | None) -> Tensor:
        """Return forecasts in scaled units, […, *shape].

        Args:
            outputs: of the network, […, *shape].
            last: the last values that were read, […], to which forecasts are relative; None for 0.
        """

    @abstractmethod
    def each(self, forecasts: Tensor, target: Tensor) -> Tensor:
        """Return the loss of each forecast, […], for targets in scaled units, […]."""

    @abstractmethod
    def point(self, forecasts: Tensor) -> Tensor:
        """Return point forecasts in scaled units, […], on the same device: medians, of counts means."""

    @abstractmethod
    def in_units(self, forecasts: Tensor, means: Tensor, scales: Tensor) -> Tensor:
        """Return the forecasts, […, *shape], in units of which scaled ones are ``(value - means) / scales``.

        Args:
            forecasts: in scaled units, […, *shape].
            means: of the targets; the last dimension is K.
            scales: of the targets, likewise.
        """

    @abstractmethod
    def quantiles(self, forecasts: Tensor, levels: Sequence[float]) -> Tensor:
        """Return quantiles of forecasts in the units of the targets, […, levels], in these units.

        Raises:
            KeyError: the network does not forecast one of them.
        """

    def scaled_quantiles(self, forecasts: Tensor, levels: Sequence[float]) -> Tensor:
        """Return quantiles of forecasts in scaled units, […, levels], in scaled units.

        Raises:
            KeyError: the network does not forecast one of them.
        """
        return self.quantiles(forecasts, levels)

    def impossible(self, target: Tensor) -> Tensor:
        """Return which targets, […] in their units, the distribution cannot have, […]."""
        return torch.zeros_like(target, dtype=torch.bool)

    def exact(self, values: Tensor) -> Tensor:
        """Return values or errors in the units of the targets without the rounding of scaled ones."""
        return values

    @abstractmethod
    def add_read(self, graph: "Graph", outputs: str, last: str | None) -> str:
        """Add ``read`` to an ONNX graph; ``last`` is [B, 1, K], or None for 0."""

    @abstractmethod
    def add_units(self, graph: "Graph", forecasts: str, means: str, scales: str) -> str:
        """Add ``in_units`` to an ONNX graph; all three are of one type."""


def moved(values: Tensor, last: Tensor | None) -> Tensor:
    """Return values relative to the last ones that were read, […]; as they are if there are none."""
    return values if last is None else values + last


def add_moved(graph: "Graph", values: str, last: str | None) -> str:
    """Add to an ONNX graph that values, [B, horizon, K, 1], are relative to the last ones read, [B, 1, K]."""
    return graph.add("Add", values, add_column(graph, last)) if last else values


def exact_buffer(values: Sequence[Any]) -> Tensor:
    """Return numbers for a buffer: their bits, as integers, which stay as they are when weights are cast.

    ``from_buffer`` returns the numbers.
    """
    return torch.tensor(values, dtype=torch.float64).view(torch.int64)


def from_buffer(buffer: Tensor) -> Tensor:
    """Return the numbers that ``exact_buffer`` was given, in float64 on the buffer's device."""
    return buffer.view(torch.float64)


def add_scaled(graph: "Graph", value: str, means: str, scales: str) -> str:
    """Add ``value * scales + means`` to an ONNX graph."""
    return graph.add("Add", graph.add("Mul", value, scales), means)


def add_column(graph: "Graph", values: str) -> str:
    """Add an axis of one number behind all others to an ONNX graph."""
    return graph.add("Unsqueeze", values, graph.integers(-1))
