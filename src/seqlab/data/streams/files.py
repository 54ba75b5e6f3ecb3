"""The text in files: decoded in pieces, its line ends made one, its documents told apart."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import is_zipfile

from seqlab.data.archive import read_archive
from seqlab.data.streams.declared import Documents
from seqlab.data.streams.tokenizer import BORDER
from seqlab.data.table.content import opened
from seqlab.data.table.encodings import encoding_of, likely
from seqlab.errors import DataError

PIECE = 2**20
"""Bytes in memory at a time."""
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")


@dataclass(frozen=True)
class TextFiles:
    """A text file, or those in a folder or zip in the order of their names; hidden ones are passed over.

    Attributes:
        path: the file, folder or zip.
        encoding: of the files, if their first bytes name no other.
        documents: see ``StreamData``.
        setting: what an error calls the encoding.
    """

    path: Path
    encoding: str
    documents: Documents
    setting: str = "data.encoding"

    def fingerprint(self) -> str:
        """Return the SHA-256 of one file's content, or of the names and contents of several.

        Raises:
            DataError: one cannot be read.
        """
        is_one = not (self.path.is_dir() or is_zipfile(self.path))
        digest = sha256()
        for name, file in self._files():
            digest.update(b"" if is_one else f"{name}\0".encode())
            while read := file.read(PIECE):
                digest.update(read)
        return digest.hexdigest()

    def pieces(self) -> Iterator[str]:
        """Yield the text, with ``BORDER`` behind each document.

        Raises:
            DataError: a file cannot be read, or is no text in the encoding.
        """
        for name, file in self._files():
            decoded = _decoded(name, file, self.encoding, self.setting)
            if self.documents == "file":
                yield from decoded
                yield BORDER
            elif self.documents == "none":
                yield from decoded
            else:
                yield from _documents(
                    decoded, BLANK_LINES if self.documents == "blank_line" else re.compile("\n")
                )

    def _files(self) -> Iterator[tuple[str, BinaryIO]]:
        if self.path.is_dir():
            files = [
                path
                for path in sorted(self.path.rglob("*"))
                if path.is_file() and not _is_hidden(path, self.path)
            ]
            if not files:
                raise DataError(f"{self.path} has no files; name a text, or a folder of texts")
            for path in files:
                with opened(path) as content:
                    yield str(path), content.file
        elif is_zipfile(self.path):
            texts = read_archive(self.path, lambda name: not name.name.startswith("."))
            for name in sorted(name for name in texts if not name.endswith("/")):
                yield f"{self.path}, {name}", io.BytesIO(texts[name])
        else:
            with opened(self.path) as content:
                yield str(self.path), content.file


def _is_hidden(path: PurePosixPath | Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


def _decoded(name: str, file: BinaryIO, encoding: str, setting: str) -> Iterator[str]:
    """Yield the text of a file in pieces."""
    read = file.read(PIECE)
    encoding = encoding_of(read, encoding)
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = io.IncrementalNewlineDecoder(decoder, translate=True)
    done, is_first = 0, True
    while True:
        try:
            text = lines.decode(read, final=not read)
        except UnicodeDecodeError as error:
            hint = likely(read)
            fits = f", or set {setting}={hint}, which fits" if hint not in (None, encoding) else ""
            raise DataError(
                f"{name}: not {error.encoding.upper()} near byte {done + error.start}; "
                f"convert the file to UTF-8{fits}"
            ) from error
        if BORDER in text:
            raise DataError(f"{name}: a NUL character near byte {done}; is this a text file? Remove it")
        if text:
            yield text.removeprefix("\ufeff") if is_first else text
            is_first = False
        if not read:
            return
        done += len(read)
        read = file.read(PIECE)


def _documents(pieces: Iterable[str], between: re.Pattern[str]) -> Iterator[str]:
    """Yield documents that are not blank, with ``BORDER`` behind each."""
    rest = ""
    for piece in pieces:
        *whole, rest = between.split(rest + piece)
        yield "".join(f"{text}{BORDER}" for one in whole if (text := one.strip("\n")).strip())
    if (text := rest.strip("\n")).strip():
        yield f"{text}{BORDER}"
