"""How does a text file write its table? Guessed from its first lines."""

import codecs
import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

from seqlab.data.inspection.columns import FEW_WORDS, Column
from seqlab.data.table.arrays import is_arrays
from seqlab.data.table.content import opened
from seqlab.data.table.dialect import MISSING, SEPARATORS, SPACE, Dialect
from seqlab.data.table.encodings import encoding_of, likely
from seqlab.data.table.opening import look
from seqlab.data.table.saved import is_saved

LINES = 200
"""Lines that are looked at."""
SAMPLE = 2**20
"""Bytes of which the encoding is guessed."""
YEARS = range(1600, 2201)
"""Numbers that may be the years of columns."""
ALIKE = 0.8
"""Minimum share of the lines that a separator divides into equally many cells."""
NUMERIC = 0.7
"""Minimum share of numbers in a column, for its few words to stand for missing ones."""


def sniffed(path: Path) -> Dialect:
    """Return how a file most probably writes its table; what is no text has nothing to guess."""
    if path.is_dir() or is_saved(path) or is_arrays(path) or look(path)[1] != "text":
        return Dialect()
    encoding, lines = beginning(path)
    separator = _separator(lines, _named(path))
    quotes = "double" if _is_quoted(lines, separator) else "none"
    rows = _cells(lines, separator, quotes)
    found = Dialect(separator=separator, encoding="utf-8" if encoding == "utf-16" else encoding)
    rows = rows[:1] + [row for row in rows[1:] if row != rows[0]]  # files put together repeat the header
    columns = [[row[place].strip() for row in rows] for place in range(len(rows[0]))] if rows else []
    is_named = not any(map(_is_data, columns)) or _is_counted(rows[0]) or _names_years(columns)
    found = replace(found, header=is_named)
    if quotes == "none":
        found = replace(found, quotes="none")
    cells = [column[found.header :] for column in columns]
    if separator != "comma" and any(_is_with_comma(column) for column in cells):
        found = replace(found, decimal="comma")
    return replace(found, missing=tuple(_missing(cells, found)))


def unlike(path: Path) -> Literal["prose", "numbers"] | None:
    """Return what a text is whose lines have not equally many cells; None for a table.

    Running text is "prose"; rows of numbers, of unequal length, are "numbers".
    """
    _, lines = beginning(path)
    rows = _cells(lines, _separator(lines, _named(path)), "double", alike=False)
    widths = Counter(map(len, rows))
    width, count = widths.most_common(1)[0] if rows else (0, 0)
    are_numbers, is_alike = _are_numbers(rows[1:]), count >= ALIKE * len(rows)
    if not rows or (is_alike and (width > 1 or are_numbers)):
        return None
    return "numbers" if are_numbers else "prose"


def beginning(path: Path) -> tuple[str, list[str]]:
    """Return the encoding of a text, and its first lines."""
    with opened(path) as content:
        raw = content.file.read(SAMPLE)
    encoding = encoding_of(raw[:4], "utf-8")
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(raw, final=len(raw) < SAMPLE)
    except UnicodeDecodeError:
        encoding = likely(raw) or encoding
        text = raw.decode(encoding, "replace")
    return encoding, [line.removeprefix("\ufeff") for line in islice(text.splitlines(), LINES)]


def settings_of(path: Path, dialect: Dialect, columns: Sequence[Column]) -> dict[str, str | list[str]]:
    """Return the settings by which a data set reads such a file, those that are not usual."""
    usual = Dialect()
    found: dict[str, str | list[str]] = {}
    if dialect.separator and dialect.separator != _named(path):
        found["data.separator"] = dialect.separator
    if dialect.encoding != usual.encoding:
        found["data.encoding"] = dialect.encoding
    if not dialect.header:
        found["data.header"] = "false"
    if dialect.quotes != usual.quotes:
        found["data.quotes"] = dialect.quotes
    if dialect.decimal != usual.decimal and any(column.numbers is not None for column in columns):
        found["data.decimal"] = dialect.decimal
    if dialect.missing:
        found["data.missing"] = list(dialect.missing)
    return found


def _named(path: Path) -> str:
    """Return the separator that a file has by its name."""
    return str(Dialect().named(look(path)[0]).separator)


