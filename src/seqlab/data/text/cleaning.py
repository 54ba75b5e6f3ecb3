"""Normalization and tokenization of texts, the same in training and in prediction."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from seqlab.errors import DataError, needs_extra

HAN = re.compile(r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)")
WORD = re.compile(r"\w+|[^\w\s]")

# Letters that Unicode does not decompose into a base letter and a diacritic.
_FOLDS = str.maketrans(
    dict(zip("łŁøØđĐðÐı’", "lLoOdDdDi'", strict=True))
    | {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"}
)


def fold_to_ascii(text: str) -> str:
    """Remove accents and whatever is not ASCII: "Ślusàrski" becomes "Slusarski"; "" if no letter is left."""
    letters = text.translate(_FOLDS)
    folded = unicodedata.normalize("NFD", letters).encode("ascii", "ignore").decode().strip()
    return folded if any(character.isalpha() for character in folded) else ""


def without_case(text: str) -> str:
    """Return a text in lower case, with single spaces; equal for texts that count as equal."""
    return " ".join(text.casefold().split())


def without_accents(text: str) -> str:
    """Return a name without case and accents; equal for names that count as equal."""
    return fold_to_ascii(text).casefold() or text.casefold()


def words(text: str) -> list[str]:
    """Split a text into words and punctuation; Chinese characters are segmented by jieba.

    Example:
        >>> words("It's good, really.")
        ['It', "'", 's', 'good', ',', 'really', '.']

    Raises:
        DataError: the text has Chinese characters, and the package rjieba is not installed.
    """
    found: list[str] = []
    for number, piece in enumerate(HAN.split(text)):
        found += _jieba().cut(piece) if number % 2 else WORD.findall(piece)
    return found


@cache
def _jieba() -> ModuleType:
    try:
        import rjieba  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise DataError(
            needs_extra("Chinese in data.tokens=words", "jieba", "words", "set data.tokens=characters")
        ) from error
    module: ModuleType = rjieba
    return module


TOKENIZERS: dict[str, Callable[[str], list[str]]] = {"characters": list, "words": words}


@dataclass(frozen=True)
class TextSettings:
    """Settings of tokenization.

    Attributes:
        tokens: a name in ``TOKENIZERS``.
        bos_eos: whether every text gets the tokens BOS and EOS.
        max_length: maximum number of tokens, including BOS and EOS; None for all.
        keep: which end of a longer text is kept.
        form: the Unicode normal form.
        ascii: whether accents are removed.
    """

    tokens: Literal["characters", "words"] = "characters"
    bos_eos: Annotated[bool, Field(validation_alias=AliasChoices("bos_eos", "marks"))] = False
    max_length: int | None = None
    keep: Literal["begin", "end"] = "begin"
    form: Literal["NFC", "NFKC"] = "NFC"
    ascii: bool = False

    def clean(self, text: str) -> str:
        """Return the text in its normal form, without byte order marks, carriage returns and outer spaces."""
        normal = unicodedata.normalize(self.form, text).replace("\ufeff", "").replace("\r", " ").strip()
        return fold_to_ascii(normal) if self.ascii else normal

    def tokenize(self, clean: str) -> list[str]:
        """Split a clean text into tokens."""
        return TOKENIZERS[self.tokens](clean)

    def read(self, text: str) -> str:
        """Return a text to predict as training read its own: cleaned, unless nothing would be left of it."""
        return self.clean(text) or text

    def tokens_of(self, text: str) -> list[str]:
        """Return the tokens of a text to predict."""
        return self.tokenize(self.read(text))
