"""A row a sequence, without a header: its label is first or last."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from seqlab.data.sequences.layout import Layout
from seqlab.data.sequences.records import Record, Records
from seqlab.data.sequences.rows import NumberRows
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

log = logging.getLogger(__name__)

End = Literal["first", "last"]
ENDS: dict[End, int] = {"first": 0, "last": -1}
"""Where a label can be in a row."""


@dataclass(frozen=True)
class Wide(Layout):
    """A row a sequence of one channel. It ends with the row, or where only missing numbers follow.

    Attributes:
        label: where the label is.
        is_word: whether labels are words, so that a number in their place is none.
        width: cells of every row with its label; 0 if rows differ.
    """

    label: End
    is_word: bool
    width: int
    name: Literal["wide"] = "wide"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:
        """Return the layout of a training file, from its first rows and the settings.

        Raises:
            DataError: it is not clear where labels are, or a setting names a column.
        """
        rows = NumberRows(path, data.dialect)
        for key in ("series_id", "group", "features"):
            if getattr(data, key) is not None:
                raise DataError(f"{path}: data.{key} names a column, and the file has no header; add one")
        if data.label not in (None, *ENDS):
            raise DataError(f"{path} has no header, so data.label={data.label} must be first or last")
        cells = [row.cells for row in rows.beginning]
        label = next((end for end in ENDS if end == data.label), None) or _end(rows, cells)
        widths = {len(row) for row in cells}
        return cls(label, _are_words(rows, cells, label), widths.pop() if len(widths) == 1 else 0)

    def __str__(self) -> str:
        return f"a row a sequence, its label in the {self.label} cell"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences; their labels may be absent.

        Raises:
            DataError: a cell is no number, or the file has a header.
        """
        rows = NumberRows(path, data.dialect)
        if rows.header:
            raise DataError(f"{path} has a header, and the training file had none; make them alike")
        return Records.of(path, ["value"], [self.label], self._records(rows))

    def _records(self, rows: NumberRows) -> Iterator[Record]:
        has_label = self._has_label(rows)
        are_closed = not all(row.is_open for row in rows.beginning)
        for row in rows:
            is_blank = are_closed and row.is_open and self._is_value(rows, row.cells[-1])
            label = ("" if is_blank else row.cells.pop(ENDS[self.label])) if has_label else None
            labels = None if label is None else ("" if rows.is_missing(label) else label,)
            yield Record(f"line {row.number}", rows.numbers(row, row.cells)[:, None], labels)

    def _is_value(self, rows: NumberRows, cell: str) -> bool:
        """Return whether the last cell of a row that has something behind it is no label."""
        return self.label == "last" and not (self.is_word and not rows.is_number(cell))

    def _has_label(self, rows: NumberRows) -> bool:
        """Return whether there are labels: rows to predict need none."""
        cells = [row.cells for row in rows.beginning]
        if self.is_word:
            is_there = _are_words(rows, cells, self.label)
        else:
            is_there = not self.width or {len(row) for row in cells} != {self.width - 1}
        if not is_there:
            log.info("%s: the rows have no label", rows.path)
        return is_there


def _are_words(rows: NumberRows, cells: Sequence[list[str]], end: End) -> bool:
    return not all(rows.is_number(row[ENDS[end]]) for row in cells)


def _end(rows: NumberRows, cells: Sequence[list[str]]) -> End:
    """Return at which end of the rows the labels are.

    Words are labels; else whole numbers, of which many rows have the same.

    Raises:
        DataError: they could be at either end, or at none.
    """
    words = [end for end in ENDS if _are_words(rows, cells, end)]
    whole = [end for end in ENDS if _are_few_numbers(rows, [row[ENDS[end]] for row in cells])]
    found = words or whole
    if len(found) != 1:
        which = "the first and the last cell" if found else "neither the first nor the last cell"
        raise DataError(
            f"{rows.path}: {which} of each row may be its label; set data.label=first or data.label=last"
        )
    return found[0]


def _are_few_numbers(rows: NumberRows, column: Sequence[str]) -> bool:
    if any(rows.is_missing(cell) or not rows.is_number(cell) for cell in column):
        return False
    values = [float(rows.dialect.number(cell)) for cell in column]
    return all(value.is_integer() for value in values) and 2 * len(set(values)) <= len(values)
