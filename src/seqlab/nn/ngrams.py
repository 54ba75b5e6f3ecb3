"""An encoder of texts with vectors of tokens, of n-grams of tokens, and of parts of their spelling."""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seqlab.functional.ngrams import LONGEST, ngram_codes
from seqlab.nn.dropout import make_dropout
from seqlab.nn.parts import InputSpec
from seqlab.registry.catalog import register_encoder
from seqlab.registry.types import Count, Each, Share

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

PIECES = {1: 4, 2: 3}
"""Number of pieces of 1 and of 2 characters that are used, from the beginning of a token."""
TOKEN_SCALE = 0.1
"""Initial standard deviation of the tokens' vectors."""


@register_encoder("ngrams")
class NGrams(nn.Module):
    """Learned vectors for tokens, their neighbours and their spelling, [B, T] to [B, T, embedding_size].

    A step's vector is the sum of those of its token, of the frequent n-grams of tokens ending there, and, if
    the token has several characters, of its first characters and pairs of characters, as far as other tokens
    share them (as in fastText: Joulin et al. 2017, Bojanowski et al. 2017).

    Args:
        inputs: the vocabulary with its symbols, and the frequent n-grams, see ``ngram_codes``.
        embedding_size: width of the vectors.
        embedding_dropout: dropout probability of the sum's numbers.
        feature_dropout: fraction of the summed vectors that are omitted during training.
        dropout_each: whether a mask of ``embedding_dropout`` is for a step or a sequence.
    """

    reads = "tokens"
    ngrams: Tensor
    spelling: Tensor

    def __init__(
        self,
        inputs: InputSpec,
        *,
        embedding_size: Count = 64,
        embedding_dropout: Share = 0.0,
        feature_dropout: Share = 0.0,
        dropout_each: Each = "step",
    ) -> None:
        super().__init__()
        symbols, ngrams = inputs.symbols, inputs.ngrams
        self.output_size = embedding_size
        self.num_tokens, self.feature_dropout = len(symbols), feature_dropout
        # A code of n tokens is at least num_tokens^(n − 1).
        self.longest = 1 + sum(max(ngrams, default=0) >= len(symbols) ** n for n in range(1, LONGEST))
        spelling, self.pieces = _spelling(symbols, len(symbols) + len(ngrams))
        self.register_buffer("ngrams", torch.tensor(ngrams, dtype=torch.int64), persistent=False)
        self.register_buffer("spelling", spelling, persistent=False)
        # Vector 0 means no feature; it is followed by those of tokens, n-grams and pieces.
        count = len(symbols) + len(ngrams) + len(self.pieces)
        self.embedding = nn.EmbeddingBag(count, embedding_size, mode="sum", padding_idx=0)
        with torch.no_grad():
            self.embedding.weight[1 : len(symbols)].normal_(0.0, TOKEN_SCALE)
            self.embedding.weight[len(symbols) :].zero_()  # these start at 0, and grow where they help
        self.dropout = make_dropout(embedding_dropout, dropout_each)

    def forward(self, x: Tensor) -> Tensor:
        """Sum the vectors of every step's features, [B, T] to [B, T, embedding_size]."""
        features = torch.cat([x[:, :, None], *self._found_ngrams(x), self.spelling[x]], dim=2)
        if self.training and self.feature_dropout:
            left_out = torch.rand(features.shape, device=x.device) < self.feature_dropout
            features = features.masked_fill(left_out, 0)
        summed: Tensor = self.dropout(self.embedding(features.flatten(0, 1)).view(*x.shape, -1))
        return summed

    def onnx(self, graph: "Graph", x: str) -> str:
        """Add the same to an ONNX graph."""
        zero, axis = graph.constant("no token", torch.tensor(0)), graph.integers(2)
        features = [graph.add("Unsqueeze", x, axis)]
        codes, base = x, 1
        for length in range(2, self.longest + 1):
            # The token length − 1 steps before; 0 before the beginning of a sequence.
            padded = graph.add("Pad", x, graph.integers(0, length - 1, 0, 0), zero)
            ends = graph.integers(0), graph.integers(1 - length), graph.integers(1)
            before = graph.add("Slice", padded, *ends)
            base *= self.num_tokens
            codes = graph.add("Add", codes, graph.add("Mul", before, graph.integers(base)))
            both = graph.add("And", graph.cast(before, graph.BOOL), graph.cast(x, graph.BOOL))
            known = self.ngrams.tolist()
            numbers = range(self.num_tokens, self.num_tokens + len(known))
            found = graph.look_up(graph.add("Where", both, codes, zero), known, numbers, default=0)
            features.append(graph.add("Unsqueeze", found, axis))
        if self.spelling.shape[1]:
            features.append(graph.add("Gather", graph.constant("spelling", self.spelling), x, axis=0))
        vectors = self.embedding.weight.detach().clone()
        vectors[0] = 0  # no feature
        found = graph.add("Gather", graph.constant("embedding", vectors), graph.joined(features), axis=0)
        return graph.add("ReduceSum", found, axis, keepdims=0)

    def rows(self, symbols: Sequence[str]) -> list[Hashable]:
        """Return what each vector stands for, given the vocabulary: a token, an n-gram or a piece."""
        spelt: list[Hashable] = []
        for code in self.ngrams.tolist():
            tokens = []
            while code:
                code, token = divmod(code, self.num_tokens)  # noqa: PLW2901 (its digits)
                tokens.append(symbols[token])
            spelt.append(("n-gram", *reversed(tokens)))
        return [*symbols, *spelt, *(("piece", piece) for piece in self.pieces)]

    def _found_ngrams(self, x: Tensor) -> list[Tensor]:
        """Return for each length the vectors' numbers, [B, T, 1]; 0 where no n-gram is known."""
        found = []
        for codes in ngram_codes(x, self.num_tokens, self.longest):
            place = torch.searchsorted(self.ngrams, codes).clamp(max=len(self.ngrams) - 1)
            number = torch.where(self.ngrams[place] == codes, self.num_tokens + place, 0)
            found.append(number[:, :, None])
        return found


def _spelling(symbols: Sequence[str], first: int) -> tuple[Tensor, tuple[str, ...]]:
    """Number the pieces that tokens share, from ``first`` on; return those of each token, and all of them."""
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
    # In the order of the vocabulary: that of a set is another in each process, and rows belong to weights.
    counts = Counter(piece for pieces in spelt for piece in dict.fromkeys(pieces))
    numbers = {
        piece: number for number, piece in enumerate((p for p, count in counts.items() if count > 1), first)
    }
    table = torch.zeros(len(symbols), sum(PIECES.values()) if numbers else 0, dtype=torch.int64)
    for token, pieces in enumerate(spelt):
        known = [numbers[piece] for piece in pieces if piece in numbers]
        table[token, : len(known)] = torch.tensor(known, dtype=torch.int64)
    return table, tuple(numbers)
