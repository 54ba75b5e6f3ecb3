"""Encodings: the one that a file names in its first bytes, and one that would fit."""

import codecs
import io
import re
from pathlib import Path
from typing import BinaryIO

from seqlab.errors import DataError

MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""Byte order marks of encodings in which a line end is no single byte."""
CHINESE = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]")
"""The common characters of Chinese, in GB 2312 and what came of it."""
HIGH = re.compile(rb"[\x80-\xff]+")
WORD = 3
"""Bytes beyond ASCII that a word of a script other than Latin mostly has in a row."""


def encoding_of(start: bytes, encoding: str) -> str:
    """Return the encoding that a file's first bytes name; else the one that is set."""
    return next((name for mark, name in MARKS.items() if start.startswith(mark)), encoding)


def is_by_bytes(encoding: str) -> bool:
    """Return whether a line end is the one byte that it is in ASCII.

    Raises:
        LookupError: there is no such encoding of texts.
    """
    return "\n".encode(encoding).removeprefix(codecs.BOM_UTF8) == b"\n"


def likely(sample: bytes) -> str | None:
    """Return the encoding that some bytes, which are not UTF-8, are probably in; None if none fits."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > len(sample) / 4:
        return "utf-16-le" if odd > even else "utf-16-be"
    if even or odd:
        return None
    runs = HIGH.findall(sample)
    high = sum(map(len, runs))
    if _fits(sample, "gb18030") and 2 * len(CHINESE.findall(sample)) > high / 2:
        return "gb18030"
    if _fits(sample, "cp1251") and high > WORD * len(runs):
        return "cp1251"
    return "cp1252" if _fits(sample, "cp1252") else None


def _fits(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)  # the last character may be cut off
    except UnicodeDecodeError:
        return False
    return True


class Recoded(io.RawIOBase):
    """The bytes of a text in UTF-8, from a file in another encoding.

    Args:
        path: the file, for messages.
        file: the file.
        encoding: its encoding.
    """

    def __init__(self, path: Path, file: BinaryIO, encoding: str) -> None:
        self._path, self._file, self._encoding = path, file, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._rest = b""
        self._is_over = False

    def readable(self) -> bool:
        """Return whether bytes can be read: yes."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # typeshed has a Buffer
        """Fill a buffer; return the number of bytes.

        Raises:
            DataError: the file is not in the encoding.
        """
        while not self._rest and not self._is_over:
            read = self._file.read(2**16)
            self._is_over = not read
            try:
                self._rest = self._decoder.decode(read, final=self._is_over).encode()
            except UnicodeError as error:
                name = self._encoding.upper()
                raise DataError(f"{self._path} is not {name} ({error}); convert it to UTF-8") from error
        found, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(found)] = found
        return len(found)
