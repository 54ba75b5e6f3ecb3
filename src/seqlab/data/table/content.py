"""The bytes of a file, also if they are packed."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from seqlab.data.archive import open_member
from seqlab.errors import DataError


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, or the one CSV file in a zip.

    Raises:
        DataError: it cannot be opened.
    """
    try:
        if zipfile.is_zipfile(path):
            with open_member(path, lambda name: name.suffix.lower() == ".csv") as member:
                yield io.BufferedReader(cast("io.RawIOBase", member))
        else:
            with path.open("rb") as file:
                yield file
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a readable file") from error
