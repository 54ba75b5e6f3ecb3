"""A text, and its tokens, each written once into the cache and read in pieces: they may exceed the memory."""

import codecs
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from seqlab.data.splits import Shares
from seqlab.data.streams.declared import StreamSettings, Wanted
from seqlab.data.streams.files import PIECE, TextFiles
from seqlab.data.streams.tokenizer import BORDER, TOKENIZERS, Tokenizer
from seqlab.data.text.vocabulary import BEGIN, END
from seqlab.io.cache import cached_folder, key_of
from seqlab.io.progress import watched

log = logging.getLogger(__name__)

VERSION = 1
"""Part of the cache's keys: change it with the layout of the files, or with how texts are read."""
WHITE = (" ", "\n", "\t", "\u3000")
"""Where a piece of a text may end."""


@dataclass(frozen=True)
class Part:
    """A part of a text in the cache, in UTF-8 with ``BORDER`` behind each document.

    Attributes:
        path: the file of the text.
        start: its first byte.
        end: the byte behind its last.
    """

    path: Path
    start: int
    end: int

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces, which end before white space where there is any: no word is cut."""
        rest, left = "", self.end - self.start
        decoder = codecs.getincrementaldecoder("utf-8")()
        with self.path.open("rb") as file:
            file.seek(self.start)
            with watched(file, "the text, to encode it", left) as shown:
                while left:
                    read = shown.read(min(PIECE, left))
                    left -= len(read)
                    text = rest + decoder.decode(read)
                    cut = max(map(text.rfind, WHITE)) if left else 0
                    cut = cut if cut > 0 else len(text)
                    rest = text[cut:]
                    yield text[:cut]

    def first(self, most: int) -> bytes:
        """Return the first bytes, ``most`` or fewer, with a line end behind each document."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(min(most, self.end - self.start)).replace(BORDER.encode(), b"\n")

    def last(self, most: int) -> bytes:
        """Return the last bytes, ``most`` or fewer, with a line end behind each document."""
        with self.path.open("rb") as file:
            first = file.seek(max(self.start, self.end - most))
            return file.read(self.end - first).replace(BORDER.encode(), b"\n")


@dataclass(frozen=True)
class Text:
    """A text in the cache.

    Attributes:
        whole: all of it.
        characters: that it has, with the ends of documents
        has_documents: whether it has documents.
    """

    whole: Part
    characters: int
    has_documents: bool

    @classmethod
    def of(cls, files: TextFiles, sha: str) -> Self:
        """Return the text of some files, from the cache if possible.

        Args:
            files: of the text.
            sha: their fingerprint.

        Raises:
            DataError: one of them cannot be read, or is no text in its encoding.
        """
        recipe = [VERSION, sha, files.encoding, files.documents]

        def write(folder: Path) -> None:
            characters = 0
            with (folder / "text").open("wb") as file:
                for piece in files.pieces():
                    characters += len(piece)
                    file.write(piece.encode())
            (folder / "about.json").write_text(json.dumps({"characters": characters}))

        path = cached_folder("texts", key_of(recipe), write)
        characters = json.loads((path / "about.json").read_text())["characters"]
        text = path / "text"
        return cls(Part(text, 0, text.stat().st_size), characters, files.documents != "none")

    def cut(self, shares: Shares) -> dict[str, Part]:
        """Return the parts for training, validation and testing, in this order; each document is in one."""
        left = int((1 - shares.val - shares.test) * self.characters), int((1 - shares.test) * self.characters)
        borders = [
            0,
            *(self._place(one) if one < self.characters else self.whole.end for one in left),
            self.whole.end,
        ]
        parts = zip(("train", "val", "test"), borders, borders[1:], strict=False)
        return {split: Part(self.whole.path, start, end) for split, start, end in parts}

    def _place(self, character: int) -> int:
        """Return the byte where a character begins, or the document that begins nearest to it."""
        done = place = before = byte_before = 0
        for piece in self.whole.pieces():
            inside = min(max(character - done, 0), len(piece))
            is_reached = done + len(piece) >= character
            if not self.has_documents and is_reached:
                return place + _bytes(piece[:inside])
            if last := piece.rfind(BORDER, 0, inside) + 1:
                before, byte_before = done + last, place + _bytes(piece[:last])
            if is_reached and (behind := piece.find(BORDER, inside) + 1):
                is_nearer = character - before <= done + behind - character
                return byte_before if is_nearer else place + _bytes(piece[:behind])
            done += len(piece)
            place += _bytes(piece)
        return place


