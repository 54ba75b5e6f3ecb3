"""A progress bar on the terminal while a large file is read, or for other work of many steps."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import BinaryIO, TypeVar

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from seqlab.io.console import Terminal
from seqlab.io.terminal import in_a_line

LARGE = 2**25
"""The size in bytes from which a file gets a bar."""
MANY = 50
"""The number of steps from which there is a bar."""


NAME = TextColumn("{task.description}", markup=False)
"""The column with the description, in which brackets and braces are shown as they are."""

_SCREEN = Lock()
"""Held by whoever shows a bar."""

T = TypeVar("T")


class _Counted(io.RawIOBase):
    """A file that reports the bytes read to a bar."""

    def __init__(self, file: BinaryIO, bar: Progress, name: str, total: int) -> None:
        self._file, self._bar, self._task = file, bar, bar.add_task(name, total=total)
        self._left = total

    def readable(self) -> bool:
        """Return whether bytes can be read: yes."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]  # typeshed has a Buffer
        """Fill a buffer; return the number of bytes."""
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        shown = min(len(found), self._left)  # a buffer reads on behind the part that is wanted
        self._left -= shown
        self._bar.update(self._task, advance=shown)
        return len(found)


@contextmanager
def _bar(*columns: ProgressColumn) -> Iterator[Progress | None]:
    """Show a bar; yield None where there is no terminal, or one has a bar already: it can show only one."""
    if not sys.stderr.isatty() or not _SCREEN.acquire(blocking=False):
        yield None
        return
    try:
        with Progress(
            NAME, BarColumn(), *columns, TimeRemainingColumn(), console=Terminal(stderr=True), transient=True
        ) as bar:
            yield bar
    finally:
        _SCREEN.release()


@contextmanager
def watched(file: io.BufferedReader, name: str, total: int) -> Iterator[io.BufferedReader]:
    """Show a bar on a terminal while a large file is read.

    Args:
        file: the file.
        name: its name.
        total: its size in bytes.

    Yields:
        The file to be read.
    """
    with _bar(DownloadColumn()) if total >= LARGE else nullcontext() as bar:
        if bar is None:
            yield file
        else:
            yield io.BufferedReader(_Counted(file, bar, in_a_line(f"reading {name}"), total), 2**20)


def stepwise(items: Sequence[T], name: str) -> Iterator[T]:
    """Yield items, and show a bar on a terminal if there are many.

    Args:
        items: the items.
        name: the description of the work.
    """
    with _bar() if len(items) >= MANY else nullcontext() as bar:
        yield from items if bar is None else bar.track(items, description=in_a_line(name))
