"""Fast reading of a CSV file: pandas parses it in blocks, as long as every line is unambiguous.

A block with any other line raises ``AmbiguousLineError``; ``Delimited`` then continues line by line, which is
slower and reports what is wrong in which line.
"""

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from seqlab.data.table.base import LARGEST_NUMBER, Chunk
from seqlab.data.table.dialect import SPACE, Dialect

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 2**22
"""Bytes that are parsed at once."""
LONGEST = 2**20
"""Maximum number of bytes of a line that is read fast."""
BLANKS, AROUND = re.compile(rb"[ \t]+"), re.compile(rb" ?(\r?\n) ?")
"""What is between cells if the separator is "space", and a line end with what is around it."""
NEWLINE, RETURN = 10, 13
ENCODINGS = ("utf-8", "utf_8", "utf8", "ascii")
"""Encodings in which no separator is a part of another character."""


class AmbiguousLineError(Exception):
    """A block has a line that must be read by the strict reader."""


@dataclass(frozen=True)
class FastReader:
    """Reads some columns of a CSV file.

    Args:
        dialect: how the file writes a table.
        width: cells of a row.
        numbers: the places of the columns of numbers.
        words: the places of the other columns.
    """

    dialect: Dialect
    width: int
    numbers: Sequence[int]
    words: Sequence[int]

    def chunks(self, file: io.BufferedReader) -> Iterator[Chunk]:
        """Yield the rows as long as they are unambiguous.

        Args:
            file: the file, at its beginning.

        Raises:
            AmbiguousLineError: a block has an ambiguous line; the chunks before are right.
        """
        if self.dialect.encoding.lower() not in ENCODINGS or not (self.numbers or self.words):
            raise AmbiguousLineError
        first = file.readline() if self.dialect.header else b""
        if self.dialect.header and (not first.strip() or first.count(b'"') % 2):
            raise AmbiguousLineError
        line, rest = (2, b"") if self.dialect.header else (1, b"")
        while read := file.read(BLOCK):
            block = (rest + read).removeprefix(BOM_UTF8 if line == 1 else b"")
            end = block.rfind(b"\n") + 1
            block, rest = block[:end], block[end:]
            if len(rest) > LONGEST or (first.strip() and b"\n" + first in b"\n" + block):
                raise AmbiguousLineError
            if block:
                yield (chunk := self._chunk(block, line))
                line += len(chunk.lines)
        if rest:
            yield self._chunk(rest + b"\n", line)

    def _chunk(self, block: bytes, line: int) -> Chunk:
        if self.dialect.separator == SPACE:
            block = AROUND.sub(rb"\1", BLANKS.sub(b" ", block)).lstrip(b" ")
        count = _lines(block, self.dialect, self.width)
        frame = self._parsed(block)
        numbers = [self._as_numbers(frame[place]) for place in self.numbers]
        words = [np.array([cell.strip() for cell in frame[place]], dtype=object) for place in self.words]
        is_empty = np.logical_and.reduce([*map(np.isnan, numbers), *(cells == "" for cells in words)])
        if len(frame) != count or is_empty.any():
            raise AmbiguousLineError
        found = np.column_stack(numbers) if numbers else np.empty((count, 0))
        return Chunk(np.arange(line, line + count), found, tuple(words))

    def _parsed(self, block: bytes) -> "pd.DataFrame":
        """Return the columns of a block, those of numbers as numbers if pandas reads them alike."""
        import pandas as pd  # noqa: PLC0415 (slow)

        # The nearest float, as Python reads it; from 3.1 on pandas always does.
        exact: dict[str, Any] = {} if pd.__version__ >= "3.1" else {"float_precision": "round_trip"}
        how: dict[str, Any] = {
            "header": None,
            "sep": self.dialect.mark,
            "usecols": sorted({*self.numbers, *self.words}),
            "quoting": csv.QUOTE_NONE,
            "skip_blank_lines": False,
        }
        numbers = {*self.numbers} - {*self.words}
        types = {place: np.float64 if place in numbers else object for place in (*self.numbers, *self.words)}
        blanks = {place: list(self.dialect.blanks) for place in numbers}
        if numbers and self.dialect.is_as_in_python:
            with suppress(ValueError):  # no number, or blanks around it
                how_numbers = {"dtype": types, "na_values": blanks, "keep_default_na": False, **exact}
                return pd.DataFrame(pd.read_csv(io.BytesIO(block), **how, **how_numbers))
        return pd.DataFrame(pd.read_csv(io.BytesIO(block), dtype=object, na_filter=False, **how))

    def _as_numbers(self, column: "pd.Series") -> np.ndarray:
        number, found = self.dialect.number, column.to_numpy()
        if found.dtype == object:
            try:
                found = np.array([float(number(cell.strip())) for cell in column])
            except ValueError as error:
                raise AmbiguousLineError from error
        if (np.abs(found) > LARGEST_NUMBER).any():
            raise AmbiguousLineError
        return found


def _lines(block: bytes, dialect: Dialect, width: int) -> int:
    """Return the number of lines of a block.

    Raises:
        AmbiguousLineError: a line may not be a row, has too few or too many cells, or belongs to a cell of
            several lines.
    """
    if (dialect.quotes == "double" and b'"' in block) or b"\0" in block:
        raise AmbiguousLineError
    if not block.isascii():
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            raise AmbiguousLineError from error
    codes = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(codes == NEWLINE)
    returns = np.flatnonzero(codes == RETURN)
    separators = np.flatnonzero(codes == ord(dialect.mark))
    lengths = np.diff(ends, prepend=-1) - 1
    counts = np.diff(np.searchsorted(separators, ends), prepend=0)
    if len(returns) and not np.isin(returns + 1, ends).all():
        raise AmbiguousLineError
    if (counts != width - 1).any() or lengths.min() < width or lengths.max() > LONGEST:
        raise AmbiguousLineError
    return len(ends)