def _bytes(text: str) -> int:
    return len(text.encode())


@dataclass(frozen=True)
class Encoded:
    """The tokens of a text in the cache.

    Attributes:
        path: the folder with a file of tokens a split.
        tokenizer: what has encoded it.
        sizes: tokens of each split.
        unknown: tokens, characters and bytes of each split that are not in the vocabulary.
    """

    path: Path
    tokenizer: Tokenizer
    sizes: Mapping[str, int]
    unknown: Mapping[str, tuple[int, int, int]]

    @classmethod
    def of(
        cls,
        parts: Mapping[str, Part],
        settings: StreamSettings,
        sha: str,
        wanted: Wanted,
        *,
        encoding: str = "utf-8",
    ) -> Self:
        """Return the tokens of the parts of a text, from the cache if possible.

        Args:
            parts: of the text, by their splits; the vocabulary is learnt from "train".
            settings: of the tokens.
            sha: of all that was read.
            wanted: which of them the vocabulary has.
            encoding: of the files, whose bytes are other characters in another.
        """
        kind = TOKENIZERS[settings.tokens]
        places = {split: (part.start, part.end) for split, part in parts.items()}
        recipe = [VERSION, sha, encoding, asdict(settings), places, wanted]

        def write(folder: Path) -> None:
            log.info("encoding the text, once for these files …")
            tokenizer = kind.learnt(parts["train"].pieces(), settings, wanted)
            about = {split: _write(folder / split, part, tokenizer) for split, part in parts.items()}
            learnt = {"symbols": tokenizer.symbols, "merges": tokenizer.settings.merges}
            (folder / "about.json").write_text(json.dumps({"splits": about, **learnt}))

        path = cached_folder("streams", key_of(recipe), write)
        about = json.loads((path / "about.json").read_text())
        merges = tuple((left, right) for left, right in about["merges"])
        tokenizer = kind(about["symbols"], StreamSettings(settings.tokens, settings.documents, merges))
        splits: dict[str, Any] = about["splits"]
        return cls(
            path=path,
            tokenizer=tokenizer,
            sizes={split: found["tokens"] for split, found in splits.items()},
            unknown={split: tuple(found["unknown"]) for split, found in splits.items()},
        )


def dtype_of(vocabulary: int) -> np.dtype[Any]:
    """Return the smallest type of the numbers of a vocabulary."""
    return np.min_scalar_type(vocabulary - 1)


def _write(file: Path, part: Part, tokenizer: Tokenizer) -> dict[str, Any]:
    """Write the tokens of a part; return how many there are, and what is unknown."""
    dtype, is_new = dtype_of(len(tokenizer.symbols)), tokenizer.settings.documents != "none"
    tokens = 0
    unknown = np.zeros(3, np.int64)
    with file.open("wb") as out:
        for piece in part.pieces():
            numbers, others = tokenizer.encode(piece)
            begins = np.flatnonzero(numbers[:-1] == END) + 1
            if len(numbers):
                begins = np.append(0, begins) if is_new else begins
                is_new = bool(numbers[-1] == END)
            numbers = np.insert(numbers, begins, BEGIN)
            tokens += len(numbers)
            unknown += (len(others), sum(map(len, others)), sum(len(one.encode()) for one in others))
            numbers.astype(dtype).tofile(out)
    return {"tokens": tokens, "unknown": unknown.tolist()}
