"""Reading zip archives that come from elsewhere: nothing is unpacked to disk, nothing without a bound."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from seqlab.errors import DataError

LARGEST = 256 * 2**20
"""Bytes that all files read from an archive may have together."""
RATIO = 200
"""How many times its packed size a file may have."""


def read_archive(path: Path, wanted: Callable[[PurePosixPath], bool]) -> dict[str, bytes]:
    """Return the contents of the wanted files by their names in the archive.

    Args:
        path: the zip file.
        wanted: says of a file's name whether it is to be read.

    Raises:
        DataError: the archive is damaged or encrypted, a name leads out of it, or a file would be too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if wanted(PurePosixPath(entry.filename))]
            _refuse_suspicious(path, entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path} cannot be read: {error}; fetch it anew") from error


def _refuse_suspicious(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts:
            raise DataError(f"{path}: '{entry.filename}' leads out of the archive; fetch another")
        if entry.file_size > RATIO * max(entry.compress_size, 1):
            sizes = f"{entry.file_size:,} bytes from {entry.compress_size:,}"
            raise DataError(f"{path}: {entry.filename} unpacks to {sizes}; do not trust it")
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST:
        raise DataError(f"{path} unpacks to {total:,} bytes; at most {LARGEST:,} are read")
