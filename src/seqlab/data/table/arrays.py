"""Arrays of numpy as a table: .npz, a column each, and .npy, a column of numbers each."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as numpy_format

from seqlab.data.archive import RATIO
from seqlab.data.table.columns import ColumnTable
from seqlab.data.table.content import SMALL
from seqlab.data.table.dialect import Dialect
from seqlab.errors import DataError

ENDING = ".npy"


class ArrayTable(ColumnTable):
    """Arrays of equal length; one of two dimensions is a column for each of its columns.

    Objects of Python, which could run code when they are read, are refused.

    Args:
        path: a .npy or .npz file.
        dialect: what stands for a missing number in columns of words.
        is_own: whether the file is the user's own, so that settings say how to read it.

    Raises:
        DataError: the file is damaged, or its arrays are no columns of one table.
    """

    recipe = "arrays"

    def __init__(self, path: Path, dialect: Dialect, *, is_own: bool) -> None:
        super().__init__(path, dialect, is_own=is_own)
        self._columns = _columns(path, read_arrays(path))
        self.header = list(self._columns)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        with self.path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def blocks(self, names: Sequence[str]) -> Iterator[list[np.ndarray]]:
        """Yield the columns as a whole."""
        yield [self._columns[name] for name in names]


def is_arrays(path: Path) -> bool:
    """Return whether a file is a .npz: a zip of nothing but arrays."""
    if not path.is_file():  # to look into a pipe would empty it
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False
    return bool(names) and all(name.endswith(ENDING) for name in names)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a .npz or .npy by name; the only one of a .npy is called "".

    Raises:
        DataError: the file is damaged, unpacks to too much, or holds objects of Python.
    """
    try:
        largest = SMALL + RATIO * path.stat().st_size
        if not is_arrays(path):
            with path.open("rb") as file:
                return {"": _array(path, file, path.stat().st_size)}
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if (total := sum(entry.file_size for entry in entries)) > largest:
                raise DataError(f"{path} unpacks to {total:,} bytes, more than {largest:,}; do not trust it")
            found = {}
            for entry in entries:
                with archive.open(entry) as member:
                    found[entry.filename.removesuffix(ENDING)] = _array(path, member, entry.file_size)
            return found
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}); save it again with numpy.savez") from error


def _array(path: Path, file: IO[bytes], size: int) -> np.ndarray:
    """Read an array whose header promises no more than there is."""
    version = numpy_format.read_magic(file)
    read = numpy_format.read_array_header_1_0 if version == (1, 0) else numpy_format.read_array_header_2_0
    shape, is_fortran, dtype = read(file)
    if dtype.hasobject:
        raise DataError(
            f"{path} holds objects of Python, which could run code when they are read; save numbers or texts"
        )
    count = int(np.prod(shape, dtype=object))
    if count * dtype.itemsize > size:
        raise DataError(f"{path} is damaged: its header promises {count:,} values; save it again")
    found = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    found = found.reshape(shape, order="F" if is_fortran else "C")
    return np.char.decode(found, "utf-8") if dtype.kind == "S" else found


def _columns(path: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the columns that some arrays are.

    Raises:
        DataError: they have more than two dimensions, or other lengths.
    """
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if array.dtype.names:
            found |= {field: array[field] for field in array.dtype.names}
        elif array.ndim == 1:
            found[name or "0"] = array
        elif array.ndim == 2:  # noqa: PLR2004 (rows and columns)
            prefix = f"{name}_" if name else ""
            found |= {f"{prefix}{place}": column for place, column in enumerate(array.T)}
        else:
            raise DataError(
                f"{path}: '{name or path.name}' is an array of shape {array.shape}, which is no table; "
                "give arrays of one or two dimensions, or data=sequences for many sequences"
            )
    lengths = {name: len(column) for name, column in found.items()}
    if len(set(lengths.values())) != 1 or 0 in lengths.values():
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"{path}: the columns of a table have one length, at least 1; found {listed}")
    for name, column in found.items():
        if column.ndim != 1 or column.dtype.kind not in "biufMU":
            raise DataError(f"{path}: '{name}' is of type {column.dtype}, which is no column of a table")
    return found
