"""The bytes of a file, also if they are packed: what is unpacked is bounded, and not written to disk."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from seqlab.data.archive import RATIO, open_member
from seqlab.errors import DataError
from seqlab.io.files import refuse_pipe
from seqlab.io.progress import watched

PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
"""What reads a file that begins so: gzip, bzip2, xz."""
SMALL = 2**24
"""Bytes that a file may unpack to however small it is."""
ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".tsf", ".data", ".txt")
"""Of a table in a zip: there must be one file with the first of them that occurs."""


class Content(NamedTuple):
    """What is in a file: the bytes, and the name without what it is packed in."""

    file: io.BufferedReader
    name: Path


@contextmanager
def opened(path: Path) -> Iterator[Content]:
    """Open a file, or what is packed in it.

    Raises:
        DataError: it cannot be opened, is a pipe, is damaged, or unpacks to too much.
    """
    refuse_pipe(path)
    try:
        if zipfile.is_zipfile(path):
            with open_member(path, ENDINGS) as (member, name):
                yield Content(io.BufferedReader(cast("io.RawIOBase", member)), Path(name))
            return
        with path.open("rb") as file:
            unpack = next((PACKED[first] for first in PACKED if file.peek(8).startswith(first)), None)
            size = path.stat().st_size
            with watched(file, path.name, size) as shown:
                if unpack is None:
                    yield Content(shown, path)
                else:
                    bounded = _Bounded(path, unpack(shown), SMALL + RATIO * size)
                    yield Content(io.BufferedReader(bounded), Path(path.stem))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a readable file") from error


class _Bounded(io.RawIOBase):
    """Unpacked bytes, up to a bound."""

    def __init__(self, path: Path, file: BinaryIO, largest: int) -> None:
        self._path, self._file, self._left, self._largest = path, file, largest, largest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # typeshed has a Buffer
        try:
            found = self._file.read(len(buffer))
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataError(f"{self._path} is damaged ({error}); download or save it again") from error
        self._left -= len(found)
        if self._left < 0:
            raise DataError(
                f"{self._path} unpacks to more than {self._largest:,} bytes, {RATIO} times its size; "
                "do not trust it, or unpack it and give the file"
            )
        buffer[: len(found)] = found
        return len(found)
