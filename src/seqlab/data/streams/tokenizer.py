"""From text to token numbers and back: characters, bytes, words, byte pairs. Nothing of a text is lost.

The symbol of a byte is the character with its number, that of a byte pair the characters of its bytes.
"""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from seqlab.data.streams.declared import BYTES, StreamSettings, Wanted
from seqlab.data.streams.pairs import Pairs
from seqlab.data.text.vocabulary import END, SPECIALS, UNKNOWN

BORDER = "\0"
"""What stands after each document in a text that is read; no text holds it otherwise."""
WORD = re.compile(r"\0| ?\w+| ?[^\w\s\0]+|\s")
"""A word or some punctuation, with the space before it; or white space; or the end of a document."""

Numbers = np.ndarray
"""Token numbers, int64 [N]."""


class Tokenizer(ABC):
    """Encodes texts with a vocabulary.

    Args:
        symbols: the vocabulary in the order of its numbers, the special symbols first.
        settings: of the tokens.
    """

    def __init__(self, symbols: Sequence[str], settings: StreamSettings) -> None:
        self.symbols, self.settings = tuple(symbols), settings

    @classmethod
    @abstractmethod
    def learnt(cls, pieces: Iterable[str], settings: StreamSettings, wanted: Wanted) -> "Tokenizer":
        """Return the tokenizer of a training text, which comes in pieces."""

    @abstractmethod
    def encode(self, text: str) -> tuple[Numbers, list[str]]:
        """Return the tokens of a text, ``END`` for ``BORDER``, and what is read as unknown, each time."""

    @property
    def pieces(self) -> list[bytes]:
        """What each token writes, in UTF-8; the special ones nothing."""
        return [b"" if number < BYTES else self._written(one) for number, one in enumerate(self.symbols)]

    @property
    def widths(self) -> tuple[int, ...]:
        """How many characters of a text each token stands for; of several bytes the first counts."""
        return tuple(sum(byte & 0xC0 != 0x80 for byte in piece) for piece in self.pieces)  # noqa: PLR2004

    def _written(self, symbol: str) -> bytes:
        return symbol.encode()


class Characters(Tokenizer):
    """A token a character."""

    def __init__(self, symbols: Sequence[str], settings: StreamSettings) -> None:
        super().__init__(symbols, settings)
        self._numbers = np.full(0x110000, UNKNOWN)
        self._numbers[0] = END
        for number, symbol in enumerate(self.symbols[BYTES:], BYTES):
            self._numbers[ord(symbol)] = number

    @classmethod
    def learnt(cls, pieces: Iterable[str], settings: StreamSettings, wanted: Wanted) -> "Characters":
        """Return the characters that occur often enough."""
        counts = np.zeros(0x110000, np.int64)
        for piece in pieces:
            counts += np.bincount(_codes(piece), minlength=len(counts))
        counts[0] = 0
        return cls((*SPECIALS, *map(chr, np.flatnonzero(counts >= wanted.min_count).tolist())), settings)

    def encode(self, text: str) -> tuple[Numbers, list[str]]:
        """Return the tokens of a text, and what is read as unknown."""
        numbers = self._numbers[_codes(text)]
        return numbers, [text[place] for place in np.flatnonzero(numbers == UNKNOWN).tolist()]


class Words(Tokenizer):
    """A token a word, a group of punctuation, or a white space; a space belongs to the word behind it."""

    def __init__(self, symbols: Sequence[str], settings: StreamSettings) -> None:
        super().__init__(symbols, settings)
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols) if number >= BYTES}
        self._numbers[BORDER] = END

    @classmethod
    def learnt(cls, pieces: Iterable[str], settings: StreamSettings, wanted: Wanted) -> "Words":
        """Return the words that occur often enough."""
        counts = _counted(pieces)
        return cls(
            (*SPECIALS, *sorted(word for word, count in counts.items() if count >= wanted.min_count)),
            settings,
        )

    def encode(self, text: str) -> tuple[Numbers, list[str]]:
        """Return the tokens of a text, and what is read as unknown."""
        words = WORD.findall(text)
        numbers = np.array([self._numbers.get(word, UNKNOWN) for word in words], np.int64)
        return numbers, [words[place] for place in np.flatnonzero(numbers == UNKNOWN).tolist()]


class Bytes(Tokenizer):
    """A token a byte of UTF-8; none is unknown."""

    @classmethod
    def learnt(cls, pieces: Iterable[str], settings: StreamSettings, wanted: Wanted) -> "Bytes":  # noqa: ARG003
        """Return all bytes."""
        return cls((*SPECIALS, *map(chr, range(256))), settings)

    def encode(self, text: str) -> tuple[Numbers, list[str]]:
        """Return the tokens of a text; nothing is unknown."""
        found = np.frombuffer(text.encode(), np.uint8).astype(np.int64)
        return np.where(found == 0, END, found + BYTES), []

    def _written(self, symbol: str) -> bytes:
        return symbol.encode("latin-1")


class BytePairs(Bytes):
    """Bytes, the most frequent pairs of which became tokens of their own, within words (Sennrich 2016)."""

    def __init__(self, symbols: Sequence[str], settings: StreamSettings) -> None:
        super().__init__(symbols, settings)
        self._pairs = Pairs(settings.merges, first=BYTES + 256)
        self._known: dict[str, list[int]] = {BORDER: [END]}

    @classmethod
    def learnt(cls, pieces: Iterable[str], settings: StreamSettings, wanted: Wanted) -> "BytePairs":
        """Return the pairs of bytes that are joined first in the training text."""
        counts = {word: count for word, count in _counted(pieces).items() if word != BORDER}
        words = {tuple(byte + BYTES for byte in word.encode()): count for word, count in counts.items()}
        first = BYTES + 256
        merges = Pairs.learnt(words, first=first, wanted=wanted.vocabulary - first).merges
        symbols = [*SPECIALS, *map(chr, range(256))]
        for left, right in merges:
            symbols.append(symbols[left] + symbols[right])
        return cls(symbols, StreamSettings(settings.tokens, settings.documents, merges))

    def encode(self, text: str) -> tuple[Numbers, list[str]]:
        """Return the tokens of a text; nothing is unknown."""
        numbers: list[int] = []
        for word in WORD.findall(text):
            if word not in self._known:
                if len(self._known) > MOST_KNOWN:
                    self._known = {BORDER: [END]}
                self._known[word] = self._pairs.joined([byte + BYTES for byte in word.encode()])
            numbers += self._known[word]
        return np.array(numbers, np.int64), []


MOST_KNOWN = 2**17
"""Words whose byte pairs are remembered."""
TOKENIZERS: dict[str, type[Tokenizer]] = {
    "characters": Characters,
    "bytes": Bytes,
    "words": Words,
    "bpe": BytePairs,
}


def tokenizer_of(symbols: Sequence[str], settings: StreamSettings) -> Tokenizer:
    """Return what encodes texts as those of the training were."""
    return TOKENIZERS[settings.tokens](symbols, settings)


def _codes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def _counted(pieces: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for piece in pieces:
        counts.update(WORD.findall(piece))
    del counts[BORDER]
    return counts
