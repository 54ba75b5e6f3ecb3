"""A progress bar on the terminal while a large file is read, or for other work of many steps."""

import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, ClassVar, TypeVar

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from seqlab.io.console import Terminal
from seqlab.io.terminal import in_a_line

LARGE = 2**25
"""The size in bytes from which a file gets a bar."""
MANY = 50
"""The number of steps from which there is a bar."""


NAME = TextColumn("{task.description}", markup=False)
"""The column with the description, in which brackets and braces are shown as they are."""

T = TypeVar("T")


class _Counted(io.RawIOBase):
    """A file that reports the bytes read to a bar."""

    is_shown: ClassVar[bool] = False
    """Whether there is a bar; a terminal can show only one."""

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
def watched(file: io.BufferedReader, name: str, total: int) -> Iterator[io.BufferedReader]:
    """Show a bar on a terminal while a large file is read.

    Args:
        file: the file.
        name: its name.
        total: its size in bytes.

    Yields:
        The file to be read.
    """
    if total < LARGE or _Counted.is_shown or not sys.stderr.isatty():
        yield file
        return
    columns = NAME, BarColumn(), DownloadColumn(), TimeRemainingColumn()
    _Counted.is_shown = True
    try:
        with Progress(*columns, console=Terminal(stderr=True), transient=True) as bar:
            yield io.BufferedReader(_Counted(file, bar, in_a_line(f"reading {name}"), total), 2**20)
    finally:
        _Counted.is_shown = False


def stepwise(items: Sequence[T], name: str) -> Iterator[T]:
    """Yield items, and show a bar on a terminal if there are many.

    Args:
        items: the items.
        name: the description of the work.
    """
    if len(items) < MANY or not sys.stderr.isatty():
        yield from items
        return
    columns = NAME, BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Terminal(stderr=True), transient=True) as bar:
        yield from bar.track(items, description=in_a_line(name))
