"""Encoders: from a batch's inputs to the inputs of the recurrent layers."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.errors import ConfigError
from seqlab.nn.dropout import make_dropout
from seqlab.nn.parts import InputSpec, make_part
from seqlab.registry.catalog import check_reads, encoders, register_encoder
from seqlab.registry.types import Count, Each, Share

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

AUTO = {"tokens": "embedding", "features": "identity"}
"""The encoder that "auto" selects for each kind of input."""


@register_encoder("embedding")
class Embedding(nn.Module):
    """Learned vectors for tokens, [B, T] to [B, T, embedding_size]; token 0 is padding and stays zero.

    Args:
        inputs: the vocabulary.
        embedding_size: width of the vectors.
        embedding_dropout: dropout probability of the vectors' numbers.
        dropout_each: whether a mask is for a step or a sequence.
    """

    reads = "tokens"

    def __init__(
        self,
        inputs: InputSpec,
        *,
        embedding_size: Count = 64,
        embedding_dropout: Share = 0.0,
        dropout_each: Each = "step",
    ) -> None:
        super().__init__()
        self.output_size = embedding_size
        self.embedding = nn.Embedding(inputs.size, embedding_size, padding_idx=0)
        self.dropout = make_dropout(embedding_dropout, dropout_each)

    def forward(self, x: Tensor) -> Tensor:
        """Look the tokens up, [B, T] to [B, T, embedding_size]."""
        vectors: Tensor = self.dropout(self.embedding(x))
        return vectors

    def onnx(self, graph: "Graph", x: str) -> str:
        """Add the same to an ONNX graph."""
        return graph.add("Gather", graph.constant("embedding", self.embedding.weight), x, axis=0)


@register_encoder("onehot")
class OneHot(nn.Module):
    """One column per token, [B, T] to [B, T, tokens]; padding is all zero.

    Args:
        inputs: the vocabulary.
    """

    reads = "tokens"
    one: Tensor

    def __init__(self, inputs: InputSpec) -> None:
        super().__init__()
        self.output_size = inputs.size
        self.register_buffer("one", torch.ones(()), persistent=False)  # of the network's type

    def forward(self, x: Tensor) -> Tensor:
        """Set each token's column to 1, [B, T] to [B, T, tokens]."""
        columns = functional.one_hot(x.long(), self.output_size).to(self.one.dtype)
        return columns * (x != 0)[:, :, None]

    def onnx(self, graph: "Graph", x: str) -> str:
        """Add the same to an ONNX graph."""
        off_on = graph.constant("off and on", torch.tensor([0.0, 1.0]))
        return graph.add("OneHot", x, graph.integers(self.output_size), off_on, axis=-1)


@register_encoder("identity")
class Identity(nn.Module):
    """Feature columns as they are, [B, T, F].

    Args:
        inputs: the columns.
    """

    reads = "features"

    def __init__(self, inputs: InputSpec) -> None:
        super().__init__()
        self.output_size = inputs.size

    def forward(self, x: Tensor) -> Tensor:
        """Return the columns, [B, T, F]."""
        return x

    def onnx(self, graph: "Graph", x: str) -> str:  # noqa: ARG002 (as every part)
        """Add the same to an ONNX graph."""
        return x


@register_encoder("linear")
class Linear(nn.Module):
    """A linear map of feature columns, [B, T, F] to [B, T, embedding_size].

    Args:
        inputs: the columns.
        embedding_size: width of the outputs.
    """

    reads = "features"

    def __init__(self, inputs: InputSpec, *, embedding_size: Count = 64) -> None:
        super().__init__()
        self.output_size = embedding_size
        self.linear = nn.Linear(inputs.size, embedding_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map each step's features, [B, T, F] to [B, T, embedding_size]."""
        mapped: Tensor = self.linear(x)
        return mapped

    def onnx(self, graph: "Graph", x: str) -> str:
        """Add the same to an ONNX graph."""
        return _mapped(graph, x, self.linear)


@register_encoder("segments")
class Segments(nn.Module):
    """Segments of a window, each mapped to a vector, [B, T, F] to [B, T / segment, embedding_size].

    They do not overlap; the map is linear, with a rectifier (SegRNN, Lin et al. 2023).

    Args:
        inputs: the columns, and the steps of a window.
        segment: steps of a segment, which divide those of a window.
        embedding_size: width of the outputs.

    Raises:
        ConfigError: the inputs are no windows of a series, or the segments do not fill one.
    """

    reads = "features"

    def __init__(self, inputs: InputSpec, *, segment: Count = 24, embedding_size: Count = 64) -> None:
        super().__init__()
        inputs.need_series("model.encoder=segments", "model.encoder=auto")
        if inputs.steps % segment:
            fitting = max(inputs.steps // segment, 1) * segment
            raise ConfigError(
                f"model.segment={segment} does not divide the {inputs.steps} steps that a window reads; use "
                f"data.input_steps={fitting}, or another model.segment"
            )
        self.output_size, self.segment = embedding_size, segment
        self.linear = nn.Linear(segment * inputs.size, embedding_size)

    def forward(self, x: Tensor) -> Tensor:
        """Map each segment, [B, T, F] to [B, T / segment, embedding_size]."""
        segments = x.reshape(len(x), -1, self.segment * x.shape[2])
        return functional.relu(self.linear(segments))

    def onnx(self, graph: "Graph", x: str) -> str:
        """Add the same to an ONNX graph."""
        segments = graph.add("Reshape", x, graph.integers(0, -1, self.linear.in_features))
        return graph.add("Relu", _mapped(graph, segments, self.linear))


def make_encoder(encoder: str | nn.Module, inputs: InputSpec, **settings: Any) -> nn.Module:
    """Return an encoder: a module as it is, one by its name, or for "auto" the one that suits the inputs.

    Args:
        encoder: the module, or the name of a registered encoder, or "auto".
        inputs: the description of the inputs.
        settings: as in ``make_part``.

    Raises:
        ConfigError: there is no such encoder, or it does not read such inputs.
    """
    if encoder == "auto":
        encoder = AUTO[inputs.kind]
    if isinstance(encoder, str):
        check_reads(encoder, inputs.kind)
    made: nn.Module = make_part(encoders, encoder, inputs, **settings)
    return made


def _mapped(graph: "Graph", x: str, linear: nn.Linear) -> str:
    """Add a linear map to an ONNX graph."""
    weight = graph.constant("linear.weight transposed", linear.weight.T)
    return graph.add("Add", graph.add("MatMul", x, weight), graph.constant("linear.bias", linear.bias))
