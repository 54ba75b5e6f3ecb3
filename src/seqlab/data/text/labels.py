"""What a cell with a label may hold, and what it means.

A parser makes one canonical string of a cell, so that a corpus stores every kind of label alike; ``targets``
makes classes, numbers or several labels of these strings.
"""

import ast
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from seqlab.data.table.dialect import Dialect

BINARY = {
    word: on
    for on, words in (("0", "0 0.0 no n false f"), ("1", "1 1.0 yes y true t"))
    for word in words.split()
}
"""Words, in lower case, that say whether a text has a label."""


class LabelParser(Protocol):
    """Parses the label in a cell; its ``repr`` is part of the cache key."""

    def __call__(self, cell: str) -> str:
        """Return the canonical string of a cell without blanks around it.

        Raises:
            ValueError: the cell is invalid; the message continues "column 'label' …".
        """


@dataclass(frozen=True)
class AnyClass:
    """Every word is a class."""

    def __call__(self, cell: str) -> str:
        """Return the cell."""
        return _filled(cell)


@dataclass(frozen=True)
class OneOf:
    """Some words are allowed.

    Attributes:
        meanings: the words and what they mean.
    """

    meanings: Mapping[str, str]

    def __call__(self, cell: str) -> str:
        """Return what the cell means."""
        if _filled(cell) not in self.meanings:
            raise ValueError(f"is '{cell}'; allowed are {', '.join(self.meanings)}")
        return self.meanings[cell]


@dataclass(frozen=True)
class Number:
    """A finite number.

    Attributes:
        decimal: the decimal separator, "point" or "comma".
    """

    decimal: Literal["point", "comma"] = "point"

    def __call__(self, cell: str) -> str:
        """Return the number, equal ones alike."""
        written = self._dialect.number(_filled(cell))
        try:
            number = float(written)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            has_point = self.decimal == "comma" and "." in cell
            remedy = (
                "with data.decimal=comma a number has no point" if has_point else "fix it or remove the row"
            )
            raise ValueError(f"is '{cell:.40}', which is no finite number; {remedy}")
        return repr(number)

    @cached_property
    def _dialect(self) -> Dialect:
        return Dialect(decimal=self.decimal)


@dataclass(frozen=True)
class BinaryLabel:
    """Whether a text has the label that the column is called after: "0" or "1"."""

    def __call__(self, cell: str) -> str:
        """Return 0 or 1."""
        if _filled(cell).casefold() not in BINARY:
            raise ValueError(
                f"is '{cell:.40}'; each of several label columns is 0 or 1, no or yes, false or true"
            )
        return BINARY[cell.casefold()]


@dataclass(frozen=True)
class LabelList:
    """Any number of labels, with a separator between them; an empty cell has none.

    Attributes:
        separator: between two labels; None if a cell is a list, as JSON or Python writes it.
    """

    separator: str | None

    def __call__(self, cell: str) -> str:
        """Return the labels, sorted, as JSON."""
        return joined(cell.split(self.separator) if self.separator else _listed(cell))


def joined(labels: Iterable[str]) -> str:
    """Return labels as one string, whatever their order: the names in a list of JSON."""
    return json.dumps(sorted({label.strip() for label in labels} - {""}), ensure_ascii=False)


def _listed(cell: str) -> list[str]:
    """Return the strings of a list such as ["a", "b"], or ['a', 'b'] as pandas writes it."""
    try:
        found = ast.literal_eval(cell or "[]")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str | int) for one in found):
        raise ValueError(
            f"is '{cell:.40}', no list of labels; set data.label_separator to what stands between labels, or "
            "data.label=[a,b] to columns of 0 or 1"
        )
    return [str(one) for one in found]


def _filled(cell: str) -> str:
    if not cell:
        raise ValueError("is blank; fill it in or remove the row")
    return cell


def label_parser(
    problem_type: str, decimal: Literal["point", "comma"] = "point", separator: str | None = None
) -> LabelParser:
    """Return the parser of the only label of a text or sequence.

    Args:
        problem_type: what is to be predicted.
        decimal: the decimal separator of numbers.
        separator: between several labels; None if a cell is a list.
    """
    parsers: dict[str, LabelParser] = {
        "classification": AnyClass(),
        "tagging": AnyClass(),
        "language_model": AnyClass(),
        "regression": Number(decimal),
        "multilabel": LabelList(separator),
    }
    return parsers[problem_type]
