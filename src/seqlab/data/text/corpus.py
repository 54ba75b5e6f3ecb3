"""Texts encoded once, then memory-mapped: every process of every run reads the same files of the cache.

A corpus holds what is the same for all runs: all tokens of all texts, with provisional numbers in the order
of first occurrence. Splits, vocabulary and the maximum length are views of it.
"""

import json
import logging
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np

from seqlab.data.splits import SPLITS, strata_of
from seqlab.data.text.cleaning import TextSettings
from seqlab.data.text.records import Record, TextReader
from seqlab.data.text.vocabulary import BEGIN, END, SPECIALS
from seqlab.errors import DataError
from seqlab.io.cache import cached_folder, key_of

log = logging.getLogger(__name__)

VERSION = 3
"""Part of the cache's key: change it with the layout of the files, or with how texts and labels are read."""
CHUNK = 20_000
"""Texts in memory at a time while encoding."""
BLOCK = 2**22
"""Tokens in memory at a time while counting."""

COLUMNS = {
    "token_ends": np.int64,
    "text_ends": np.int64,
    "same": np.uint64,
    "group": np.uint64,
    "given": np.uint8,
}
"""The arrays with a value for every text: the ends of its tokens and bytes, its hash and its group's hash,
and its place in ``GIVEN``."""
GIVEN = ("", *SPLITS)
"""The splits that a text can be given for; the first is none."""


class NoTextError(DataError):
    """A reader has yielded no text, or only texts that are empty after cleaning."""


