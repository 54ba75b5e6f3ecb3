"""Reading untrusted zip archives: nothing is unpacked to disk, and sizes are limited."""

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from seqlab.errors import DataError

LARGEST = 256 * 2**20
"""The largest total size in bytes of the files read from an archive."""
RATIO = 200
"""The largest compression ratio of a file."""

Wanted = Callable[[PurePosixPath], bool]


def read_archive(path: Path, wanted: Wanted) -> dict[str, bytes]:
    """Return the contents of the wanted files by their names in the archive.

    Args:
        path: the zip file.
        wanted: returns whether to read a file, given its name.

    Raises:
        DataError: the archive is damaged or encrypted, a name leads out of it, or a file is too large.
    """
    with _open_archive(path) as archive:
        entries = _wanted(path, archive, wanted)
        total = sum(entry.file_size for entry in entries)
        if total > LARGEST:
            raise DataError(f"{path} unpacks to {total:,} bytes; the limit is {LARGEST:,}")
        return {entry.filename: archive.read(entry) for entry in entries}


@contextmanager
def open_member(path: Path, endings: Sequence[str]) -> Iterator[tuple[IO[bytes], str]]:
    """Open the only file of an archive that a table can be in, to be read in pieces.

    Args:
        path: the zip file.
        endings: how its name may end, in lower case; the first that occurs is the one that counts.

    Yields:
        The file, and its name.

    Raises:
        DataError: there is none or more than one, or the archive is damaged or suspicious.
    """
    with _open_archive(path) as archive:
        entries: list[zipfile.ZipInfo] = []
        for ending in endings:
            entries = entries or _wanted(path, archive, _ending(ending))
        if len(entries) != 1:
            if "xl/workbook.xml" in archive.namelist():
                raise DataError(f"{path} is a spreadsheet; save it as CSV")
            found = ", ".join(entry.filename for entry in entries) or "none"
            raise DataError(
                f"{path} must contain exactly one table ({', '.join(endings)}); found {found}. "
                "Unpack it and give the file"
            )
        with archive.open(entries[0]) as member:
            yield member, entries[0].filename


def _ending(ending: str) -> Wanted:
    return lambda name: name.suffix.lower() == ending


@contextmanager
def _open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path} cannot be read: {error}; download or save it again") from error


def _wanted(path: Path, archive: zipfile.ZipFile, wanted: Wanted) -> list[zipfile.ZipInfo]:
    """Return the wanted entries; none of them may be suspicious."""
    entries = [
        entry
        for entry in archive.infolist()
        if wanted(PurePosixPath(entry.filename)) and "__MACOSX" not in PurePosixPath(entry.filename).parts
    ]
    for entry in entries:
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts:
            raise DataError(f"{path}: '{entry.filename}' leads out of the archive; do not trust it")
        if entry.file_size > RATIO * max(entry.compress_size, 1):
            sizes = f"{entry.file_size:,} bytes from {entry.compress_size:,}"
            raise DataError(f"{path}: {entry.filename} unpacks to {sizes}; do not trust it")
    return entries