def _separator(lines: Sequence[str], named: str) -> str:
    """Return the separator that divides most lines alike, into most cells; of equal ones that of the name."""

    def fit(word: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in _cells(lines, word, "double", alike=False))
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return (count / max(len(lines), 1) if width > 1 else 0.0), width

    if named == "tab" and fit(named)[0] >= ALIKE:
        return named  # each text may have a comma
    found = max((named, *SEPARATORS), key=fit)
    if ALIKE <= fit(SPACE)[0] > fit(found)[0] and _are_numbers(_cells(lines[1:], SPACE, "none"), 0.25):
        return SPACE
    other = max((word for word in SEPARATORS if word != "comma"), key=fit)
    if found != "comma" or fit(other)[0] < fit(found)[0]:
        return found
    # A semicolon between decimal commas divides as well, into fewer cells.
    columns = list(zip(*_cells(lines, other, "double"), strict=True))
    written = [column for column in columns if any("," in cell for cell in column)]
    return other if written and all(map(_is_with_comma, written)) else found


def _cells(lines: Sequence[str], separator: str, quotes: str, *, alike: bool = True) -> list[list[str]]:
    mark = SEPARATORS.get(separator, " ")
    if separator == SPACE:
        rows = [cells for line in lines if (cells := line.split())]
    elif quotes == "double":
        rows = [row for row in csv.reader(lines, delimiter=mark) if any(row)]
    else:
        rows = [row for row in csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE) if any(row)]
    if not alike or not rows:
        return rows
    width = Counter(map(len, rows)).most_common(1)[0][0]
    return [row for row in rows if len(row) == width]


def _is_quoted(lines: Sequence[str], separator: str) -> bool:
    """Return whether quotes enclose cells; else a quote is a character of its own."""
    mark = SEPARATORS.get(separator, " ")
    odd = [line for line in lines if line.count('"') % 2]
    enclosing = any(line.startswith('"') or f'{mark}"' in line for line in lines)
    return not odd or enclosing


def _is_data(column: Sequence[str]) -> bool:
    """Return whether a column's first cell is no name: a number, or a value that comes again below."""
    first, rest = column[0], column[1:]
    return bool(first) and (_is_number(first.replace(",", ".")) or (first in rest and len(rest) > 2))  # noqa: PLR2004


def _is_counted(cells: Sequence[str]) -> bool:
    """Return whether cells count columns, 0, 1, 2, … as pandas does, or years, but for a word or two."""
    numbers = [int(cell) for cell in cells if cell.isascii() and cell.isdecimal()]
    if len(numbers) < max(3, len(cells) - 2):
        return False
    return numbers[0] in (0, *YEARS) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _names_years(columns: Sequence[Sequence[str]]) -> bool:
    """Return whether first cells are words and a few years in a row, below which there is something else."""
    words = [column for column in columns if not _is_number(column[0].replace(",", "."))]
    others = [column for column in columns if column not in words]
    if not words or any(map(_is_data, words)) or any(all(map(_is_year, column)) for column in others):
        return False
    years = [column[0] for column in others]
    return all(map(_is_year, years)) and all(int(after) - int(one) == 1 for one, after in pairwise(years))


def _is_year(cell: str) -> bool:
    return cell.isascii() and cell.isdecimal() and int(cell) in YEARS


def _are_numbers(rows: Sequence[Sequence[str]], share: float = 0.5) -> bool:
    """Return whether some share of the cells of some rows, or more, are numbers."""
    cells = [cell.replace(",", ".", 1) for row in rows for cell in row]
    return sum(map(_is_number, cells)) >= share * len(cells)


def _is_with_comma(column: Sequence[str]) -> bool:
    found = [cell for cell in column if "," in cell]
    return bool(found) and all(_is_number(cell.replace(",", ".", 1)) and "." not in cell for cell in found)


def _missing(columns: Sequence[Sequence[str]], dialect: Dialect) -> list[str]:
    """Return the few words that stand in columns of numbers."""
    found: dict[str, None] = {}
    for column in columns:
        words = Counter(
            cell for cell in column if cell not in MISSING and not _is_number(dialect.number(cell))
        )
        filled = sum(cell not in MISSING for cell in column)
        if words and len(words) <= FEW_WORDS and words.total() < (1 - NUMERIC) * filled:
            found |= dict.fromkeys(words)
    return list(found)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
