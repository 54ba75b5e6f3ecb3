"""Files of the Monash forecasting archive, ``.tsf``: a header of ``@`` lines, then a series a line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import file_digest
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqlab.data.table.base import CHUNK, Chunk, Row, Table
from seqlab.data.table.content import opened
from seqlab.data.table.dialect import LARGEST_CELL, Dialect
from seqlab.data.table.lines import Lines
from seqlab.errors import DataError

TIME, VALUE = "time", "value"
"""The columns that a line's start and its values become."""
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 7 * 86_400}
MONTHS = {"months": 1, "quarters": 3, "years": 12}
WORDS = {
    "secondly": "1_seconds",
    "minutely": "1_minutes",
    "half_hourly": "30_minutes",
    "hourly": "1_hours",
    "daily": "1_days",
    "weekly": "1_weeks",
    "monthly": "1_months",
    "quarterly": "1_quarters",
    "yearly": "1_years",
}
"""Frequencies that are one word; others are a number and a unit, 10_minutes."""
KINDS = ("string", "numeric", "date")
FORMATS = ("%Y-%m-%d %H-%M-%S", "%Y-%m-%d")
"""How the start of a series is written."""
LAST = np.datetime64("9999-12-31T23:59:59", "us")
"""The last moment that a time may have."""
PIECE = 2**18
"""Characters of a line that are taken apart at once."""


class Piece(NamedTuple):
    """Some values of a series.

    Attributes:
        line: of the file.
        attributes: what the line says of the series, without its start.
        times: of the values, datetime64[us], [n]; None where the file does not say.
        cells: the values as they are written, n of them.
    """

    line: int
    attributes: list[str]
    times: np.ndarray | None
    cells: list[str]


