"""Files of a token a line, with columns, and a blank line between sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Self

import numpy as np

from seqlab.data.kept import Kept
from seqlab.data.table.content import opened
from seqlab.data.table.lines import Lines
from seqlab.data.tagged.declared import columns_of
from seqlab.errors import DataError

VERSION = 1
"""Part of the cache's key: change it with how a file is read."""
DOCUMENT = "-DOCSTART-"
"""The only token of a line between two documents."""


@dataclass
class Sentences:
    """N sentences.

    Attributes:
        path: where they are from.
        tokens: of each sentence.
        tags: of each token; "" if the file is read without tags.
    """

    path: Path
    tokens: list[list[str]] = field(default_factory=list)
    tags: list[list[str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def of(cls, path: Path, made: Kept) -> Self:
        """Return what ``kept`` has kept."""
        ends = np.cumsum(made.arrays["lengths"]).tolist()
        starts = [0, *ends[:-1]]
        rows = []
        for kind in ("tokens", "tags"):
            words = made.about[kind]
            cells = [words[code] for code in made.arrays[kind].tolist()]
            rows.append([cells[start:end] for start, end in zip(starts, ends, strict=True)])
        return cls(path, *rows)

    @property
    def kept(self) -> Kept:
        """The sentences as arrays and plain values: each word once, and its number wherever it is."""
        arrays, about = {"lengths": np.array([len(row) for row in self.tokens])}, {}
        for kind, rows in (("tokens", self.tokens), ("tags", self.tags)):
            known: dict[str, int] = {}
            codes = [known.setdefault(word, len(known)) for row in rows for word in row]
            arrays[kind], about[kind] = np.array(codes, np.int32), list(known)
        return Kept(arrays, about)


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        DataError: it cannot be read.
    """
    with opened(path) as content:
        return file_digest(content.file, "sha256").hexdigest()


def read(path: Path, *, token: int, label: int | None, encoding: str) -> Sentences:
    """Read the sentences of a file.

    Args:
        path: the file; it may be packed.
        token: the column of the tokens, from 0; below 0 counted from the last.
        label: the column of the tags; None to read no tags.
        encoding: of the file.

    Raises:
        DataError: a line has other columns than the first, or lacks one that is wanted; or there is none.
    """
    found = Sentences(path)
    wanted = (token,) if label is None else (token, label)
    for lines in _groups(path, encoding):
        cells = [_cells(path, line, columns, wanted) for line, columns in lines]
        found.tokens.append([row[0] for row in cells])
        found.tags.append([row[-1] if label is not None else "" for row in cells])
    if not found.tokens:
        raise DataError(f"{path} has no sentence; write a token and its tag a line, and blank lines between")
    return found


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
                    "every line has a token and its tag, with blanks or a tab between them"
                )
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
