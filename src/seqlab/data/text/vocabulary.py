"""Tokens and their numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from seqlab.data.batches import TokenSamples
from seqlab.functional.ngrams import ngram_codes

SPECIALS = ("<pad>", "<unk>", "<begin>", "<end>")
PAD, UNKNOWN, BEGIN, END = range(len(SPECIALS))

FREQUENT = 5
"""How often an n-gram must occur in the training data to be frequent."""
BLOCK = 4096
"""Texts in memory at a time while counting n-grams."""


@dataclass(frozen=True)
class Vocabulary:
    """Symbols by number, the four special ones first; an unknown symbol is ``<unk>``."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, symbols: Iterable[str]) -> "Vocabulary":
        """Collect the symbols of the training texts, sorted."""
        return cls(SPECIALS + tuple(sorted(symbols)))

    def __len__(self) -> int:
        return len(self.symbols)

    def numbers(self, symbols: Sequence[str]) -> np.ndarray:
        """Return the number of each symbol in the vocabulary; ``symbols`` begins with the special ones."""
        number = {symbol: token for token, symbol in enumerate(self.symbols)}
        return np.array(
            [*range(len(SPECIALS)), *(number.get(s, UNKNOWN) for s in symbols[len(SPECIALS) :])],
            dtype=np.int64,
        )

    def encode(self, texts: Sequence[Sequence[str]]) -> TokenSamples:
        """Return the tokens of each text, with BOS and EOS; every class is 0."""
        number = {symbol: token for token, symbol in enumerate(self.symbols)}
        rows = [[BEGIN, *(number.get(symbol, UNKNOWN) for symbol in text), END] for text in texts]
        return TokenSamples.of(rows, [0] * len(rows))


def frequent_ngrams(samples: TokenSamples, num_tokens: int, longest: int) -> tuple[int, ...]:
    """Return the codes (``functional.ngrams``) of the frequent n-grams of 2 to ``longest`` tokens."""
    if longest == 1:
        return ()
    ngrams, counts = np.zeros(0, np.int64), np.zeros(0, np.int64)
    for ids in torch.split(torch.arange(len(samples)), BLOCK):
        for found in ngram_codes(samples.batch(ids).x, num_tokens, longest):
            new, times = np.unique(found[found > 0].numpy(), return_counts=True)
            ngrams, place = np.unique(np.concatenate([ngrams, new]), return_inverse=True)
            counts = np.bincount(place, np.concatenate([counts, times])).astype(np.int64)
    return tuple(ngrams[counts >= FREQUENT].tolist())
