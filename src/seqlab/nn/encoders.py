"""From a batch's inputs to what the recurrent layers read."""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.errors import ConfigError
from seqlab.functional.ngrams import LONGEST, ngram_codes
from seqlab.registry.catalog import ENCODERS

PIECES = {1: 4, 2: 3}
"""How many pieces of 1 and of 2 characters of a token are looked at, from its beginning."""
TOKEN_SCALE = 0.1
"""Standard deviation of the tokens' vectors at the start."""


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


class NGrams(nn.Module):
    """Learned vectors for tokens and for what surrounds and spells them, [B, T] to [B, T, size].

    A step's vector is the sum of those of its token, of the frequent n-grams of tokens ending there, and, if
    the token has several characters, of its first characters and pairs of characters, as far as other tokens
    share them (as in fastText: Joulin et al. 2017, Bojanowski et al. 2017).

    Args:
        symbols: the vocabulary in the order of its tokens.
        ngrams: codes of the frequent n-grams, see ``ngram_codes``, ascending.
        size: width of the vectors.
        dropout: share of the sum's numbers set to zero while training.
        feature_dropout: share of the summed vectors that are left out while training.
    """

    ngrams: Tensor
    spelling: Tensor

    def __init__(
        self,
        symbols: Sequence[str],
        ngrams: Sequence[int],
        size: int,
        *,
        dropout: float = 0.0,
        feature_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.output_size = size
        self.num_tokens, self.feature_dropout = len(symbols), feature_dropout
        # A code of n tokens is at least num_tokens^(n − 1).
        self.longest = 1 + sum(max(ngrams, default=0) >= len(symbols) ** n for n in range(1, LONGEST))
        spelling, num_pieces = _spelling(symbols, len(symbols) + len(ngrams))
        self.register_buffer("ngrams", torch.tensor(ngrams, dtype=torch.int64), persistent=False)
        self.register_buffer("spelling", spelling, persistent=False)
        # Vector 0 stands for no feature; then come the tokens', the n-grams', and the pieces'.
        count = len(symbols) + len(ngrams) + num_pieces
        self.embedding = nn.EmbeddingBag(count, size, mode="sum", padding_idx=0)
        with torch.no_grad():
            self.embedding.weight[1 : len(symbols)].normal_(0.0, TOKEN_SCALE)
            self.embedding.weight[len(symbols) :].zero_()  # these start at nothing, and grow where they help
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Sum the vectors of every step's features, [B, T] to [B, T, size]."""
        features = torch.cat([x[:, :, None], *self._found_ngrams(x), self.spelling[x]], dim=2)
        if self.training and self.feature_dropout:
            left_out = torch.rand(features.shape, device=x.device) < self.feature_dropout
            features = features.masked_fill(left_out, 0)
        summed: Tensor = self.dropout(self.embedding(features.flatten(0, 1)))
        return summed.view(*x.shape, -1)

    def _found_ngrams(self, x: Tensor) -> list[Tensor]:
        """Return for each length the vectors' numbers, [B, T, 1]; 0 where no n-gram is known."""
        found = []
        for codes in ngram_codes(x, self.num_tokens, self.longest):
            place = torch.searchsorted(self.ngrams, codes).clamp(max=len(self.ngrams) - 1)
            number = torch.where(self.ngrams[place] == codes, self.num_tokens + place, 0)
            found.append(number[:, :, None])
        return found


def _spelling(symbols: Sequence[str], first: int) -> tuple[Tensor, int]:
    """Number the pieces that tokens share from ``first`` on; return those of each token, and how many."""
    spelt = [
        []
        if len(symbol) == 1 or (symbol.startswith("<") and symbol.endswith(">"))
        else [
            symbol[start : start + length]
            for length, most in PIECES.items()
            for start in range(min(most, len(symbol) - length + 1))
        ]
        for symbol in symbols
    ]
    counts = Counter(piece for pieces in spelt for piece in set(pieces))
    numbers = {
        piece: number for number, piece in enumerate((p for p, count in counts.items() if count > 1), first)
    }
    table = torch.zeros(len(symbols), sum(PIECES.values()) if numbers else 0, dtype=torch.int64)
    for token, pieces in enumerate(spelt):
        known = [numbers[piece] for piece in pieces if piece in numbers]
        table[token, : len(known)] = torch.tensor(known, dtype=torch.int64)
    return table, len(numbers)


class OneHot(nn.Module):
    """One column a token, [B, T] to [B, T, num_tokens]; padding is all zero."""

    one: Tensor

    def __init__(self, num_tokens: int) -> None:
        super().__init__()
        self.output_size = num_tokens
        self.num_tokens = num_tokens
        self.register_buffer("one", torch.ones(()), persistent=False)  # of the network's type

    def forward(self, x: Tensor) -> Tensor:
        """Mark each token's column, [B, T] to [B, T, num_tokens]."""
        columns = functional.one_hot(x.long(), self.num_tokens).to(self.one.dtype)
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
    name: str,
    kind: str,
    input_size: int,
    *,
    size: int,
    dropout: float = 0.0,
    feature_dropout: float = 0.0,
    symbols: Sequence[str] = (),
    ngrams: Sequence[int] = (),
) -> Embedding | NGrams | OneHot | Identity | Linear:
    """Return the encoder called ``name``, or for "auto" the one that suits the kind of input.

    Raises:
        ConfigError: the encoder does not fit the kind of input, "tokens" or "features".
    """
    fitting = ENCODERS[kind]
    name = fitting[0] if name == "auto" else name
    if name not in fitting:
        raise ConfigError(f"model.encoder={name} does not read {kind}; use {' or '.join(fitting)}")
    if name == "embedding":
        return Embedding(input_size, size, dropout)
    if name == "ngrams":
        return NGrams(symbols, ngrams, size, dropout=dropout, feature_dropout=feature_dropout)
    if name == "linear":
        return Linear(input_size, size)
    return OneHot(input_size) if name == "onehot" else Identity(input_size)
