"""Instance normalization: what is forecast is read in units of its own window, and forecast in them."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seqlab.nn.parts import InputSpec

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

EPSILON = 1e-5
"""Added to a window's variance, as by Kim et al. (2022)."""


class InstanceNorm(nn.Module):
    """Each target's values in a window, less a location and divided by a scale of that window.

    A forecast of them is undone by the same two numbers, so that a window that is moved or stretched moves
    or stretches its forecast. Other columns stay as they are.

    "last" is less the last value. "standard" is less the mean, divided by the standard deviation.
    "revin" is that with a learned gain and shift for each target (Kim et al. 2022); the gain is learned by
    its logarithm, so that it stays positive and quantiles keep their order.

    Args:
        kind: "last", "standard" or "revin".
        inputs: the description of the inputs, with the places of the K targets.

    Raises:
        ConfigError: the inputs are no windows of a series.
    """

    _columns: Tensor

    def __init__(self, kind: str, inputs: InputSpec) -> None:
        super().__init__()
        inputs.need_series(f"model.instance_norm={kind}", "model.instance_norm=none")
        self.kind, self.width = kind, inputs.size
        self.register_buffer("_columns", torch.tensor(inputs.targets), persistent=False)
        if kind == "revin":
            self.log_gain = nn.Parameter(torch.zeros(len(inputs.targets)))
            self.shift = nn.Parameter(torch.zeros(len(inputs.targets)))

    def place(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return location and scale of each window's targets, each [B, 1, K], for columns [B, T, F].

        A value v is read as ``(v - location) / scale``.
        """
        read = x[:, :, self._columns]
        if self.kind == "last":
            return read[:, -1:], torch.ones_like(read[:, -1:])
        variance, location = torch.var_mean(read, 1, correction=0, keepdim=True)
        scale = (variance + EPSILON).sqrt()
        if self.kind == "revin":
            scale = scale * torch.exp(-self.log_gain)
            location = location - scale * self.shift
        return location, scale

    def forward(self, x: Tensor) -> Tensor:
        """Return the columns, [B, T, F], with the targets normalized."""
        location, scale = self.place(x)
        normal = (x[:, :, self._columns] - location) / scale
        return x.to(normal.dtype).index_copy(2, self._columns, normal)

    def add_place(self, graph: "Graph", x: str) -> tuple[str, str]:
        """Add ``place`` to an ONNX graph; a window ends at its length."""
        columns, time = graph.integers(*self._columns.tolist()), graph.integers(1)
        if self.kind == "last":
            location = graph.add("Unsqueeze", graph.add("Gather", graph.last(x), columns, axis=1), time)
            return location, graph.number(1)
        read = graph.add("Gather", x, columns, axis=2)
        location = graph.mean(read)
        off = graph.add("Sub", read, location)
        variance = graph.mean(graph.add("Mul", off, off))
        scale = graph.add("Sqrt", graph.add("Add", variance, graph.number(EPSILON)))
        if self.kind == "revin":
            scale = graph.add("Mul", scale, graph.constant("norm.1 / gain", torch.exp(-self.log_gain)))
            moved = graph.add("Mul", scale, graph.constant("norm.shift", self.shift))
            location = graph.add("Sub", location, moved)
        return location, scale

    def onnx(self, graph: "Graph", x: str) -> str:
        """Add ``forward`` to an ONNX graph."""
        location, scale = self.add_place(graph, x)
        places = self._columns.tolist()
        read = graph.add("Gather", x, graph.integers(*places), axis=2)
        normal = graph.add("Div", graph.add("Sub", read, location), scale)
        # Each column is taken from both, side by side: as it is, or the normalized one behind all.
        order = [self.width + places.index(one) if one in places else one for one in range(self.width)]
        return graph.add("Gather", graph.joined([x, normal]), graph.integers(*order), axis=2)

    def extra_repr(self) -> str:
        """Show the kind."""
        return self.kind
