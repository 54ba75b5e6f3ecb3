"""A linear model of what is read, beside the recurrent layers."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seqlab.errors import ConfigError
from seqlab.functional.lengths import without_padding
from seqlab.nn.encoders import make_encoder
from seqlab.nn.parts import InputSpec, width_of

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


NEEDS = "model.wide=true needs model.encoder=embedding, ngrams or linear"


class Wide(nn.Module):
    """What each step adds to the output by itself, [B, T] to [B, output_size].

    As in Wide & Deep (Cheng et al. 2016). An encoder of its own, as wide as the output, has for each token,
    n-gram or column a weight in each output, 0 at first. They are summed over the steps and divided by the
    square root of their number, so that long texts do not outweigh the network.

    Args:
        encoder: the name of a registered encoder that may have any width, or "auto".
        inputs: the description of the inputs.
        output_size: numbers in an output.
        feature_dropout: fraction of a step's vectors that are omitted during training, if it has several.

    Raises:
        ConfigError: the encoder cannot be as wide as the output.
    """

    def __init__(
        self, encoder: str | nn.Module, inputs: InputSpec, output_size: int, feature_dropout: float
    ) -> None:
        super().__init__()
        if not isinstance(encoder, str):
            raise ConfigError(NEEDS)
        settings = {"embedding_size": output_size, "feature_dropout": feature_dropout}
        self.encoder = make_encoder(encoder, inputs, **settings)
        if width_of(self.encoder) != output_size or hasattr(self.encoder, "segment"):
            raise ConfigError(NEEDS)
        with torch.no_grad():
            for weight in self.encoder.parameters():
                weight.zero_()

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Sum the weights of what each sequence holds, [B, T] or [B, T, F] to [B, output_size]."""
        total: Tensor = without_padding(self.encoder(x), lengths).sum(1)
        return total / lengths[:, None].sqrt()

    def onnx(self, graph: "Graph", x: str) -> str:
        """Add the same to an ONNX graph."""
        weights = self.encoder.onnx(graph, x)  # type: ignore[operator]
        total = graph.add("ReduceSum", graph.masked(weights, 0), graph.integers(1), keepdims=0)
        steps = graph.add("Sqrt", graph.cast(graph.lengths, graph.FLOAT))
        return graph.add("Div", total, graph.add("Unsqueeze", steps, graph.integers(1)))
