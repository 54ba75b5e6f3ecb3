"""Heads: from one vector per sequence to the outputs."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.errors import ConfigError
from seqlab.nn.dropout import make_dropout
from seqlab.registry.catalog import register_head
from seqlab.registry.types import Each, Share

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


@register_head("linear")
class LinearHead(nn.Module):
    """Dropout, then a linear map, [B, H] to [B, output_size]: logits of classes, or a forecast.

    Args:
        input_size: width of the pooled outputs.
        output_size: number of outputs.
        dropout: dropout probability of the pooled outputs.
        dropout_each: whether a mask is for a step or a sequence.
    """

    def __init__(
        self, input_size: int, output_size: int, *, dropout: Share = 0.0, dropout_each: Each = "step"
    ) -> None:
        super().__init__()
        self.dropout = make_dropout(dropout, dropout_each)
        self.linear = nn.Linear(input_size, output_size)
        self._tied: tuple[nn.Embedding, ...] = ()

    def tie(self, embedding: nn.Embedding, told: int = 0) -> None:
        """Use an embedding's vectors as the weight: there is one parameter, the embedding's.

        It begins as small as a weight of logits must be (Merity et al. 2018).

        Args:
            embedding: of the tokens that are read.
            told: how many of the last are never predicted.

        Raises:
            ConfigError: the vectors are not as wide as what this reads.
        """
        outputs, width = self.linear.weight.shape
        if embedding.weight.shape != (outputs + told, width):
            raise ConfigError(
                f"model.tied=true: the embedding is {list(embedding.weight.shape)} and the head's weight "
                f"[{outputs}, {width}]; set model.embedding_size={width}, and predict what is read"
            )
        nn.init.uniform_(embedding.weight, -0.1, 0.1)
        with torch.no_grad():
            embedding.weight[0] = 0  # the padding
        self.linear.register_parameter("weight", None)
        self._tied = (embedding,)  # in a tuple it is no part of this module

    @property
    def weight(self) -> Tensor:
        """The weight, [output_size, H]."""
        return self._tied[0].weight[: len(self.linear.bias)] if self._tied else self.linear.weight

    def forward(self, pooled: Tensor) -> Tensor:
        """Return the outputs, [B, H] to [B, output_size]."""
        pooled = self.dropout(pooled)
        outputs: Tensor = (
            functional.linear(pooled, self.weight, self.linear.bias) if self._tied else self.linear(pooled)
        )
        return outputs

    def onnx(self, graph: "Graph", pooled: str) -> str:
        """Add the same to an ONNX graph."""
        weight = graph.constant("head.weight", self.weight)
        return graph.add("Gemm", pooled, weight, graph.constant("head.bias", self.linear.bias), transB=1)
