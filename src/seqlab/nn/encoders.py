"""From a batch's inputs to what the recurrent layers read."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.errors import ConfigError


class Embedding(nn.Module):
    """Learned vectors for tokens, [B, T] to [B, T, size]; token 0 is padding and stays zero.

    Args:
        num_tokens: tokens in the vocabulary, padding included.
        size: width of the vectors.
        dropout: share of the vectors' numbers set to zero while training.
    """

    def __init__(self, num_tokens: int, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.output_size = size
        self.embedding = nn.Embedding(num_tokens, size, padding_idx=0)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Look the tokens up, [B, T] to [B, T, size]."""
        vectors: Tensor = self.dropout(self.embedding(x))
        return vectors


class OneHot(nn.Module):
    """One column a token, [B, T] to [B, T, num_tokens]; padding is all zero."""

    def __init__(self, num_tokens: int) -> None:
        super().__init__()
        self.output_size = num_tokens
        self.num_tokens = num_tokens

    def forward(self, x: Tensor) -> Tensor:
        """Mark each token's column, [B, T] to [B, T, num_tokens]."""
        columns = functional.one_hot(x.long(), self.num_tokens).to(torch.get_default_dtype())
        return columns * (x != 0)[:, :, None]


class Linear(nn.Module):
    """A linear map of feature columns, [B, T, F] to [B, T, size]."""

    def __init__(self, num_features: int, size: int) -> None:
        super().__init__()
        self.output_size = size
        self.linear = nn.Linear(num_features, size)

    def forward(self, x: Tensor) -> Tensor:
        """Map each step's features, [B, T, F] to [B, T, size]."""
        mapped: Tensor = self.linear(x)
        return mapped


class Identity(nn.Module):
    """Feature columns as they are, [B, T, F]."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.output_size = num_features

    def forward(self, x: Tensor) -> Tensor:
        """Return the columns, [B, T, F]."""
        return x


def make_encoder(
    name: str, kind: str, input_size: int, *, size: int, dropout: float
) -> Embedding | OneHot | Identity | Linear:
    """Return the encoder called ``name``, or for "auto" the one that suits the kind of input.

    Raises:
        ConfigError: the encoder does not fit the kind of input, "tokens" or "features".
    """
    fitting = ("embedding", "onehot") if kind == "tokens" else ("identity", "linear")
    name = fitting[0] if name == "auto" else name
    if name not in fitting:
        raise ConfigError(f"model.encoder={name} does not read {kind}; use {' or '.join(fitting)}")
    if name == "embedding":
        return Embedding(input_size, size, dropout)
    if name == "linear":
        return Linear(input_size, size)
    return OneHot(input_size) if name == "onehot" else Identity(input_size)
