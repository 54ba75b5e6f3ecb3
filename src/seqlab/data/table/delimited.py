"""Rows of a CSV file, read strictly: whatever does not fit its header is an error with file and line."""

import csv
import io
import logging
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from seqlab.data.archive import open_member
from seqlab.errors import DataError, near

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
LARGEST_CELL = 2**20
"""The maximum length of a cell; more means that a quote is not closed."""

LONGEST_NAME, MOST_NAMES = 30, 20
"""How many characters and columns a message lists: without a header they are a row of text."""

log = logging.getLogger(__name__)


class Row(NamedTuple):
    """A row, and the line of the file on which it begins, counted from 1."""

    line: int
    cells: list[str]


class Delimited:
    """A CSV file, or the one CSV file in a zip.

    Args:
        path: the file.
        separator: a name in ``SEPARATORS``.
        encoding: of the file; a byte order mark of UTF-8 is dropped.
        is_own: whether the file is the user's own, so that settings say how to read it.

    Raises:
        DataError: the file cannot be opened, is empty, or has another encoding.
    """

    def __init__(
        self, path: Path, *, separator: str = "comma", encoding: str = "utf-8", is_own: bool = False
    ) -> None:
        self.path, self.separator, self.encoding, self.is_own = path, separator, encoding, is_own
        with self._open() as rows:
            first = next(rows, None)
        if first is None:
            raise self.error(1, "the file is empty; its first line must name the columns")
        self.header = [name.strip() for name in first.cells]

    def fingerprint(self) -> str:
        """Return the SHA-256 of the CSV file, also if it is in a zip."""
        with _binary(self.path) as file:
            return file_digest(cast("io.BufferedReader", file), "sha256").hexdigest()

    def places(self, names: Iterable[str]) -> list[int]:
        """Return the indices of the columns ``names``.

        Raises:
            DataError: a column is missing, or has the same name as another.
        """
        found = []
        for name in names:
            if self.header.count(name) > 1:
                raise self.error(1, f"two columns are called '{name}'; rename one")
            if name not in self.header:
                raise self.error(1, f"the header has no column '{name}'; {self._guess(name)}")
            found.append(self.header.index(name))
        return found

    def rows(self, *, may_break_off: bool = False) -> Iterator[Row]:
        """Yield the rows below the header; blank lines are skipped.

        Args:
            may_break_off: whether the last row may be cut off; it is then skipped.

        Raises:
            DataError: a row has too few or too many cells, a quote is not closed, a character is not in the
                encoding, or there is no row.
        """
        count, columns = 0, len(self.header)
        with self._open() as rows:
            next(rows)
            for row in rows:
                if len(row.cells) != columns:
                    if may_break_off and len(row.cells) < columns and next(rows, None) is None:
                        log.warning("%s, line %s: 1 row is cut off and was left out", self.path, row.line)
                        break
                    raise self._width(row)
                count += 1
                yield row
        if not count:
            raise self.error(1, "there is no row below the header; add data")

    def error(self, line: int, reason: str) -> DataError:
        """Return an error that names this file and a line."""
        return DataError(f"{self.path}, line {line}: {reason}")

    def _width(self, row: Row) -> DataError:
        found, expected = len(row.cells), len(self.header)
        remedy = (
            f"quote cells that contain a {self.separator}, and write decimals with a point"
            if found > expected
            else "is the row cut off?"
        )
        return self.error(row.line, f"{found} cells where the header names {expected} columns; {remedy}")

    def _guess(self, name: str) -> str:
        """Return why a column may be missing: another separator, no header, or another name."""
        if len(self.header) == 1:
            for word, separator in SEPARATORS.items():
                if word != self.separator and separator in self.header[0]:
                    remedy = f"data.separator={word}" if self.is_own else f"write a {self.separator}"
                    return f"is the separator a {word}? {remedy}"
        hint = near(name, [column[:LONGEST_NAME] for column in self.header if column][:MOST_NAMES])
        return f"{hint}. The first line must name the columns"

    @contextmanager
    def _open(self) -> Iterator[Iterator[Row]]:
        csv.field_size_limit(LARGEST_CELL)
        with _binary(self.path) as file:
            lines = _Lines(file, self)
            yield self._parse(lines)

    def _parse(self, lines: "_Lines") -> Iterator[Row]:
        reader = csv.reader(lines, delimiter=SEPARATORS[self.separator], strict=True)
        while True:
            start = lines.number + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self.error(start, f"{_explain(error)} in the row that begins here") from error
            if cells:
                yield Row(start, cells)


class _Lines:
    """Decoded lines of a file, counted. A newline is one byte in every supported encoding."""

    def __init__(self, file: BinaryIO, table: Delimited) -> None:
        self._file, self._table, self.number = file, table, 0

    def __iter__(self) -> Iterator[str]:
        for raw in self._file:
            try:
                line = raw.decode(self._table.encoding)
            except UnicodeDecodeError as error:
                raise self._table.error(self.number + 1, self._explain(error)) from error
            if "\0" in line:
                raise self._table.error(self.number + 1, "a NUL character; is this a text file? Remove it")
            self.number += 1
            yield line.removeprefix("\ufeff") if self.number == 1 else line

    def _explain(self, error: UnicodeDecodeError) -> str:
        byte = f"byte 0x{error.object[error.start]:02x} at byte {error.start + 1} of the line"
        remedy = "convert the file to UTF-8"
        if self._table.is_own:
            remedy += ", or set data.encoding (older Chinese files: gb18030)"
        return f"not {error.encoding.upper()}: {byte}; {remedy}"


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


@contextmanager
def _binary(path: Path) -> Iterator[BinaryIO]:
    try:
        if zipfile.is_zipfile(path):
            with open_member(path, lambda name: name.suffix.lower() == ".csv") as member:
                yield io.BufferedReader(cast("io.RawIOBase", member))
        else:
            with path.open("rb") as file:
                yield file
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; give a readable file") from error