class TSF(Table):
    """A row a value, with the attributes of its series; its time follows from the start and the frequency.

    The start itself is no column; without one, or without a frequency, there is no column of times.

    Args:
        path: the file.
        dialect: its encoding, and words for missing numbers besides "?".
        is_own: whether the file is the user's own, so that settings say how to read it.

    Raises:
        DataError: the header is malformed.
    """

    recipe = "tsf"

    def __init__(self, path: Path, dialect: Dialect, *, is_own: bool) -> None:
        dialect = replace(dialect, decimal="point", missing=(*dialect.missing, "?"))
        super().__init__(path, dialect, is_own=is_own)
        self.attributes: dict[str, str] = {}
        self.frequency = self.horizon = ""
        with opened(path) as content:
            self._read_header(Lines(path, content.file, dialect.encoding, is_own=is_own))
        self._start = next((at for at, kind in enumerate(self.attributes.values()) if kind == "date"), None)
        self.is_timed = bool(self.frequency) and self._start is not None
        said = [name for at, name in enumerate(self.attributes) if at != self._start]
        self.header = [*said, *([TIME] if self.is_timed else []), VALUE]

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        with opened(self.path) as content:
            return file_digest(content.file, "sha256").hexdigest()

    def rows(self, *, may_break_off: bool = False) -> Iterator[Row]:  # noqa: ARG002 (no line says where it ends)
        """Yield a row for each value.

        Raises:
            DataError: a line is malformed.
        """
        for piece in self._pieces():
            times = (
                [] if piece.times is None else [[text] for text in np.datetime_as_string(piece.times, "s")]
            )
            for at, cell in enumerate(piece.cells):
                yield Row(piece.line, [*piece.attributes, *(times[at] if times else ()), cell])

    def chunks(
        self,
        numbers: Sequence[str],
        *,
        words: Sequence[str] = (),
        may_break_off: bool = False,  # noqa: ARG002 (no line says where it ends)
    ) -> Iterator[Chunk]:
        """Yield the values of many series at once.

        Raises:
            DataError: a line is malformed, a column is missing, or a cell is no number.
        """
        self.places((*numbers, *words))
        pieces, count = list[Piece](), 0
        for piece in self._pieces():
            pieces.append(piece)
            count += len(piece.cells)
            if count >= CHUNK:
                yield self._chunk(pieces, numbers, words)
                pieces, count = [], 0
        if pieces:
            yield self._chunk(pieces, numbers, words)

    def _chunk(self, pieces: Sequence[Piece], numbers: Sequence[str], words: Sequence[str]) -> Chunk:
        lengths = [len(piece.cells) for piece in pieces]
        lines = np.repeat([piece.line for piece in pieces], lengths)
        found = [
            self.numbers(self._column(pieces, name, lengths).astype(str).tolist(), lines, name)
            for name in numbers
        ]
        return Chunk(
            lines,
            np.column_stack(found) if found else np.empty((len(lines), 0)),
            tuple(self._column(pieces, name, lengths) for name in words),
        )

    def _column(self, pieces: Sequence[Piece], name: str, lengths: Sequence[int]) -> np.ndarray:
        """Return the cells of a column, str objects, or datetime64[us] of the times."""
        place = self.header.index(name)
        if name == VALUE:
            return np.array(list(chain.from_iterable(piece.cells for piece in pieces)), dtype=object)
        if name == TIME and self.is_timed:
            return np.concatenate([piece.times for piece in pieces if piece.times is not None])
        return np.repeat(np.array([piece.attributes[place] for piece in pieces], dtype=object), lengths)

    def _lacks(self, name: str) -> str:
        if name == TIME:
            return "there is no date @attribute with an @frequency, so no times"
        return super()._lacks(name)

    def _read_header(self, lines: Lines) -> None:
        for line in lines:
            key, *words = line.split() or ["#"]
            if key.startswith("#"):
                continue
            if not key.startswith("@"):
                raise self.error(lines.number, "above @data a line begins with @ or #; add @data or fix it")
            if key.lower() == "@data":
                break
            if key.lower() == "@attribute":
                self._add_attribute(lines.number, words)
            elif key.lower() == "@frequency":
                self.frequency = self._known_frequency(lines.number, " ".join(words))
            elif key.lower() == "@horizon":
                self.horizon = self._known_horizon(lines.number, " ".join(words))
        else:
            raise DataError(f"{self.path}: there is no line @data; below it a .tsf file has its series")
        if not self.attributes:
            raise self.error(lines.number, "no @attribute is above @data; add @attribute series_name string")

    def _add_attribute(self, line: int, words: Sequence[str]) -> None:
        if len(words) != 2 or words[1].lower() not in KINDS:  # noqa: PLR2004 (name and kind)
            found = " ".join(words)
            raise self.error(line, f"'@attribute {found:.80}': write @attribute NAME {'|'.join(KINDS)}")
        if words[0] in (*self.attributes, TIME, VALUE):
            reason = f"another column is called '{words[0]:.80}' too; rename the attribute"
            raise self.error(line, reason)
        self.attributes[words[0]] = words[1].lower()

    def _known_frequency(self, line: int, word: str) -> str:
        found = WORDS.get(word.lower(), word.lower())
        count, _, unit = found.partition("_")
        if not re.fullmatch("[1-9][0-9]{0,5}", count) or not {unit, f"{unit}s"} & {*SECONDS, *MONTHS}:
            raise self.error(line, f"@frequency '{word:.40}' is none of: {', '.join(WORDS)}, 10_minutes")
        return f"{count}_{unit.removesuffix('s')}s"

    def _known_horizon(self, line: int, word: str) -> str:
        if not re.fullmatch("[1-9][0-9]{0,5}", word):
            raise self.error(line, f"@horizon '{word:.40}' is no number of steps from 1; fix or remove it")
        return word

    def _pieces(self) -> Iterator[Piece]:
        with opened(self.path) as content:
            lines = Lines(self.path, content.file, self.dialect.encoding, is_own=self.is_own)
            next(line for line in lines if line.split()[:1] and line.split()[0].lower() == "@data")
            known: dict[tuple[str, ...], int] = {}
            for text in lines:
                if text.strip() and not text.startswith("#"):
                    yield from self._series(lines.number, text.strip(), known)
            if not known:
                raise self.error(lines.number, "there is no series below @data; add NAME:…:1,2,3")

    def _series(self, line: int, text: str, known: dict[tuple[str, ...], int]) -> Iterator[Piece]:
        """Yield the values of a line, some at once, so that a long one takes little memory."""
        before, _, values = text.rpartition(":")
        cells = [cell.strip() for cell in before.split(":")]
        if "" in cells or len(cells) != len(self.attributes) or max(map(len, cells)) > LARGEST_CELL:
            wanted, count = ":".join((*self.attributes, "1,2,3")), sum(map(bool, cells))
            raise self.error(line, f"{count} attributes, not {len(self.attributes)}; write {wanted:.200}")
        start = None if self._start is None else cells.pop(self._start)
        if (first := known.setdefault(tuple(cells), line)) != line:
            raise self.error(line, f"the attributes are those of line {first}; every series needs its own")
        began = self._began(line, start) if self.is_timed and start is not None else None
        at = count = 0
        while at <= len(values):
            end = values.find(",", at + PIECE)
            end = len(values) if end < 0 else end
            found = [cell.strip() for cell in values[at:end].split(",")]
            if "" in found:
                place = count + found.index("") + 1
                raise self.error(line, f"value {place} is blank; write ? for one that is missing")
            times = None if began is None else self._times(line, began, count, count + len(found))
            yield Piece(line, cells, times, found)
            at, count = end + 1, count + len(found)

    def _began(self, line: int, start: str) -> np.datetime64:
        for one in FORMATS:
            try:
                return np.datetime64(datetime.strptime(start, one), "us")
            except ValueError:
                continue
        raise self.error(line, f"the start '{start:.40}' is no time like 2020-01-31 14-30-00; fix it")

    def _times(self, line: int, began: np.datetime64, first: int, end: int) -> np.ndarray:
        """Return the times of the values from ``first`` to before ``end``.

        Months have the day of the start, or the last one if they are too short or the start is a last one.

        Raises:
            DataError: one is behind the year 9999.
        """
        number, _, unit = self.frequency.partition("_")
        months = unit in MONTHS
        length = int(number) * (MONTHS[unit] if months else SECONDS[unit])
        kind = f"datetime64[{'M' if months else 's'}]"
        begin = began.astype(kind)
        if int(begin.astype(int)) + (end - 1) * length > int(LAST.astype(kind).astype(int)):
            raise self.error(
                line, f"steps of {self.frequency} end after the year 9999; fix start or @frequency"
            )
        ahead = begin + np.arange(first, end) * length
        day = began.astype("datetime64[D]")
        if months:
            is_last = (day + 1).astype(kind) > begin
            within = np.timedelta64(30, "D") if is_last else day - begin.astype("datetime64[D]")
            ahead = np.minimum(
                ahead.astype("datetime64[D]") + within, (ahead + 1).astype("datetime64[D]") - 1
            )
        found: np.ndarray = ahead.astype("datetime64[us]")
        return found + (began - day) if months else found
