"""Pooling: from a direction's outputs at every step, [B, T, H], to one vector per sequence."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seqlab.functional.lengths import last_step, mask, without_padding
from seqlab.registry.catalog import register_pooling

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


class Pooling(nn.Module):
    """A pooling without parameters.

    Args:
        input_size: width H of a direction's outputs.
    """

    vectors = 1
    """Number of vectors of that width that are concatenated."""

    def __init__(self, input_size: int) -> None:
        super().__init__()
        self.output_size = self.vectors * input_size


@register_pooling("last")
class Last(Pooling):
    """The last step that a direction has read."""

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Take the last step of each sequence, [B, T, H] to [B, H]."""
        return last_step(outputs, lengths)

    def onnx(self, graph: "Graph", outputs: str) -> str:
        """Add the same to an ONNX graph."""
        return graph.last(outputs)


@register_pooling("mean")
class Mean(Pooling):
    """The mean over steps."""

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Average over the steps of each sequence, [B, T, H] to [B, H]."""
        total: Tensor = without_padding(outputs, lengths).sum(1)
        return total / lengths[:, None]

    def onnx(self, graph: "Graph", outputs: str) -> str:
        """Add the same to an ONNX graph."""
        return graph.add("Squeeze", graph.mean(outputs), graph.integers(1))


@register_pooling("max")
class Max(Pooling):
    """The maximum over steps."""

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Take the largest value over the steps of each sequence, unit by unit, [B, T, H] to [B, H]."""
        inside = mask(lengths, outputs.shape[1])[:, :, None]
        return torch.where(inside, outputs, -torch.inf).amax(1)

    def onnx(self, graph: "Graph", outputs: str) -> str:
        """Add the same to an ONNX graph."""
        inside = graph.masked(outputs, -torch.inf)
        return graph.add("ReduceMax", inside, graph.integers(1), keepdims=0)


@register_pooling("combined")
class Combined(Pooling):
    """Last, max and mean, concatenated (Howard & Ruder 2018)."""

    vectors = 3

    def __init__(self, input_size: int) -> None:
        super().__init__(input_size)
        self.parts = nn.ModuleList(part(input_size) for part in (Last, Max, Mean))

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Pool in three ways, [B, T, H] to [B, 3·H]."""
        return torch.cat([part(outputs, lengths) for part in self.parts], dim=1)

    def onnx(self, graph: "Graph", outputs: str) -> str:
        """Add the same to an ONNX graph."""
        return graph.joined([part.onnx(graph, outputs) for part in self.parts])  # type: ignore[operator]
