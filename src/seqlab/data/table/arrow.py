"""Parquet and Feather files, and what ``save_to_disk`` of Hugging Face has written, read by pyarrow."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlab.data.archive import RATIO
from seqlab.data.table.base import CHUNK
from seqlab.data.table.columns import ColumnTable
from seqlab.data.table.content import SMALL
from seqlab.data.table.dialect import Dialect
from seqlab.data.table.saved import saved
from seqlab.errors import DataError, needs_extra

if TYPE_CHECKING:
    import pyarrow as pa

DAMAGED = (OSError, ValueError, LookupError, TypeError, MemoryError, NotImplementedError)
"""What pyarrow raises for a file that is damaged, or larger than the memory."""


class ArrowTable(ColumnTable):
    """A Parquet or Feather file, or a folder of save_to_disk.

    Args:
        path: the file or folder.
        dialect: what stands for a missing number in columns of words.
        kind: "parquet", "feather" or "saved".
        is_own: whether the file is the user's own, so that settings say how to read it.

    Raises:
        DataError: pyarrow is not installed, or the file is damaged.
    """

    recipe = "arrow"

    def __init__(self, path: Path, dialect: Dialect, kind: str, *, is_own: bool) -> None:
        super().__init__(path, dialect, is_own=is_own)
        self._kind = kind
        self._files, self._classes = saved(path) if kind == "saved" else ([path], {})
        with self._reading():
            self._largest = self._left = SMALL + RATIO * sum(path.stat().st_size for path in self._files)
            self._schema = self._opened(self._files[0])[0]
        self.header = list(self._schema.names)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file, or of all files of the folder."""
        digest = sha256(json.dumps(self._classes).encode())
        for path in self._files:
            with path.open("rb") as file:
                digest.update(file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def blocks(self, names: Sequence[str]) -> Iterator[list[np.ndarray]]:
        """Yield arrays of some columns.

        Raises:
            DataError: the file is damaged, or a column is neither numbers, times nor texts.
        """
        is_empty, self._left = True, self._largest
        for path in self._files:
            with self._reading():
                _, batches = self._opened(path, names)
            while True:
                with self._reading():
                    batch = next(batches, None)
                    if batch is None:
                        break
                    batch.validate(full=True)  # wrong offsets would end the process
                    block = [self._array(batch.column(name), name) for name in names]
                is_empty = is_empty and not batch.num_rows
                yield block
        if is_empty:
            raise self.error(1, "there is no row; add data")

    def _opened(self, path: Path, names: Sequence[str] | None = None) -> tuple["pa.Schema", Iterator[Any]]:
        """Return the columns of a file, and its batches of the columns ``names``."""
        import pyarrow as pa  # noqa: PLC0415 (an extra)

        if self._kind == "parquet":
            from pyarrow import parquet  # noqa: PLC0415 (an extra)

            known = parquet.read_metadata(path)
            groups = [known.row_group(number) for number in range(known.num_row_groups)]
            size = sum(group.total_byte_size for group in groups)
            if max(size, known.num_rows) > self._largest:
                raise self._too_large()
            schema = known.schema.to_arrow_schema()
            texts = [field.name for field in schema if pa.types.is_string(field.type)]  # few, often repeated
            file = parquet.ParquetFile(path, read_dictionary=texts)
            return schema, file.iter_batches(CHUNK, columns=None if names is None else list(names))
        source = pa.OSFile(str(path))
        if self._kind == "saved":
            stream = pa.ipc.open_stream(source)
            return stream.schema, iter(stream)
        found = pa.ipc.open_file(source)
        return found.schema, (found.get_batch(number) for number in range(found.num_record_batches))

    def _array(self, column: Any, name: str) -> np.ndarray:
        """Return a column of a batch: numbers, times, or objects."""
        import pyarrow as pa  # noqa: PLC0415 (an extra)

        kind, types = column.type, pa.types
        if types.is_dictionary(kind) and types.is_string(kind.value_type):
            return self._texts(column)
        if types.is_dictionary(kind):
            column, kind = column.dictionary_decode(), kind.value_type
        known = self._classes.get(name)
        if not known and (types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)):
            is_whole = types.is_integer(kind) and not column.null_count
            return _numpy(column if is_whole else column.cast("float64", safe=False))
        if types.is_date(kind) or (types.is_timestamp(kind) and kind.tz is None):
            return _numpy(column.cast(pa.timestamp("us"), safe=False))
        if types.is_binary(kind) or types.is_struct(kind) or types.is_map(kind):
            raise DataError(f"{self.path}: column '{name}' is of type {kind}, which is no column of a table")
        cells = column.to_pylist()
        if known:
            cells = [None if number is None or number < 0 else known[number] for number in cells]
        elif types.is_timestamp(kind):
            cells = [None if time is None else time.isoformat() for time in cells]
        elif types.is_nested(kind):
            cells = [None if cell is None else json.dumps(cell, ensure_ascii=False) for cell in cells]
        return _objects(cells)

    def _texts(self, column: Any) -> np.ndarray:
        """Return texts of which many are equal; each is in memory once."""
        values = [*column.dictionary.to_pylist(), None]
        lengths = np.array([len(value or "") for value in values])
        places = column.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)
        self._left -= int(lengths[places].sum())
        if self._left < 0:
            raise self._too_large()
        found: np.ndarray = _objects(values)[places]
        return found

    def _too_large(self) -> DataError:
        return DataError(f"{self.path} unpacks to more than {self._largest:,} bytes; do not trust it")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Answer what pyarrow says of a damaged file, or that it is not there, in one line."""
        try:
            yield
        except ImportError as error:
            raise DataError(
                needs_extra(str(self.path), "pyarrow", "tables", "save the table as CSV")
            ) from error
        except (
            OSError,
            ValueError,
            KeyError,
            IndexError,
            TypeError,
            MemoryError,
            NotImplementedError,
        ) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(f"{self.path} cannot be read ({reason:.200}); save it again") from error


def _objects(cells: Sequence[Any]) -> np.ndarray:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def _numpy(column: Any) -> np.ndarray:
    found: np.ndarray = column.to_numpy(zero_copy_only=False)
    return found
