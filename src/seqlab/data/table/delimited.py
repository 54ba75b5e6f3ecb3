"""CSV files, strictly: every error names the file, the line, and what to do about it.

A general CSV parser guesses where a file is malformed: it drops rows or turns the word NA into a missing
value. Here the parsed text is checked, so that a wrong file gives an error instead of a wrong number.
"""

import csv
import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import file_digest
from itertools import islice
from pathlib import Path

from seqlab.data.table.base import Chunk, Row, Table
from seqlab.data.table.content import opened
from seqlab.data.table.dialect import LARGEST_CELL, SEPARATORS, SPACE, Dialect
from seqlab.data.table.fast import AmbiguousLineError, FastReader
from seqlab.data.table.lines import Lines
from seqlab.errors import DataError

BLANKS = re.compile(r"[ \t]+")
"""What is between cells if the separator is "space"."""

log = logging.getLogger(__name__)


class Delimited(Table):
    """A CSV file, also if it is packed.

    Args:
        path: the file.
        dialect: how it writes a table.
        is_own: whether the file is the user's own, so that settings say how to read it.

    Raises:
        DataError: the file cannot be opened, is empty, or has another encoding.
    """

    def __init__(self, path: Path, dialect: Dialect | None = None, *, is_own: bool = False) -> None:
        super().__init__(path, (dialect or Dialect()).named(path), is_own=is_own)
        self._has_said_empty = False
        with self._open() as rows:
            first = next(rows, None)
        if first is None:
            must = "its first line must name the columns" if self.dialect.header else "add data"
            raise self.error(1, f"the file is empty; {must}")
        if first.cells[0].lower().startswith("sep=") and not any(first.cells[1:]):
            raise self.error(1, f"'{first.cells[0][:5]}' is a line for Excel alone; remove it")
        if not self.dialect.header:
            self.header = [str(number) for number in range(len(first.cells))]
        else:
            self.header = [name.strip() for name in first.cells]

    @property
    def recipe(self) -> str:
        """The dialect."""
        dialect = self.dialect
        settings = [dialect.separator, dialect.encoding, dialect.header, dialect.quotes]
        return json.dumps(["csv", *settings])

    def fingerprint(self) -> str:
        """Return the SHA-256 of the CSV file, also if it is packed."""
        with opened(self.path) as content:
            return file_digest(content.file, "sha256").hexdigest()

    def rows(self, *, may_break_off: bool = False) -> Iterator[Row]:
        """Yield the rows below the header; blank lines and rows of only empty cells are passed over.

        Args:
            may_break_off: whether the last row may be incomplete; it is then skipped.

        Raises:
            DataError: a row has too few or too many cells, a quote is not closed, a character is not in the
                encoding, or there is no row.
        """
        count = empty = 0
        width = len(self.header)
        with self._open() as rows:
            if self.dialect.header:
                next(rows)
            for row in rows:
                if _is_empty(row.cells):
                    empty += 1
                    continue
                if row.cells == self.header and self.dialect.header:
                    raise self.error(row.line, "this is the header again; remove the line")
                if not count and self._is_suited(row.cells):
                    width = len(row.cells)
                if len(row.cells) != width or not self._is_suited(row.cells):
                    if may_break_off and len(row.cells) < width and next(rows, None) is None:
                        log.warning("%s, line %s: 1 row is cut off and was left out", self.path, row.line)
                        break
                    raise self._wrong_width(row, is_first=not count)
                count += 1
                yield self._of_header(row)
        if empty and not self._has_said_empty:
            self._has_said_empty = True
            log.warning("%s: %s rows of only empty cells were passed over", self.path, empty)
        if not count:
            where = "below the header" if self.dialect.header else "in it"
            raise self.error(1, f"there is no row {where}; add data")

    def chunks(
        self, numbers: Sequence[str], *, words: Sequence[str] = (), may_break_off: bool = False
    ) -> Iterator[Chunk]:
        """Yield the rows of some columns, many at once: fast as long as no line is odd, then strictly.

        Raises:
            DataError: the file is malformed, a column is missing, or a cell is no number.
        """
        done = 0
        fast = FastReader(self.dialect, len(self.header), self.places(numbers), self.places(words))
        try:
            with opened(self.path) as content:
                for chunk in fast.chunks(content.file):
                    done += len(chunk.lines)
                    yield chunk
            is_over = done > 0
        except AmbiguousLineError:
            is_over = False
        if not is_over:
            rows = islice(self.rows(may_break_off=may_break_off), done, None)
            yield from self._in_chunks(rows, numbers, words)

    def _is_suited(self, cells: list[str]) -> bool:
        """Return whether a row differs from the header by no more than empty cells at the end."""
        rest = cells[len(self.header) :] or self.header[len(cells) :]
        return not any(map(str.strip, rest))

    def _of_header(self, row: Row) -> Row:
        """Return a row with as many cells as the header has, without those of separators at the end."""
        columns = len(self.header)
        if len(row.cells) == columns:
            return row
        return Row(row.line, (row.cells + [""] * columns)[:columns])

    def _wrong_width(self, row: Row, *, is_first: bool) -> DataError:
        found, expected = len(row.cells), len(self.header)
        named = "the header names" if self.dialect.header else "the first row has"
        remedy = "is the row cut off?"
        if found > expected:
            quotes = self.dialect.quotes == "double"
            remedy = "quote cells" if quotes else "set data.quotes=double, and quote cells"
            remedy += f" that contain a {self.dialect.separator}"
            if self.dialect.separator == "comma":
                remedy += ", and write decimals with a point"
            if self.dialect.header and (is_first or expected == 1):
                remedy = f"remove lines above the header; or {remedy}"
        return self.error(row.line, f"{found} cells where {named} {expected} columns; {remedy}")

    def _lacks(self, name: str) -> str:
        if self.dialect.header:
            return super()._lacks(name)
        return f"there is no column '{name}', without a header they are numbers from 0"

    def _guess(self, name: str) -> str:
        """Return why a column may be missing: another separator, no header, or another name."""
        if len(self.header) == 1:
            among = {word: mark in self.header[0] for word, mark in SEPARATORS.items()}
            among[SPACE] = name in self.header[0].split()
            for word, is_there in among.items():
                if word != self.dialect.separator and is_there:
                    remedy = f"data.separator={word}" if self.is_own else f"write a {self.dialect.separator}"
                    return f"is the separator a {word}? {remedy}"
        hint = super()._guess(name)
        if not self.dialect.header:
            return hint
        or_none = ", or set data.header=false" if self.is_own else ""
        return f"{hint}. The first line must name the columns{or_none}"

    @contextmanager
    def _open(self) -> Iterator[Iterator[Row]]:
        csv.field_size_limit(LARGEST_CELL)
        with opened(self.path) as content:
            yield self._parse(Lines(self.path, content.file, self.dialect.encoding, is_own=self.is_own))

    def _parse(self, lines: Lines) -> Iterator[Row]:
        found: Iterable[str] = lines
        if self.dialect.separator == SPACE:
            found = (BLANKS.sub(" ", line).strip(" \r\n") + "\n" for line in lines)
        if self.dialect.quotes == "double":
            reader = csv.reader(found, delimiter=self.dialect.mark, strict=True)
        else:
            reader = csv.reader(found, delimiter=self.dialect.mark, quoting=csv.QUOTE_NONE, strict=True)
        while True:
            start = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self.error(start, self._malformed(error)) from error
            if cells:
                yield Row(start, cells)

    def _malformed(self, error: csv.Error) -> str:
        reason = f"{_explain(error)} in the row that begins here"
        if self.is_own and "quote" in reason:
            reason += "; or data.quotes=none, if quotes are characters like others"
        return reason


def _is_empty(cells: list[str]) -> bool:
    """Return whether a row has only empty cells; blanks alone in a line are a cell."""
    return not any(cells) or (len(cells) > 1 and not any(map(str.strip, cells)))


def _explain(error: csv.Error) -> str:
    if "field larger" in str(error):
        return (
            f"a cell has more than {LARGEST_CELL:,} characters: a quote is not closed, or it is not a table,"
        )
    if "unexpected end" in str(error):
        return "a quote is not closed"
    if "new-line character" in str(error):
        return "a carriage return without line feed (save the file with Unix or Windows line ends)"
    return f"an unexpected quote ({error}; double it, or close the one before)"
