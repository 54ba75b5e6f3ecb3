"""Sentences with a tag at every token: from files of a token a line, and from tables of a token a row."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from seqlab.data.kept import Kept
from seqlab.data.table.content import opened
from seqlab.data.table.lines import Lines
from seqlab.data.tagged.declared import columns_of
from seqlab.data.tagged.own import Tagged
from seqlab.data.tagged.tables import sentences_in
from seqlab.errors import DataError

VERSION = 3
"""Part of the cache's key: change it with how a file is read."""
DOCUMENT = "-DOCSTART-"
"""The only token of a line between two documents."""
CONLLU, NO_WORD = 10, re.compile(r"\d+[-.]\d+")
"""Columns of CoNLL-U, and an id there of what is no word: a token of several words, or an empty node."""


class Words(NamedTuple):
    """The words of all steps: each different one once, and its number wherever it is, [steps]."""

    words: list[str]
    codes: np.ndarray

    @classmethod
    def of(cls, cells: Iterable[str]) -> Self:
        """Number words in the order in which they first occur."""
        known: dict[str, int] = {}
        codes = np.array([known.setdefault(word, len(known)) for word in cells], np.int32)
        return cls(list(known), codes)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return words one behind the other."""
        known: dict[str, int] = {}
        numbers = [
            np.array([known.setdefault(word, len(known)) for word in part.words], np.int32) for part in parts
        ]
        codes = [number[part.codes] for number, part in zip(numbers, parts, strict=True)]
        return cls(list(known), np.concatenate(codes))


@dataclass(frozen=True)
class Sentences:
    """N sentences, one behind the other.

    Attributes:
        lengths: tokens of each, [N].
        tokens: of all.
        tags: of each token; "" if the file is read without tags.
    """

    lengths: np.ndarray
    tokens: Words
    tags: Words

    def __len__(self) -> int:
        return len(self.lengths)

    @classmethod
    def of(cls, tokens: Sequence[Sequence[str]], tags: Sequence[Sequence[str]] | None = None) -> Self:
        """Return sentences of these tokens, with these tags or with none."""
        tags = [[""] * len(row) for row in tokens] if tags is None else tags
        lengths = np.array([len(row) for row in tokens], np.int64)
        return cls(lengths, *(Words.of(word for row in rows for word in row) for rows in (tokens, tags)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return sentences one behind the other."""
        return cls(
            np.concatenate([part.lengths for part in parts]),
            Words.joined([part.tokens for part in parts]),
            Words.joined([part.tags for part in parts]),
        )

    @classmethod
    def kept(cls, made: Kept) -> Self:
        """Return what ``as_kept`` has made."""
        arrays, about = made
        words = (Words(about[kind], arrays[kind]) for kind in ("tokens", "tags"))
        return cls(arrays["lengths"], *words)

    def as_kept(self) -> Kept:
        """Return the sentences as arrays and plain values."""
        arrays = {"lengths": self.lengths, "tokens": self.tokens.codes, "tags": self.tags.codes}
        return Kept(arrays, {"tokens": self.tokens.words, "tags": self.tags.words})

    @cached_property
    def starts(self) -> np.ndarray:
        """The first step of each sentence, [N]."""
        found: np.ndarray = np.cumsum(self.lengths) - self.lengths
        return found

    def steps(self, rows: np.ndarray) -> np.ndarray:
        """Return the steps of some sentences, one behind the other."""
        lengths = self.lengths[rows]
        shifts = self.starts[rows] - (np.cumsum(lengths) - lengths)
        found: np.ndarray = np.repeat(shifts, lengths) + np.arange(lengths.sum())
        return found

    def part(self, rows: np.ndarray) -> "Sentences":
        """Return some sentences."""
        steps = self.steps(rows)
        words = (Words(words, codes[steps]) for words, codes in (self.tokens, self.tags))
        return Sentences(self.lengths[rows], *words)

    def tokens_of(self, row: int) -> list[str]:
        """Return the tokens of a sentence."""
        start = int(self.starts[row])
        return [self.tokens.words[code] for code in self.tokens.codes[start : start + self.lengths[row]]]


def fingerprint(data: Tagged, path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        DataError: it cannot be read.
    """
    if data.sentence is not None:
        return data.table(path).fingerprint()
    with opened(path) as content:
        return file_digest(content.file, "sha256").hexdigest()


def read(data: Tagged, path: Path, *, with_tags: bool = True) -> Sentences:
    """Read the sentences of a file, which may be packed.

    Raises:
        DataError: a line has other columns than the first, or lacks one that is wanted; or there is none.
    """
    wanted = [data.token, *([data.label] if with_tags else [])]
    if data.sentence is not None:
        rows = list(sentences_in(data.table(path), data.sentence, wanted))
    else:
        places = [place for place in wanted if isinstance(place, int)]
        rows = [
            [_cells(path, line, columns, places) for line, columns in lines]
            for lines in _groups(path, data.encoding)
        ]
    if not rows:
        raise DataError(f"{path} has no sentence; write a token and its tag a line, and blank lines between")
    tokens, *tags = ([[cells[place] for cells in row] for row in rows] for place in range(len(wanted)))
    return Sentences.of(tokens, *tags)


def _groups(path: Path, encoding: str) -> Iterator[list[tuple[int, list[str]]]]:
    """Yield the lines of each sentence: their numbers and columns."""
    group: list[tuple[int, list[str]]] = []
    width, tabs = 0, False
    with opened(path) as content:
        lines = Lines(path, content.file, encoding, is_own=True)
        for text in lines:
            tabs = tabs if width else "\t" in text
            columns = columns_of(text, tabs=tabs)
            if not any(columns) or columns[0].startswith(DOCUMENT):
                if group:
                    yield group
                group = []
                continue
            if text.startswith("#") and len(columns) != width:
                continue  # a comment, as in CoNLL-U
            width = width or len(columns)
            if len(columns) != width:
                raise DataError(
                    f"{path}, line {lines.number}: {len(columns)} columns where the first line has {width}; "
                    "every line has a token and its tag, with blanks or a tab between them; of a table, name "
                    "the column of its sentences with data.sentence"
                )
            if not (tabs and width == CONLLU and NO_WORD.fullmatch(columns[0])):
                group.append((lines.number, columns))
    if group:
        yield group


def _cells(path: Path, line: int, columns: Sequence[str], wanted: Sequence[int]) -> list[str]:
    """Return the cells that are asked for."""
    for place in wanted:
        if not -len(columns) <= place < len(columns):
            raise DataError(
                f"{path}, line {line}: there is no column {place} among {len(columns)}; set data.token and "
                "data.label to columns from 0, or from the last one with -1"
            )
        if not columns[place]:
            raise DataError(f"{path}, line {line}: column {place} is blank; fill it in or remove the line")
    return [columns[place] for place in wanted]
