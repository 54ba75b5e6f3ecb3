"""Heads: from one vector per sequence to the outputs."""

from typing import TYPE_CHECKING

from torch import Tensor, nn

from seqlab.registry.catalog import register_head
from seqlab.registry.types import Share

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


@register_head("linear")
class LinearHead(nn.Module):
    """Dropout, then a linear map, [B, H] to [B, output_size]: logits of classes, or a forecast.

    Args:
        input_size: width of the pooled outputs.
        output_size: number of outputs.
        dropout: dropout probability of the pooled outputs.
    """

    def __init__(self, input_size: int, output_size: int, *, dropout: Share = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the outputs, [B, H] to [B, output_size]."""
        answer: Tensor = self.linear(self.dropout(pooled))
        return answer

    def onnx(self, graph: "Graph", pooled: str) -> str:
        """Add the same to an ONNX graph."""
        weight = graph.constant("head.weight", self.linear.weight)
        return graph.add("Gemm", pooled, weight, graph.constant("head.bias", self.linear.bias), transB=1)
