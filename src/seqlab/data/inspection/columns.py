"""What one column of a table holds: times, numbers, a few names, or texts."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from seqlab.data.inspection.calendar import CLOCKS, clock_of, format_of_numbers, format_of_words
from seqlab.data.series.times import parsed
from seqlab.data.table.dialect import MISSING, Dialect

Kind = Literal["empty", "time", "clock", "number", "name", "text"]

ADORNED = re.compile(r"^[$€£\u2212(]|[%€)]$|(?<=\d)[ .,'’\u00a0\u202f_](?=\d{3}\b)")
"""What people write around and into numbers."""
FEW_WORDS = 3
"""Different words that may stand for a missing number."""
FAR = 20
"""Multiple of the median absolute deviation beyond which a repeated extreme is no measurement."""
EVEN = 0.01
"""How much the steps of a column that counts may differ, by rounding."""
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
        """How its times are written, "unix" or another for numbers; None if it holds no times."""
        if self.numbers is None:
            return format_of_words(self.filled)
        return format_of_numbers(self.name, self.filled, self.numbers) if len(self.numbers) else None

    @cached_property
    def clock(self) -> str | None:
        """How its times of the day are written; None if it holds none."""
        return clock_of(self.filled)

    @cached_property
    def odd(self) -> list[str]:
        """Its cells that are no times, of a column of times."""
        if self.kind == "clock":
            return [cell for cell in self.filled if not re.fullmatch(CLOCKS[str(self.clock)], cell)]
        if self.kind != "time" or self.numbers is not None:
            return []
        wrong = np.isnat(parsed(self.filled, str(self.time_format)))
        return [self.filled[place] for place in np.flatnonzero(wrong)]

    @cached_property
    def is_adorned(self) -> bool:
        """Whether its words are numbers but for units, signs and separated thousands: $1,234, 45%, (7)."""
        bare = [ADORNED.sub("", cell).strip() for cell in self.filled]
        return self.numbers is None and all(re.fullmatch(r"-?\d+([.,]\d+)?", cell) for cell in bare)

    @property
    def is_counted(self) -> bool:
        """Whether it numbers the rows, or tells their time in even steps: no measurement, and no answer."""
        if self.numbers is None or len(self.numbers) < 3:  # noqa: PLR2004 (two distances)
            return False
        apart = np.diff(self.numbers)
        return bool(apart[0] > 0 and np.allclose(apart, apart[0], rtol=EVEN, atol=0))

    @property
    def is_measured(self) -> bool:
        """Whether it holds numbers that may be measurements."""
        return self.numbers is not None and bool(self.filled) and not self.is_counted

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
        if self.is_adorned:
            return "name"
        blanks = sum(cell.count(" ") for cell in self.filled) / len(self.filled)
        is_new = 2 * len(self.counts) > len(self.filled)
        is_long = sum(map(len, self.filled)) > 20 * len(self.filled)
        return (
            "text"
            if is_new and (blanks >= SPACED or is_long or len(self.counts) == len(self.filled))
            else "name"
        )

    @property
    def no_number(self) -> str:
        """The first cell that is no number; "" if there is none."""
        return next((cell for cell in self.filled if not _is_number(cell, self.dialect)), "")

    @property
    def is_headed(self) -> bool:
        """Whether its first cell alone is a word, and all others are numbers."""
        first, *rest = self.cells
        is_word = first not in (*MISSING, *rest) and not _is_number(
            first, Dialect(decimal=self.dialect.decimal)
        )
        filled = [cell for cell in rest if cell not in self.dialect.blanks]
        return is_word and bool(filled) and all(_is_number(cell, self.dialect) for cell in filled)

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers."""
        return self.numbers is not None and bool(
            (np.isfinite(self.numbers) & (np.round(self.numbers) == self.numbers)).all()
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
        elif self.is_whole and self.filled:
            kind = "whole number"
        examples = [cell if len(cell) <= 30 else f"{cell[:29]}…" for cell in list(self.counts)[:3]]  # noqa: PLR2004
        return (self.name, kind, f"{self.missing:,}", f"{len(self.counts):,}", "  ".join(examples))


def _is_number(cell: str, dialect: Dialect) -> bool:
    try:
        float(dialect.number(cell))
    except ValueError:
        return False
    return True


def columns_of(header: Sequence[str], rows: Sequence[Sequence[str]], dialect: Dialect) -> list[Column]:
    """Return the columns of a table."""
    return [
        Column(name, tuple(row[place].strip() for row in rows), dialect) for place, name in enumerate(header)
    ]
