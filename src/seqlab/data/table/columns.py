"""Tables that are stored by column: Parquet, Feather, arrays of numpy."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from seqlab.data.table.base import CHUNK, LARGEST_NUMBER, Chunk, Row, Table


class ColumnTable(Table):
    """A table whose columns have a type. A subclass defines ``blocks``."""

    @property
    def row_word(self) -> str:
        """The word for a row in messages."""
        return "row"

    @abstractmethod
    def blocks(self, names: Sequence[str]) -> Iterator[list[np.ndarray]]:
        """Yield arrays of the columns ``names``, each [n] of some n: numbers, times, or objects.

        An object is a str, or None for a missing value.

        Raises:
            DataError: the file is damaged.
        """

    def rows(self, *, may_break_off: bool = False) -> Iterator[Row]:  # noqa: ARG002 (rows are never incomplete)
        """Yield the rows, each cell as text.

        Raises:
            DataError: the file is damaged.
        """
        for chunk in self.chunks((), words=self.header):
            columns = [_written(column) for column in chunk.words]
            for line, cells in zip(chunk.lines.tolist(), zip(*columns, strict=True), strict=True):
                if any(map(str.strip, cells)):
                    yield Row(line, list(cells))

    def chunks(
        self,
        numbers: Sequence[str],
        *,
        words: Sequence[str] = (),
        may_break_off: bool = False,  # noqa: ARG002 (rows are never incomplete)
    ) -> Iterator[Chunk]:
        """Yield the rows of some columns, many at once.

        Raises:
            DataError: the file is damaged, a column is missing, or a cell is not a number.
        """
        self.places((*numbers, *words))
        first = 1
        for block in self.blocks((*numbers, *words)):
            for start in range(0, len(block[0]), CHUNK):
                columns = [column[start : start + CHUNK] for column in block]
                lines = np.arange(first, first + len(columns[0]))
                first += len(lines)
                pairs = zip(columns, numbers, strict=False)
                found = [self._as_numbers(column, lines, name) for column, name in pairs]
                yield Chunk(
                    lines,
                    np.column_stack(found) if found else np.empty((len(lines), 0)),
                    tuple(_as_words(column) for column in columns[len(numbers) :]),
                )

    def _as_numbers(self, column: np.ndarray, lines: np.ndarray, name: str) -> np.ndarray:
        if column.dtype.kind in "iuf":
            found = column.astype(np.float64)
            if not (np.abs(found) > LARGEST_NUMBER).any():
                return found
        return self.numbers(_written(_as_words(column)), lines, name)


def _as_words(column: np.ndarray) -> np.ndarray:
    """Return times as datetime64[us]; all else, and times finer than that, as str objects."""
    if column.dtype.kind == "M":
        times = column.astype("datetime64[us]")
        is_exact = bool(((times == column) | np.isnat(column)).all())
        return times if is_exact else np.array(_written(column), dtype=object)
    if column.dtype.kind == "f":
        cells = ["" if number != number else repr(number) for number in column.tolist()]  # noqa: PLR0124 (NaN)
    else:
        cells = ["" if cell is None else str(cell).strip() for cell in column.tolist()]
    return np.array(cells, dtype=object)


def _written(words: np.ndarray) -> list[str]:
    """Return words as text, times in ISO 8601."""
    if words.dtype.kind != "M":
        return words.tolist()  # type: ignore[no-any-return]  # numpy's own annotation
    return ["" if text == "NaT" else text for text in np.datetime_as_string(words).tolist()]
