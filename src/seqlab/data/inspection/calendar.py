"""How are times written, and by which clocks? Guessed from their cells."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from seqlab.data.series.spec import COMPACT, ISO, PERIODS, UNIX
from seqlab.data.series.times import PAST, parsed

DATES = (
    *(
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%m/%d/%Y",
        "%Y/%m/%d",
        "%d-%m-%Y",
        "%m-%d-%Y",
        "%d.%m.%y",
        "%m/%d/%y",
        "%d/%m/%y",
        "%d-%m-%y",
        "%m-%d-%y",
    ),
    *("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%b %d, %Y", "%B %d, %Y"),
)
"""How days are often written, in the notation of ``strptime``."""
CLOCKS = {
    "%H:%M:%S": r"[0-2]?\d:[0-5]\d:[0-5]\d",
    "%H:%M": r"[0-2]?\d:[0-5]\d",
    "%H.%M.%S": r"[0-2]?\d\.[0-5]\d\.[0-5]\d",
    "%I:%M %p": r"[01]?\d:[0-5]\d [AaPp][Mm]",
    "%I:%M:%S %p": r"[01]?\d:[0-5]\d:[0-5]\d [AaPp][Mm]",
}
"""How the time of a day is often written, and what it looks like."""
MONTHS = ("%m/%Y", "%b-%y", "%b-%Y", "%b %Y", "%B %Y", "%Y/%m", "Q%q/%Y", "%Y/Q%q", *PERIODS)
"""How months, quarters and weeks are often written."""
ZONES = ("Europe/Berlin", "America/New_York", "Europe/London", "Australia/Sydney", "America/Santiago")
"""Time zones whose clocks go back at different times."""
CALLED = {
    *("time", "date", "datetime", "timestamp", "epoch", "unix", "unixtime", "stamp", "when"),
    *("day", "month", "year", "week", "yearmonth", "period"),
}
"""Words by which columns of times are called."""
WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word of a name, also of one in camelCase."""
SINCE, UNTIL = 2.5e8, 4.1e9
"""Seconds since 1970, from 1977 to 2099, that a number must be to be taken for a time."""
FIRST, LAST = np.array(["1600", "2200"], "datetime64[us]")
"""Between them a number such as 20200131 is taken for a day."""
MOSTLY = 0.9
"""Minimum share of cells that look like times, for a column to hold them."""
FIRST_CELLS = 3
"""Cells of which a format must read one, before it is tried with more: the first may be a unit."""
ABOUT = 0.15
"""How much equal distances of times may differ: months have 28 to 31 days."""
TIMED = 500
"""Cells that are tried as times."""


def format_of_words(cells: Sequence[str]) -> str | None:
    """Return how times are written; None if the cells are none.

    Of several ways that read them all, the one is taken that makes them most evenly spaced.
    """
    some = list(dict.fromkeys(cells))[:TIMED]
    if sum(bool(re.search(r"\d", cell)) for cell in some) < max(MOSTLY * len(some), 1):
        return None
    found = {
        one: parsed(some, one) for one in _formats() if not np.isnat(parsed(some[:FIRST_CELLS], one)).all()
    }
    shares = {one: 1 - np.isnat(times).mean() for one, times in found.items()}
    most = max(shares.values(), default=0)
    if most < MOSTLY:
        return None
    return max((one for one in shares if shares[one] == most), key=lambda one: _evenness(found[one]))


def _formats() -> Iterator[str]:
    yield ISO
    for day in DATES:
        yield day
        yield from (f"{day} {clock}" for clock in CLOCKS)
    yield from MONTHS


def _evenness(times: np.ndarray) -> float:
    """Return the share of the distances between different times that are about the median: months vary."""
    apart = np.diff(np.unique(times[~np.isnat(times)])).astype(np.int64)
    return float(np.isclose(apart, np.median(apart), rtol=ABOUT).mean()) if len(apart) else 0.0


def is_called_time(name: str) -> bool:
    """Return whether a word of a column's name, as in obs_time or obsTime, says that it holds times."""
    words = {word.lower() for word in WORD.findall(name)}
    return name.lower() in ("t", "ts") or not words.isdisjoint(CALLED)


def format_of_numbers(name: str, cells: Sequence[str], numbers: np.ndarray) -> str | None:
    """Return how numbers say times, in digits, as years, or since 1970; None if they do not.

    Args:
        name: of the column.
        cells: as they are written.
        numbers: what they mean, [R].
    """
    moves, is_called_so = np.diff(numbers), is_called_time(name)
    if not moves.any() or not (is_called_so or (moves >= 0).all()):
        return None
    digits = {len(cell) for cell in cells}
    for one, width in (*COMPACT.items(), (ISO, 8), ("%Y%m", 6), (ISO, 4)):
        if digits == {width} and (is_called_so or width >= 8):  # noqa: PLR2004 (a day)
            times = parsed(list(dict.fromkeys(cells)), one)
            first = PAST if one in COMPACT else FIRST
            if not np.isnat(times).any() and ((times >= first) & (times < LAST)).all():
                return one
    seconds = {one: numbers * per_unit / 1e6 for one, per_unit in UNIX.items()}
    return next((one for one, each in seconds.items() if ((each > SINCE) & (each < UNTIL)).all()), None)


def clock_of(cells: Sequence[str]) -> str | None:
    """Return how times of the day are written; None if the cells are none."""

    def share(like: str) -> float:
        return sum(bool(re.fullmatch(like, cell)) for cell in cells) / max(len(cells), 1)

    return next((one for one, like in CLOCKS.items() if share(like) > MOSTLY), None)


def zone_of(times: np.ndarray) -> str | None:
    """Return a time zone whose clocks repeat all of the local times that occur again; None if none does."""
    values, counts = np.unique(times, return_counts=True)
    again = pd.DatetimeIndex(values[counts > 1])
    for zone in ZONES if len(again) else ():
        if again.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").isna().all():
            return zone
    return None
