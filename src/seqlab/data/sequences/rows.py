"""Rows of numbers in a text file, which need not have a header, or equally many cells."""

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqlab.data.table.content import opened
from seqlab.data.table.dialect import SEPARATORS, SPACE, Dialect
from seqlab.data.table.lines import Lines
from seqlab.errors import DataError

BEGINNING = 1000
"""Rows from which a layout is recognised."""
FEWEST, FEWEST_ALONE = 3, 10
"""Columns that a header counts, at least: beside a word, and alone."""


class Line(NamedTuple):
    """A line of a file that is not blank, and its number from 1."""

    number: int
    text: str


class Row(NamedTuple):
    """The cells of a line, without the blanks and quotes around them; empty ones at its end are left out."""

    number: int
    cells: list[str]
    is_open: bool
    """Whether there were such."""


def lines_of(path: Path, encoding: str) -> Iterator[Line]:
    """Yield the lines of a text file that are not blank, also if it is packed.

    Raises:
        DataError: the file cannot be read, or has another encoding.
    """
    with opened(path) as content:
        lines = Lines(path, content.file, encoding, is_own=True)
        for text in lines:
            if text.strip():
                yield Line(lines.number, text.rstrip("\r\n"))


class NumberRows:
    """The rows of a text file of numbers.

    Args:
        path: the file.
        dialect: how it writes a table; the separator is recognised if it is not in the first line, and a
            header if there may be one.

    Attributes:
        separator: the name of what separates cells.
        beginning: the first rows, a header among them.
        header: the names of the columns; none if the first row is like the others.

    Raises:
        DataError: the file is empty, cannot be read, or has another encoding.
    """

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self.path, self.dialect = path, dialect
        lines = list(islice(lines_of(path, dialect.encoding), BEGINNING))
        if not lines:
            raise DataError(f"{path}: there is no sequence; add data")
        self.separator = _separator_of(lines[0].text, dialect)
        self.beginning = list(map(self._row, lines))
        self.header = self.beginning[0].cells if dialect.header and self._has_header() else []

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows below the header, if there is one."""
        for line in islice(lines_of(self.path, self.dialect.encoding), 1 if self.header else 0, None):
            yield self._row(line)

    def error(self, line: int, reason: str) -> DataError:
        """Return an error that names the file and a line."""
        return DataError(f"{self.path}, line {line}: {reason}")

    def is_number(self, cell: str) -> bool:
        """Return whether a cell is a number, or says that one is missing."""
        return is_number(cell, self.dialect)

    def is_missing(self, cell: str) -> bool:
        """Return whether a cell says that something is missing."""
        return cell in self.dialect.blanks

    def filled(self, row: Row, width: int) -> list[str]:
        """Return the cells of a row, with empty ones at its end if it has fewer than ``width``.

        Raises:
            DataError: it has more.
        """
        if len(row.cells) > width:
            raise self.error(
                row.number, f"{len(row.cells)} cells where there are {width} columns; fix the row"
            )
        return [*row.cells, *[""] * (width - len(row.cells))]

    def numbers(self, row: Row, cells: Sequence[str]) -> np.ndarray:
        """Return the numbers in some cells of a row, [T]; NaN where one is missing.

        Raises:
            DataError: a cell is no number.
        """
        return numbers(cells, self.dialect, partial(self.error, row.number))

    def _has_header(self) -> bool:
        """Return whether the first row names columns: in words where the next has none, or by counting."""
        first, *others = (row.cells for row in self.beginning)
        words = [cell for cell in first if not self.is_number(cell)]
        if len(words) > 1 or len(words) == len(first):
            return not others or len(words) > sum(not self.is_number(cell) for cell in others[0])
        counted = [cell for cell in first if cell and cell not in words]
        return (
            counted[:1] in (["0"], ["1"])
            and counted == [str(int(counted[0]) + place) for place in range(len(counted))]
            and len(counted) >= (FEWEST if words else FEWEST_ALONE)
            and not any(word in cells for word in words for cells in others)
        )

    def _row(self, line: Line) -> Row:
        number, text = line
        if self.separator == SPACE:
            return Row(number, text.split(), is_open=False)
        sign = SEPARATORS[self.separator]
        text = text.rstrip(f"{sign} ")
        is_quoted = '"' in text and self.dialect.quotes == "double"
        cells = (
            next(csv.reader([text], delimiter=sign, skipinitialspace=True)) if is_quoted else text.split(sign)
        )
        return Row(number, [cell.strip() for cell in cells], is_open=sign in line.text[len(text) :])


def _separator_of(line: str, dialect: Dialect) -> str:
    """Return the name of the separator that a line has most of; of equally many, the set one."""
    names = [name for name in SEPARATORS if (name, dialect.decimal) != ("comma", "comma")]
    best = max(names, key=lambda name: (line.count(SEPARATORS[name]), name == dialect.separator))
    return best if SEPARATORS[best] in line else SPACE


def numbers(cells: Sequence[str], dialect: Dialect, error: Callable[[str], DataError]) -> np.ndarray:
    """Return the numbers in the cells of a row, [T]; NaN where one is missing.

    Args:
        cells: their texts.
        dialect: how numbers are written.
        error: returns the error of the line for a reason.

    Raises:
        DataError: a cell is no number.
    """
    try:
        return np.array([float(dialect.number(cell.strip())) for cell in cells])
    except ValueError as reason:
        place = next(place for place, cell in enumerate(cells) if not is_number(cell, dialect))
        found = f"number {place + 1} is '{cells[place].strip():.40}', which is no number"
        raise error(f"{found}; fix or empty it, or say with data.missing that it is missing") from reason


def is_number(cell: str, dialect: Dialect) -> bool:
    """Return whether a cell is a number, or says that one is missing."""
    try:
        float(dialect.number(cell.strip()))
    except ValueError:
        return False
    return True
