"""A table: rows of cells under a header, whatever the file that holds it."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqlab.data.table.dialect import LONGEST_NAME, MOST_NAMES, Dialect
from seqlab.errors import DataError, near
from seqlab.io.terminal import in_a_line

LARGEST_NUMBER = 1e100
"""Largest magnitude accepted; keeps sums of squares finite in float64."""
THOUSANDS = re.compile(r"-?[1-9]\d{0,2}([,.]\d{3})+")
"""A number whose thousands are separated, or, with one sign alone, one of three decimals."""
CHUNK = 50_000
"""Rows that are in memory as text at once."""


class NoNumberError(DataError):
    """A cell of a column of numbers is no finite number.

    Attributes:
        column: the name of the column.
    """

    def __init__(self, message: str, column: str = "") -> None:
        super().__init__(message)
        self.column = column


class Row(NamedTuple):
    """A row, and the line of the file on which it begins, counted from 1."""

    line: int
    cells: list[str]


class Chunk(NamedTuple):
    """Some n rows, column by column.

    Attributes:
        lines: the line of the file on which each row begins, [n].
        numbers: the columns of numbers, float64, a missing one is NaN, [n, columns].
        words: the other columns, each [n]: str objects, blanks around them cut off, or datetime64[us].
    """

    lines: np.ndarray
    numbers: np.ndarray
    words: tuple[np.ndarray, ...]


class Table(ABC):
    """Rows of cells under a header.

    Attributes:
        path: the file.
        is_own: whether the file is the user's own, so that settings say how to read it.
        dialect: how the file writes a table.
        header: the names of the columns.
    """

    def __init__(self, path: Path, dialect: Dialect, *, is_own: bool) -> None:
        self.path, self.dialect, self.is_own = path, dialect, is_own
        self.header: list[str] = []

    @property
    def row_word(self) -> str:
        """What a row is called in messages."""
        return "line"

    @property
    @abstractmethod
    def recipe(self) -> str:
        """Everything besides the content that determines the rows, in words."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Return a SHA-256 of the content."""

    @abstractmethod
    def rows(self, *, may_break_off: bool = False) -> Iterator[Row]:
        """Yield the rows; rows of only empty cells are skipped.

        Args:
            may_break_off: whether the last row may be incomplete; it is then skipped.

        Raises:
            DataError: the file is malformed.
        """

    def chunks(
        self, numbers: Sequence[str], *, words: Sequence[str] = (), may_break_off: bool = False
    ) -> Iterator[Chunk]:
        """Yield the rows of some columns, many at once.

        Args:
            numbers: the columns of numbers.
            words: the columns of anything else.
            may_break_off: whether the last row may be incomplete; it is then skipped.

        Raises:
            DataError: the file is malformed, a column is missing, or a cell is no number.
        """
        yield from self._in_chunks(self.rows(may_break_off=may_break_off), numbers, words)

    def _in_chunks(
        self, rows: Iterator[Row], numbers: Sequence[str], words: Sequence[str]
    ) -> Iterator[Chunk]:
        places, at_words = self.places(numbers), self.places(words)
        while chunk := list(islice(rows, CHUNK)):
            lines = np.array([row.line for row in chunk])
            found = [
                self.numbers([row.cells[place] for row in chunk], lines, self.header[place])
                for place in places
            ]
            yield Chunk(
                lines,
                np.column_stack(found) if found else np.empty((len(chunk), 0)),
                tuple(
                    np.array([row.cells[place].strip() for row in chunk], dtype=object) for place in at_words
                ),
            )

    def head(self, count: int) -> list[Row]:
        """Return the first rows.

        Raises:
            DataError: the file is malformed.
        """
        return list(islice(self.rows(may_break_off=True), count))

    def places(self, names: Iterable[str]) -> list[int]:
        """Return the indices of the columns ``names``.

        A column without a name may be called "Unnamed: 0", by its place.

        Raises:
            DataError: a column is missing, or has the same name as another.
        """
        found = []
        for name in names:
            if name not in self.header and (place := self._unnamed(name)) is not None:
                found.append(place)
                continue
            if self.header.count(name) > 1:
                raise self.error(1, f"two columns are called '{name}'; rename one")
            if name not in self.header:
                raise self.error(1, f"{self._lacks(name)}; {self._guess(name)}")
            found.append(self.header.index(name))
        return found

    def _unnamed(self, name: str) -> int | None:
        """Return the place of a column without a name, which is called as pandas calls it; else None."""
        known = re.fullmatch(r"Unnamed: (\d+)", name)
        place = int(known[1]) if known else len(self.header)
        return place if self.header[place : place + 1] == [""] else None

    def error(self, line: int, reason: str) -> DataError:
        """Return an error that names this file and a line."""
        return DataError(in_a_line(f"{self.path}, {self.row_word} {line}: {reason}"))

    def is_number(self, cell: str) -> bool:
        """Return whether a cell is a finite number, or missing."""
        try:
            return not abs(float(self.dialect.number(cell.strip()))) > LARGEST_NUMBER
        except ValueError:
            return False

    def numbers(self, cells: Sequence[str], lines: np.ndarray, name: str) -> np.ndarray:
        """Return cells as numbers, float64, a missing one as NaN.

        Args:
            cells: the cells of a column, n of them.
            lines: their lines, [n].
            name: the column.

        Raises:
            NoNumberError: one is no finite number.
        """
        number = self.dialect.number
        try:
            found = np.array([number(cell.strip()) for cell in cells]).astype(np.float64)
            wrong = np.abs(found) > LARGEST_NUMBER
        except ValueError:
            wrong = np.array([not self.is_number(cell) for cell in cells])
        if wrong.any():
            place = int(wrong.argmax())
            cell = cells[place].strip()
            reason = f"column '{name}' is '{cell:.80}', which is no finite number"
            error = self.error(int(lines[place]), f"{reason}; {self._remedy(cell)}")
            raise NoNumberError(str(error), name)
        return found

    def _remedy(self, cell: str) -> str:
        """Return what to do about a cell that is no finite number."""
        comma = "," in cell and self.dialect.decimal == "point"
        if THOUSANDS.fullmatch(cell):
            remedy = f"write {re.sub('[,.]', '', cell)} if thousands are separated"
            return remedy + ("; or set data.decimal=comma" if comma and self.is_own else "")
        if comma and self.is_number(cell.replace(",", ".")):
            return "write decimals with a point" + (", or set data.decimal=comma" if self.is_own else "")
        if "." in cell and self.dialect.decimal == "comma":
            return "with data.decimal=comma a number has no point"
        if not self.is_own or any(character.isdigit() for character in cell):
            return "fix or empty the cell"
        return f"data.missing=[{cell:.20}] takes it for missing; or fix the cell"

    def _lacks(self, name: str) -> str:
        return f"the header has no column '{name}'"

    def _guess(self, name: str) -> str:
        """Return why a column may be missing."""
        return near(name, [column[:LONGEST_NAME] for column in self.header if column][:MOST_NAMES])
