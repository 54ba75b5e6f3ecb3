"""A bar on the terminal while a large file is read."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, ClassVar

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from seqlab.io.terminal import Terminal

LARGE = 2**25
"""Bytes of a file that is read so fast that no bar is needed."""


class _Counted(io.RawIOBase):
    """A file that tells a bar what has been read."""

    is_shown: ClassVar[bool] = False
    """Whether there is a bar: a terminal has room for one."""

    def __init__(self, file: BinaryIO, bar: Progress, total: int) -> None:
        self._file, self._bar, self._task = file, bar, bar.add_task("", total=total)

    def readable(self) -> bool:
        """Return whether bytes can be read: yes."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # typeshed has a Buffer
        """Fill a buffer; return the number of bytes."""
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        self._bar.update(self._task, advance=len(found))
        return len(found)


@contextmanager
def watched(file: io.BufferedReader, name: str, total: int) -> Iterator[io.BufferedReader]:
    """Show on a terminal how much of a file has been read, if it is large.

    Args:
        file: the file.
        name: what it is called.
        total: its size in bytes.

    Yields:
        The file to be read.
    """
    if total < LARGE or _Counted.is_shown or not sys.stderr.isatty():
        yield file
        return
    columns = TextColumn(f"reading {name}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    _Counted.is_shown = True
    try:
        with Progress(*columns, console=Terminal(stderr=True), transient=True) as bar:
            yield io.BufferedReader(_Counted(file, bar, total), 2**20)
    finally:
        _Counted.is_shown = False
