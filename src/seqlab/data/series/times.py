"""The times of rows, as they are written in a file."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from seqlab.data.series.spec import COMPACT, ISO, UNIX
from seqlab.data.table.base import Chunk, Table
from seqlab.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FARTHEST = 1e17
"""Microseconds since 1970 that a time may have."""
SEEN = 100
"""Rows whose times say how they are written."""
PAST, RECENT, SOON = np.array(["1900", "1973", "2100"], "datetime64[us]")
"""Between the last two numbers are taken for seconds or milliseconds since 1970, if nothing else is said;
between the first and the last for days with their times in digits, such as 2020013114."""

OFFSET = re.compile(r":.*(Z|[+-]\d\d(:?\d\d)?)$")
"""How a time ends that says how far it is from UTC."""
ROWS = "take each row for a step with data.time=null, and leave the times out with data.drop"
FINER = re.compile(r"\.\d{6}0*[1-9]")
"""Digits of a second behind those of a microsecond."""
QUARTER = re.compile("[Qq]([1-4])")
MIDNIGHT = re.compile(r"(?<=[ T])24((?:[:.]00){0,2}(?:\.0+)?)$")
"""The end of a day as ISO 8601 has it."""


@dataclass(frozen=True)
class Clock:
    """How a file says when a row was measured.

    Attributes:
        columns: the columns of a time, joined by blanks; none to take each row for a step.
        formats: how a time may be written, in the notation of ``strptime`` or ``ISO``; the first that reads
            the first rows is taken for all.
        zone: of the times; None to take them as they are written.
    """

    columns: Sequence[str]
    formats: Sequence[str] = (ISO,)
    zone: str | None = None

    def read(
        self, table: Table, numbers: Sequence[str], words: Sequence[str] = ()
    ) -> Iterator[tuple[np.ndarray, Chunk]]:
        """Yield the times of many rows at once, and their other columns.

        Times are datetime64[us], [n]; of rows without times their numbers, from 1.

        Raises:
            DataError: the file is malformed, or a cell is no number or no time.
        """
        time_format, count, name = _format_of(table, self.columns, self.formats), 0, " ".join(self.columns)
        offsets = _Offsets()
        for chunk in table.chunks(numbers, words=(*self.columns, *words), may_break_off=True):
            others = chunk._replace(words=chunk.words[len(self.columns) :])
            if self.columns:
                cells = _joined(chunk.words[: len(self.columns)])
                if self.zone:
                    _refuse_offsets(table, chunk.lines, cells, time_format)
                if time_format == ISO:
                    offsets.refuse_some(table, chunk.lines, cells)
                yield _times(table, chunk.lines, cells, name, time_format), others
            else:
                yield np.arange(count + 1, count + len(chunk.lines) + 1), others
            count += len(chunk.lines)


def _format_of(table: Table, time: Sequence[str], formats: Sequence[str]) -> str:
    """Return the first format that reads the times of the first rows, or at least that of the first.

    Raises:
        DataError: there is none.
    """
    if not time:
        return ISO
    places = table.places(time)
    rows = table.head(SEEN)
    cells = [" ".join(row.cells[place].strip() for place in places) for row in rows]
    fitting = [one for one in formats if _reads(table, one, cells[0], is_guessed=len(formats) > 1)]
    if not fitting:
        raise _no_time(table, rows[0].line, " ".join(time), cells[0], formats[0])
    return next((one for one in fitting if not np.isnat(parsed(cells, one)).any()), fitting[0])


def _reads(table: Table, time_format: str, cell: str, *, is_guessed: bool) -> bool:
    """Return whether a format reads a time.

    Raises:
        DataError: it is no format.
    """
    try:
        if time_format not in (ISO, *UNIX) and "%" not in time_format:
            raise ValueError("it has no %")  # noqa: TRY301 (pandas knows words of its own, such as "mixed")
        found = parsed([cell], time_format)[0]
    except ValueError as error:
        reason = f"data.time_format={time_format} is no format of times ({error}); '%d.%m.%Y' is"
        raise DataError(f"{table.path}: {reason}") from error
    return not np.isnat(found) and not (is_guessed and _is_doubtful(cell, time_format, found))


def _is_doubtful(cell: str, time_format: str, found: np.datetime64) -> bool:
    """Return whether a number is hardly meant as the time that a format reads."""
    if time_format in COMPACT:
        return len(cell) != COMPACT[time_format] or not PAST <= found < SOON
    return time_format in UNIX and not RECENT < found < SOON


class _Offsets:
    """Refuses times of which some say how far they are from UTC, and others do not."""

    def __init__(self) -> None:
        self.first: bool | None = None

    def refuse_some(self, table: Table, lines: np.ndarray, cells: np.ndarray) -> None:
        """Check some rows, [n], and compare them with those before.

        Raises:
            DataError: a time has an offset where the first has none, or the other way round.
        """
        if cells.dtype != object:
            return
        known = OFFSET.search(cells[0]) is not None
        self.first = known if self.first is None else self.first
        if known == self.first and len(set(map(len, cells))) == 1:
            return  # an offset makes a time longer
        for number, cell in enumerate(cells):
            if (OFFSET.search(cell) is not None) != self.first:
                has = "no offset from UTC, and the first time has one" if self.first else "an offset from UTC"
                reason = f"the time '{cell}' has {has}"
                reason += "" if self.first else ", and the first time has none"
                raise table.error(int(lines[number]), f"{reason}; write all times alike")


def _refuse_offsets(table: Table, lines: np.ndarray, cells: np.ndarray, time_format: str) -> None:
    """Refuse times that say themselves how far they are from UTC, and a time zone too.

    Raises:
        DataError: there is one.
    """
    if cells.dtype == object:
        is_known = [time_format in UNIX or OFFSET.search(str(cell)) is not None for cell in cells]
        if any(is_known):
            number = is_known.index(True)
            reason = f"the time '{cells[number]}' is not local; leave data.timezone out"
            raise table.error(int(lines[number]), reason)


def _joined(words: Sequence[np.ndarray]) -> np.ndarray:
    """Return the cells of a time, those of several columns joined by blanks, [n]."""
    if len(words) == 1:
        return words[0]
    return np.array([" ".join(map(str, cells)) for cells in zip(*words, strict=True)], dtype=object)


def _times(table: Table, lines: np.ndarray, cells: np.ndarray, name: str, time_format: str) -> np.ndarray:
    found = parsed(cells, time_format) if cells.dtype == object else cells
    if (fine := _finer(cells, time_format)) is not None:
        raise table.error(int(lines[fine]), f"the time '{cells[fine]}' is finer than a microsecond; {ROWS}")
    wrong = np.isnat(found)
    if wrong.any():
        number = int(wrong.argmax())
        raise _no_time(table, int(lines[number]), name, str(cells[number]), time_format)
    return found


def _no_time(table: Table, line: int, name: str, cell: str, time_format: str) -> DataError:
    expected = "of ISO 8601, 2020-01-31 14:30" if time_format == ISO else f"like {time_format}"
    remedy = "fix the cell"
    if table.is_own:
        remedy += ", or set data.time_format, e.g. '%d.%m.%Y %H:%M'"
        if table.is_number(cell):
            remedy += f"; or {ROWS}"
    return table.error(line, f"column '{name}' is '{cell}', which is no time {expected}; {remedy}")


def _finer(cells: np.ndarray, time_format: str) -> int | None:
    """Return the first of some times, as they are written, that has parts of a microsecond."""
    if cells.dtype != object or time_format != ISO:
        return None
    longest = max(map(len, cells), default=0)
    if longest <= len("2020-01-31T14:30:00.123456"):
        return None
    return next((place for place, cell in enumerate(cells) if FINER.search(cell)), None)


def parsed(cells: Sequence[str] | np.ndarray, time_format: str) -> np.ndarray:
    """Return times, datetime64[us]; NaT where a cell is none. 24:00 is the next day's 00:00."""
    import pandas as pd  # noqa: PLC0415 (slow)

    words = pd.Series(cells, dtype=object)
    if time_format in UNIX:
        exact = pd.to_numeric(words, errors="coerce") * UNIX[time_format]
        return exact.where(exact.abs() < FARTHEST).round().to_numpy("datetime64[us]")
    times = _of_words(words, time_format)
    wrong = np.flatnonzero(np.isnat(times))
    ends = [place for place in wrong.tolist() if MIDNIGHT.search(words[place])]
    if ends:
        begins = words[ends].str.replace(MIDNIGHT, lambda found: f"00{found[1] or ''}", regex=True)
        times[ends] = _of_words(begins, time_format) + np.timedelta64(1, "D")
    return times


def _of_words(words: "pd.Series", time_format: str) -> np.ndarray:
    """Return times as a format has them, datetime64[us]; NaT where a word is none."""
    import pandas as pd  # noqa: PLC0415 (slow)

    if "Q%q" in time_format:
        words = words.str.replace(QUARTER, lambda found: f"{3 * int(found[1]) - 2:02d}", regex=True)
        time_format = time_format.replace("Q%q", "%m")
    if "%V" in time_format and "%u" not in time_format:
        words, time_format = words + " 1", f"{time_format} %u"
    found = pd.to_datetime(words, format=time_format, errors="coerce", utc=True)
    times: np.ndarray = found.dt.tz_localize(None).to_numpy("datetime64[us]", copy=True)
    if time_format == ISO:
        # pandas takes "now" and "today" for times.
        return np.where([cell[:1].isdigit() for cell in words], times, np.datetime64("NaT"))
    return times
