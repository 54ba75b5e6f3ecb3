"""What one column of a table holds: times, numbers, a few names, or texts."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from seqlab.data.series.spec import UNIX
from seqlab.data.table.dialect import Dialect

Kind = Literal["empty", "time", "clock", "number", "name", "text"]

FORMATS = (
    "ISO8601",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d.%m.%y",
    "%m/%d/%y",
    "%d/%m/%y",
)
"""How times are often written, in the notation of ``strptime``."""
CLOCKS = {
    "%H:%M:%S": r"[0-2]?\d:[0-5]\d:[0-5]\d",
    "%H:%M": r"[0-2]?\d:[0-5]\d",
    "%H.%M.%S": r"[0-2]?\d\.[0-5]\d\.[0-5]\d",
}
"""How the time of a day is often written, and what it looks like."""
MOSTLY = 0.9
"""Minimum share of cells that look like times of the day, for a column to hold them."""
SINCE, UNTIL = 2.5e8, 4.1e9
"""Seconds since 1970, from 1977 to 2099, that a number must be to be taken for a time."""
TIMED = 500
"""Cells that are tried as times."""
FEW_WORDS = 3
"""Different words that may stand for a missing number."""
FAR = 20
"""Multiple of the median absolute deviation beyond which a repeated extreme is no measurement."""
SPACED = 1.5
"""Blanks in a cell, on average, from which on a column holds texts rather than names."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: as the header has it.
        cells: of the rows that were looked at, blanks around them cut off.
        dialect: how numbers are written, and what is missing.
    """

    name: str
    cells: tuple[str, ...]
    dialect: Dialect

    @cached_property
    def filled(self) -> list[str]:
        """The cells that are not missing."""
        return [cell for cell in self.cells if cell not in self.dialect.blanks]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value occurs."""
        return Counter(self.filled)

    @property
    def missing(self) -> int:
        """How many cells are missing."""
        return len(self.cells) - len(self.filled)

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """The filled cells as numbers; None if one is none."""
        try:
            return np.array([float(self.dialect.number(cell)) for cell in self.filled])
        except ValueError:
            return None

    @cached_property
    def time_format(self) -> str | None:
        """How its times are written, "unix" or "unix_ms" for numbers; None if it holds no times."""
        if self.numbers is not None:
            is_called_so = re.search(r"time|date|epoch|unix|stamp|^ts?$|when", self.name.lower())
            moves = np.diff(self.numbers)
            if not moves.any() or not (is_called_so or (moves >= 0).all()):
                return None
            fits = (
                name
                for name, per_unit in UNIX.items()
                if ((self.numbers * per_unit / 1e6 > SINCE) & (self.numbers * per_unit / 1e6 < UNTIL)).all()
            )
            return next(fits, None)
        some = pd.Series(self.filled[:TIMED])
        if not some.str.contains(r"\d").all():
            return None
        return next(
            (
                one
                for one in FORMATS
                if pd.to_datetime(some, format=one, errors="coerce", utc=True).notna().all()
            ),
            None,
        )

    @cached_property
    def clock(self) -> str | None:
        """How its times of the day are written; None if it holds none."""

        def share(like: str) -> float:
            return sum(bool(re.fullmatch(like, cell)) for cell in self.filled) / max(len(self.filled), 1)

        return next((one for one, like in CLOCKS.items() if share(like) > MOSTLY), None)

    @property
    def is_counted(self) -> bool:
        """Whether it numbers the rows: no measurement, and no answer."""
        return self.numbers is not None and len(self.numbers) > 1 and bool((np.diff(self.numbers) == 1).all())

    @cached_property
    def kind(self) -> Kind:
        """What it holds."""
        if not self.filled:
            return "empty"
        if self.time_format:
            return "time"
        if self.clock:
            return "clock"
        if self.numbers is not None:
            return "number"
        blanks = sum(cell.count(" ") for cell in self.filled) / len(self.filled)
        is_new = 2 * len(self.counts) > len(self.filled)
        is_long = sum(map(len, self.filled)) > 20 * len(self.filled)
        return (
            "text"
            if is_new and (blanks >= SPACED or is_long or len(self.counts) == len(self.filled))
            else "name"
        )

    @property
    def repeats(self) -> bool:
        """Whether values come again often enough to be classes or ids."""
        return 1 < len(self.counts) <= len(self.filled) / 4

    @cached_property
    def sentinel(self) -> float | None:
        """A number far from all others that comes again and again, and may mean "not measured"."""
        if self.numbers is None or self.time_format:
            return None
        values, counts = np.unique(self.numbers, return_counts=True)
        for value in (values[0], values[-1]) if len(values) > 2 else ():  # noqa: PLR2004 (0 and 1 are no sentinels)
            rest = self.numbers[self.numbers != value]
            usual = float(np.median(np.abs(rest - np.median(rest))))
            if counts[values == value] > 1 and abs(value - np.median(rest)) > FAR * max(usual, 1e-9):
                return float(value) if abs(value) > 2 * np.abs(rest).max() else None
        return None

    def described(self) -> tuple[str, ...]:
        """Return name, kind, missing cells, different values and examples."""
        kind: str = self.kind
        if kind in ("time", "clock"):
            kind = f"time, {self.time_format or self.clock}"
        elif self.numbers is not None and len(self.numbers) and (self.numbers % 1 == 0).all():
            kind = "whole number"
        examples = [cell if len(cell) <= 30 else f"{cell[:29]}…" for cell in list(self.counts)[:3]]  # noqa: PLR2004
        return (self.name, kind, f"{self.missing:,}", f"{len(self.counts):,}", "  ".join(examples))


def columns_of(header: Sequence[str], rows: Sequence[Sequence[str]], dialect: Dialect) -> list[Column]:
    """Return the columns of a table."""
    return [
        Column(name, tuple(row[place].strip() for row in rows), dialect) for place, name in enumerate(header)
    ]
