"""From text to token numbers and back: characters, bytes, words, byte pairs. Nothing of a text is lost.

The symbol of a byte is the character with its number, that of a byte pair the characters of its bytes.
"""

import json
import os
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from seqlab.data.streams.declared import BYTES, SINGLE_BYTES, StreamSettings, Wanted
from seqlab.data.text.vocabulary import END, SPECIALS, UNKNOWN
from seqlab.errors import DataError, needs_extra

BORDER = "\0"
"""What stands after each document in a text that is read; no text holds it otherwise."""
ODD = "surrogatepass"
"""What stands for a byte of a command line that is no UTF-8 is read as any other character."""
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
        return cls((*SPECIALS, *SINGLE_BYTES), settings)

    def encode(self, text: str) -> tuple[Numbers, list[str]]:
        """Return the tokens of a text; nothing is unknown."""
        found = np.frombuffer(text.encode(errors=ODD), np.uint8).astype(np.int64)
        return np.where(found == 0, END, found + BYTES), []

    def _written(self, symbol: str) -> bytes:
        return symbol.encode("latin-1")


class BytePairs(Bytes):
    """Bytes, the most frequent pairs of which became tokens of their own, within words (Sennrich 2016).

    The library ``tokenizers`` learns and joins them. It sees each byte as the character with its number, and
    ``BETWEEN`` between two words.

    Raises:
        DataError: it is not installed.
    """

    def __init__(self, symbols: Sequence[str], settings: StreamSettings) -> None:
        super().__init__(symbols, settings)
        numbers = {symbol: number for number, symbol in enumerate(self.symbols) if number >= BYTES}
        merges = [(self.symbols[left], self.symbols[right]) for left, right in settings.merges]
        library = _library()
        self._pairs = _within_words(library.models.BPE(vocab=numbers, merges=merges))

    @classmethod
    def learnt(cls, pieces: Iterable[str], settings: StreamSettings, wanted: Wanted) -> "BytePairs":
        """Return the pairs of bytes that are joined first in the training text."""
        library = _library()
        pairs = _within_words(library.models.BPE())
        trainer = library.trainers.BpeTrainer(
            vocab_size=wanted.vocabulary - BYTES,
            min_frequency=2,
            initial_alphabet=list(SINGLE_BYTES),
            show_progress=False,
        )
        pairs.train_from_iterator((_as_bytes(piece.replace(BORDER, "")) for piece in pieces), trainer)
        joined = json.loads(pairs.to_str())["model"]["merges"]
        numbers = {symbol: number for number, symbol in enumerate(SINGLE_BYTES, BYTES)}
        for left, right in joined:
            numbers.setdefault(left + right, BYTES + len(numbers))
        merges = tuple((numbers[left], numbers[right]) for left, right in joined)
        return cls((*SPECIALS, *numbers), StreamSettings(settings.tokens, settings.documents, merges))

    def encode(self, text: str) -> tuple[Numbers, list[str]]:
        """Return the tokens of a text; nothing is unknown."""
        numbers = np.array(self._pairs.encode(_as_bytes(text)).ids, np.int64)
        return np.where(numbers == BYTES, END, numbers), []


BETWEEN = "\u0100"
"""What stands between words for the library: a character that is no byte."""


def _library() -> ModuleType:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # threads would not survive a fork
    try:
        import tokenizers  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise DataError(
            needs_extra("data.tokens=bpe", "tokenizers", "text", "set data.tokens=words")
        ) from error
    return tokenizers


def _within_words(model: Any) -> Any:
    """Return the library's tokenizer with a model, which joins nothing across words."""
    library = _library()
    made = library.Tokenizer(model)
    made.pre_tokenizer = library.pre_tokenizers.Split(BETWEEN, "removed")
    return made


def _as_bytes(text: str) -> str:
    return BETWEEN.join(word.encode(errors=ODD).decode("latin-1") for word in WORD.findall(text))


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
    return np.frombuffer(text.encode("utf-32-le", ODD), np.uint32)


def _counted(pieces: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for piece in pieces:
        counts.update(WORD.findall(piece))
    del counts[BORDER]
    return counts