@dataclass(frozen=True)
class Corpus:
    """N labelled texts.

    Attributes:
        symbols: tokens by provisional number, the special ones first.
        classes: values of each label column, sorted.
        labels: number of each text's value in each label column, [N, columns].
        tokens: the tokens of all texts one after the other, each text with BOS and EOS, memory-mapped.
        token_ends: the index after each text's last token, [N].
        same: a hash of each text, [N].
        group: a hash that is the same for texts that count as equal, [N].
        given: the split that each text is given for, a place in ``GIVEN``, [N].
    """

    noun: ClassVar[str] = "text"

    path: Path
    symbols: tuple[str, ...]
    classes: dict[str, tuple[str, ...]]
    labels: np.ndarray
    tokens: np.ndarray
    token_ends: np.ndarray
    text_ends: np.ndarray
    same: np.ndarray
    group: np.ndarray
    given: np.ndarray

    @classmethod
    def of(
        cls, reader: TextReader, settings: TextSettings, group: Callable[[str], str], sha: str
    ) -> "Corpus":
        """Return the corpus of a reader's texts, from the cache if possible.

        Args:
            reader: yields the texts.
            settings: of cleaning and tokenization.
            group: returns a key that is the same for texts that count as equal.
            sha: hash of the reader's files.

        Raises:
            DataError: a file is malformed.
        """
        recipe = [VERSION, sha, reader.recipe, settings.tokens, settings.form, settings.ascii, group.__name__]
        path = cached_folder(
            "corpora", key_of(recipe), lambda folder: _Writer(folder, reader, settings, group).write()
        )
        about = json.loads((path / "about.json").read_text(encoding="utf-8"))
        for finding, count in about["findings"].items():
            log.warning("%s %s", f"{count:,}", finding)
        columns = {name: np.memmap(path / name, dtype, mode="r") for name, dtype in COLUMNS.items()}
        return cls(
            path=path,
            symbols=tuple(about["symbols"]),
            classes={column: tuple(names) for column, names in about["classes"].items()},
            labels=np.fromfile(path / "labels", np.int32).reshape(-1, len(about["classes"])),
            tokens=np.memmap(path / "tokens", np.int32, mode="r"),
            **columns,
        )

    def __len__(self) -> int:
        return len(self.token_ends)

    def spans(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first index and the number of the tokens of the texts ``rows``."""
        starts = np.where(rows > 0, self.token_ends[rows - 1], 0)
        return starts, (self.token_ends[rows] - starts).astype(np.int32)

    def strata(self) -> np.ndarray:
        """Return a number for each text's combination of labels, in the order of their names, [N]."""
        return strata_of(self.labels, [len(names) for names in self.classes.values()])

    def text(self, number: int) -> str:
        """Return a cleaned text."""
        start = int(self.text_ends[number - 1]) if number else 0
        with (self.path / "texts").open("rb") as file:
            file.seek(start)
            return file.read(int(self.text_ends[number]) - start).decode()

    def counts(self, chosen: np.ndarray) -> np.ndarray:
        """Return how often each token occurs in the chosen texts, including BOS and EOS.

        Args:
            chosen: a mask of texts, [N].
        """
        counts = np.zeros(len(self.symbols), dtype=np.int64)
        first = 0
        # Read, not mapped: mapped pages count as memory of this process.
        with (self.path / "tokens").open("rb") as file:
            while first < len(self):
                done = self.token_ends[first - 1] if first else 0
                last = max(first + 1, int(np.searchsorted(self.token_ends, done + BLOCK)))
                ends = self.token_ends[first:last]
                block = np.fromfile(file, np.int32, int(ends[-1] - done))
                mask = np.repeat(chosen[first:last], np.diff(ends, prepend=done))
                counts += np.bincount(block[mask], minlength=len(counts))
                first = last
        return counts


class _Writer:
    """Encodes a reader's texts into an empty folder, in chunks."""

    def __init__(
        self, folder: Path, reader: TextReader, settings: TextSettings, group: Callable[[str], str]
    ) -> None:
        self.folder, self.reader, self.settings, self.group = folder, reader, settings, group
        self.numbers = _Numbers(SPECIALS)
        self.labels = [_Numbers() for _ in reader.columns]
        self.findings: Counter[str] = Counter()
        self.ends = {"tokens": 0, "texts": 0}

    def write(self) -> None:
        """Read, encode and write everything."""
        log.info("encoding the texts, once for these files …")
        names = (*COLUMNS, "tokens", "texts", "labels")
        files = {name: (self.folder / name).open("wb") for name in names}
        try:
            for records in _chunks(self.reader.records()):
                self._append(files, records)
        finally:
            for file in files.values():
                file.close()
        if not self.ends["tokens"]:
            raise NoTextError("there is no text, or all texts are blank")
        classes = self._sort_labels()
        self._find_ambiguous()
        about = {
            "symbols": list(self.numbers),
            "classes": classes,
            "findings": dict(self.reader.findings + self.findings),
        }
        (self.folder / "about.json").write_text(json.dumps(about), encoding="utf-8")

    def _append(self, files: Mapping[str, BinaryIO], records: Sequence[Record]) -> None:
        texts = [self.settings.clean(record.text) for record in records]
        kept = [number for number, text in enumerate(texts) if text]
        self.findings["texts are empty after cleaning and were skipped"] += len(texts) - len(kept)
        texts = [texts[number] for number in kept]
        number = self.numbers.__getitem__
        tokens, lengths = array("i"), []
        for text in texts:
            found = self.settings.tokenize(text)
            tokens.append(BEGIN)
            tokens.extend(map(number, found))
            tokens.append(END)
            lengths.append(len(found) + 2)
        encoded = [text.encode() for text in texts]
        np.array(tokens, np.int32).tofile(files["tokens"])
        files["texts"].write(b"".join(encoded))
        self._ends("tokens", lengths).tofile(files["token_ends"])
        self._ends("texts", [len(text) for text in encoded]).tofile(files["text_ends"])
        _hashes(texts).tofile(files["same"])
        _hashes([self.group(text) for text in texts]).tofile(files["group"])
        given = [GIVEN.index(records[number].split) for number in kept]
        np.array(given, np.uint8).tofile(files["given"])
        labels = [
            [known[records[number].labels[column]] for number in kept]
            for column, known in enumerate(self.labels)
        ]
        np.array(labels, np.int32).T.tofile(files["labels"])

    def _ends(self, kind: str, lengths: Sequence[int]) -> np.ndarray:
        ends = self.ends[kind] + np.cumsum(np.array(lengths, np.int64))
        self.ends[kind] = int(ends[-1]) if len(ends) else self.ends[kind]
        return ends

    def _sort_labels(self) -> dict[str, list[str]]:
        """Renumber the labels in the order of their names; return the names by column."""
        labels = np.fromfile(self.folder / "labels", np.int32).reshape(-1, len(self.labels))
        for column, known in enumerate(self.labels):
            number = {name: place for place, name in enumerate(sorted(known))}
            labels[:, column] = np.array([number[name] for name in known], np.int32)[labels[:, column]]
        labels.tofile(self.folder / "labels")
        return {name: sorted(known) for name, known in zip(self.reader.columns, self.labels, strict=True)}

    def _find_ambiguous(self) -> None:
        same = np.fromfile(self.folder / "same", np.uint64)
        labels = np.fromfile(self.folder / "labels", np.int32).reshape(-1, len(self.labels))
        order = np.argsort(same, kind="stable")
        repeats = same[order[1:]] == same[order[:-1]]
        contradicts = repeats & (labels[order[1:]] != labels[order[:-1]]).any(1)
        spelling = np.cumsum(~repeats)
        finding = "texts occur with two or more labels; no model can distinguish them"
        self.findings[finding] += len(np.unique(spelling[contradicts]))
        self.findings["texts repeat an earlier one"] += int(repeats.sum())


class _Numbers(dict[str, int]):
    """Numbers for names, in the order of first access."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        super().__init__((name, number) for number, name in enumerate(names))

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self)
        return number


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    while chunk := list(islice(records, CHUNK)):
        yield chunk


def _hashes(texts: Sequence[str]) -> np.ndarray:
    joined = b"".join(blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return np.frombuffer(joined, np.uint64)
