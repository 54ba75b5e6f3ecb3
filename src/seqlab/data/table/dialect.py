"""How a text file writes a table."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
"""What stands between cells, by its name."""
SPACE = "space"
"""The separator of cells between which there is any number of blanks or tabs."""
LARGEST_CELL = 2**20
"""The maximum length of a cell; more means that a quote is not closed."""
LONGEST_NAME, MOST_NAMES = 30, 20
"""How many characters and columns a message lists: without a header they are a row of text."""
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
"""What stands for a missing number in every file."""


@dataclass(frozen=True)
class Dialect:
    """How a text file writes a table.

    Attributes:
        separator: between cells, a name in ``SEPARATORS``, or ``SPACE``; None for that of the file's name.
        encoding: of the characters; a byte order mark at the beginning is dropped.
        header: whether the first line names the columns; if not, they are called 0, 1, ….
        quotes: whether a cell in double quotes may hold separators and line ends ("double"), or a quote is
            a character like any other ("none").
        decimal: what stands before a number's fraction.
        missing: words that stand for a missing number, besides ``MISSING``.
    """

    separator: str | None = None
    encoding: str = "utf-8"
    header: bool = True
    quotes: Literal["double", "none"] = "double"
    decimal: Literal["point", "comma"] = "point"
    missing: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """The character between cells."""
        return SEPARATORS.get(self.separator or "comma", " ")

    def named(self, name: Path) -> Self:
        """Return the same with a separator: if none is set, a tab for .tsv, and else a comma."""
        usual = "tab" if name.suffix.lower() == ".tsv" else "comma"
        return replace(self, separator=self.separator or usual)

    @cached_property
    def blanks(self) -> frozenset[str]:
        """Every word that stands for a missing number."""
        return frozenset((*MISSING, *self.missing))

    @cached_property
    def is_as_in_python(self) -> bool:
        """Whether what ``float`` reads is the number that is meant, but for underscores."""
        return self.decimal == "point" and not any(map(_is_finite, self.blanks))

    def number(self, cell: str) -> str:
        """Return a cell as Python writes a number, "nan" if it is missing; what is none stays none."""
        if cell in self.blanks:
            return "nan"
        if "_" in cell:
            return "no number"  # Python takes 1_000 for 1000
        if self.decimal == "point":
            return cell
        return "no number" if "." in cell else cell.replace(",", ".")


def _is_finite(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False
