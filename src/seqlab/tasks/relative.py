"""What the outputs of a forecasting network are relative to, and in units of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from seqlab.config.forecasts import COUNTS_IN_WINDOWS
from seqlab.errors import ConfigError
from seqlab.nn.instance_norm import InstanceNorm
from seqlab.tasks.losses import ForecastLoss, NegativeBinomial

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


class Relative(nn.Module):
    """Reads outputs as scaled forecasts: changes since the last value, or values in a window's own units.

    Args:
        places: the columns of the K targets among those that are read.
        residual: "persistence" for changes since the last value, "none" for values.
        loss: how outputs are read as forecasts.
    """

    _columns: Tensor

    def __init__(
        self, places: Sequence[int], residual: Literal["persistence", "none"], loss: ForecastLoss
    ) -> None:
        super().__init__()
        self.places, self.is_change = list(places), residual == "persistence"
        # A buffer on the model's device: a list, or a tensor on another device, would block each step.
        self.register_buffer("_columns", torch.tensor(self.places), persistent=False)
        # In tuples they are no parts of this module.
        self._loss, self._norm = (loss,), tuple[InstanceNorm, ...]()

    def use(self, norm: InstanceNorm) -> None:
        """Read outputs in the units of each window, as its inputs are.

        Raises:
            ConfigError: the loss is of counts, which have units of their own.
        """
        if isinstance(self._loss[0], NegativeBinomial):
            raise ConfigError(COUNTS_IN_WINDOWS)
        self._norm = (norm,)

    def forward(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Return scaled forecasts, [B, horizon, K, …], from outputs of that shape for inputs x [B, T, F]."""
        (loss,) = self._loss
        location, scale = self._place(x)
        if scale is None:
            return loss.read(outputs, location)
        assert location is not None  # noqa: S101 (for the type checker)
        return loss.in_units(loss.read(outputs, None), location, scale)

    def inverse(self, target: Tensor, x: Tensor) -> Tensor:
        """Return scaled true values as outputs have them, [B, horizon, K]."""
        location, scale = self._place(x)
        moved = target if location is None else target - location
        return moved if scale is None else moved / scale

    def onnx(self, graph: "Graph", outputs: str, x: str) -> str:
        """Add the same to an ONNX graph."""
        (loss,), last = self._loss, None
        if self.is_change:
            last = graph.add("Gather", graph.last(x), graph.integers(*self.places), axis=1)
            last = graph.add("Unsqueeze", last, graph.integers(1))
        if not self._norm:
            return loss.add_read(graph, outputs, last)
        location, scale = self._norm[0].add_place(graph, x)
        return loss.add_units(graph, loss.add_read(graph, outputs, None), last or location, scale)

    def _place(self, x: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return what outputs are relative to, and in units of, each [B, 1, K]; None for 0, and for 1."""
        location, scale = self._norm[0].place(x) if self._norm else (None, None)
        return (x[:, -1:, self._columns] if self.is_change else location), scale
