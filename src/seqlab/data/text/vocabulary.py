"""Tokens and their numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqlab.data.batches import TokenSamples

SPECIALS = ("<pad>", "<unk>", "<begin>", "<end>")
PAD, UNKNOWN, BEGIN, END = range(len(SPECIALS))


@dataclass(frozen=True)
class Vocabulary:
    """Symbols by number, the four special ones first; an unseen symbol is ``<unk>``."""

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, symbols: Iterable[str]) -> "Vocabulary":
        """Collect the symbols of the training texts, sorted."""
        return cls(SPECIALS + tuple(sorted(symbols)))

    def __len__(self) -> int:
        return len(self.symbols)

    def numbers(self, symbols: Sequence[str]) -> np.ndarray:
        """Return the number of each symbol; the special ones come first there too."""
        number = {symbol: token for token, symbol in enumerate(self.symbols)}
        return np.array(
            [*range(len(SPECIALS)), *(number.get(s, UNKNOWN) for s in symbols[len(SPECIALS) :])],
            dtype=np.int64,
        )

    def encode(self, texts: Sequence[Sequence[str]]) -> TokenSamples:
        """Number the symbols of each text, between a begin and an end mark; every class is 0."""
        number = {symbol: token for token, symbol in enumerate(self.symbols)}
        rows = [[BEGIN, *(number.get(symbol, UNKNOWN) for symbol in text), END] for text in texts]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        return TokenSamples(
            np.array([token for row in rows for token in row], dtype=np.int64),
            starts=lengths.cumsum() - lengths,
            lengths=lengths,
            y=np.zeros(len(rows), dtype=np.int64),
        )
