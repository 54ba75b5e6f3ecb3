"""A row a sequence, with its label first or last, or in a named column."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from seqlab.data.sequences.layout import IDS, LABELS, Layout
from seqlab.data.sequences.records import Record, Records
from seqlab.data.sequences.rows import NumberRows
from seqlab.errors import DataError, near

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

log = logging.getLogger(__name__)

ENDS = {"first": 0, "last": -1}
"""Where the label of a row without a header can be."""


@dataclass(frozen=True)
class Wide(Layout):
    """A row a sequence of one channel. It ends with the row, or where only missing numbers follow.

    Attributes:
        label: its column; in a file without a header "first" or "last".
        is_word: whether labels are words, so that a number in their place is none.
        width: cells of every row with its label; 0 if rows differ.
        columns: the columns of numbers; none in a file without a header.
        series_id: the column of the sequences' names; "" if there is none.
        group: the column of groups; "" if there is none.
    """

    label: str
    is_word: bool
    width: int
    columns: tuple[str, ...] = ()
    series_id: str = ""
    group: str = ""
    name: Literal["wide"] = "wide"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:
        """Return the layout of a training file, from its beginning and the settings.

        Raises:
            DataError: it is not clear where labels are, or a column is missing.
        """
        rows = NumberRows(path, data.dialect)
        cells = [row.cells for row in rows.beginning[1 if rows.header else 0 :]]
        if not cells:
            raise DataError(f"{path}: there is no sequence below the header; add data")
        widths = {len(row) for row in cells}
        width = widths.pop() if len(widths) == 1 else 0
        if rows.header:
            return cls._named(rows, cells, data, width)
        for key in ("series_id", "group", "features"):
            if getattr(data, key) is not None:
                raise DataError(f"{path}: data.{key} names a column, and the file has no header; add one")
        label = data.label or _end(rows, cells)
        if label not in ENDS:
            raise DataError(f"{path} has no header, so data.label={label} must be first or last")
        return cls(label, _are_words(rows, cells, ENDS[label]), width)

    @classmethod
    def _named(cls, rows: NumberRows, cells: Sequence[list[str]], data: "Sequences", width: int) -> Self:
        """Return the layout of a file with a header."""
        header = rows.header
        label = data.label or next((name for name in header if name.lower() in LABELS), None)
        label = label or header[ENDS[_end(rows, cells)]]
        series_id = data.series_id or next((name for name in header if name.lower() in IDS), "")
        taken = {label, series_id, data.group, ""}
        columns = data.features or [name for name in header if name not in taken]
        for name in (label, *filter(None, (series_id, data.group)), *columns):
            _place(rows, name)
        return cls(
            label,
            _are_words(rows, cells, header.index(label)),
            width,
            tuple(columns),
            series_id,
            data.group or "",
        )

    def __str__(self) -> str:
        where = f"column '{self.label}'" if self.columns else f"{self.label} cell"
        return f"a row a sequence, its label in the {where}"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences; their labels may be absent.

        Raises:
            DataError: a cell is no number, or a column is missing.
        """
        rows = NumberRows(path, data.dialect)
        if bool(rows.header) != bool(self.columns):
            has, had = ("a", "none") if rows.header else ("no", "one")
            raise DataError(f"{path} has {has} header, and the training file had {had}; make them alike")
        records = self._named_records(rows) if self.columns else self._plain_records(rows)
        return Records.of(path, ["value"], records)

    def _plain_records(self, rows: NumberRows) -> Iterator[Record]:
        place = ENDS[self.label]
        has_label = self._has_label(rows)
        for row in rows:
            label = _label(rows, row.cells.pop(place)) if has_label else None
            yield Record(f"line {row.number}", rows.numbers(row, row.cells)[:, None], label)

    def _named_records(self, rows: NumberRows) -> Iterator[Record]:
        places = [_place(rows, name) for name in self.columns]
        label, series_id, group = (
            rows.header.index(name) if name in rows.header else None
            for name in (self.label, self.series_id or None, self.group or None)
        )
        for row in rows:
            cells = rows.filled(row, len(rows.header))
            values = rows.numbers(row, [cells[place] for place in places])
            yield Record(
                f"line {row.number}" if series_id is None else cells[series_id],
                values[:, None],
                None if label is None else _label(rows, cells[label]),
                None if group is None else cells[group],
            )

    def _has_label(self, rows: NumberRows) -> bool:
        """Return whether rows without a header have labels: those to predict need none."""
        cells = [row.cells for row in rows.beginning]
        if self.is_word:
            is_there = _are_words(rows, cells, ENDS[self.label])
        else:
            is_there = not self.width or {len(row) for row in cells} != {self.width - 1}
        if not is_there:
            log.info("%s: the rows have no label", rows.path)
        return is_there


def _place(rows: NumberRows, name: str) -> int:
    """Return the index of a column.

    Raises:
        DataError: it is missing, or there are two.
    """
    if name not in rows.header:
        raise rows.error(1, f"the header has no column '{name}'; {near(name, rows.header)}")
    if rows.header.count(name) > 1:
        raise rows.error(1, f"two columns are called '{name}'; rename one")
    return rows.header.index(name)


def _label(rows: NumberRows, cell: str) -> str:
    return "" if rows.is_missing(cell) else cell


def _are_words(rows: NumberRows, cells: Sequence[list[str]], place: int) -> bool:
    return any(not rows.is_number(row[place]) for row in cells if len(row) > place)


def _end(rows: NumberRows, cells: Sequence[list[str]]) -> Literal["first", "last"]:
    """Return at which end of the rows the labels are.

    Words are labels; else whole numbers, of which many rows have the same.

    Raises:
        DataError: they could be at either end, or at none.
    """
    words: list[Literal["first", "last"]] = []
    whole: list[Literal["first", "last"]] = []
    for end in ("first", "last"):
        column = [row[ENDS[end]] for row in cells]
        if not all(map(rows.is_number, column)):
            words.append(end)
        elif not any(map(rows.is_missing, column)):
            values = [float(rows.dialect.number(cell)) for cell in column]
            if all(value.is_integer() for value in values) and 2 * len(set(values)) <= len(values):
                whole.append(end)
    found = words or whole
    if len(found) != 1:
        which = "the first and the last cell" if found else "neither the first nor the last cell"
        raise DataError(
            f"{rows.path}: {which} of each row may be its label; set data.label=first or data.label=last"
        )
    return found[0]
