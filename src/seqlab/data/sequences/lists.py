"""A row a sequence whose cells are lists of numbers, as JSON Lines have them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from seqlab.data.sequences.layout import RowLayout, cell_of, id_column
from seqlab.data.sequences.named import label_column
from seqlab.data.sequences.records import Record, Records
from seqlab.data.table.base import Row, Table
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

STEPS, CHANNELS = 1, 2
"""Dimensions of a list of numbers, and of a list of steps that are lists."""


@dataclass(frozen=True)
class Lists(RowLayout):
    """A row a sequence: each column of lists is a channel, or a list of lists the channels of each step."""

    name: Literal["lists"] = "lists"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:
        """Return the layout of a training file, from its first row and the settings.

        Raises:
            DataError: no column has lists, or it is not clear which one has the labels.
        """
        table = data.table(path)
        columns = data.chosen(list_columns(table))
        if not columns:
            raise DataError(f"{path}: no column has lists of numbers, as [0.5, 1.5]")
        others = [name for name in table.header if name not in columns]
        labels = data.labels or [label_column(table, others)]
        series_id, group = data.series_id or id_column(others) or "", data.group or ""
        table.places([*labels, *filter(None, (series_id, group)), *columns])
        return cls(tuple(columns), tuple(labels), series_id, group)

    def __str__(self) -> str:
        lists = ", ".join(self.columns)
        return f"a row a sequence, its numbers in lists ({lists}), its label in {', '.join(self.labels)}"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences; their labels may be absent.

        Raises:
            DataError: a cell is no list of numbers, or a column is missing.
        """
        records = list(self._records(data.table(path)))
        width = records[0].values.shape[1] if records else 0
        channels = self.columns if width == len(self.columns) else [f"channel {n + 1}" for n in range(width)]
        return Records.of(path, channels, self.labels, records)

    def _records(self, table: Table) -> Iterator[Record]:
        has_labels = all(name in table.header for name in self.labels)
        places = table.places(self.columns)
        width = 0
        for row in table.rows():
            cells = dict(zip(table.header, row.cells, strict=True))
            values = _numbers(table, row, places)
            width = width or values.shape[1]
            if values.shape[1] != width:
                reason = f"a step has {values.shape[1]} numbers, and {width} in the first row; fix either"
                raise table.error(row.line, reason)
            yield Record(
                cells.get(self.series_id) or f"{table.row_word} {row.line}",
                values,
                tuple(cell_of(table, cells[name]) for name in self.labels) if has_labels else None,
                cells.get(self.group),
            )


def list_columns(table: Table) -> list[str]:
    """Return the columns whose first cell is a list of numbers, or of lists of them."""
    first = next(iter(table.head(1)), None)
    return [
        name
        for name, cell in zip(table.header, first.cells if first else (), strict=False)
        if cell.startswith("[") and _array(cell) is not None
    ]


def _numbers(table: Table, row: Row, places: list[int]) -> np.ndarray:
    """Return the numbers in some cells of a row, [T, F]."""
    found = [_array(row.cells[place]) for place in places]
    if any(values is None for values in found):
        place = next(place for place, values in zip(places, found, strict=True) if values is None)
        cell = row.cells[place]
        reason = f"'{table.header[place]}' is '{cell:.40}', which is no list of numbers"
        raise table.error(row.line, f"{reason}; fix or remove the row")
    arrays = [values for values in found if values is not None]
    if len({len(values) for values in arrays}) > 1:
        lengths = ", ".join(str(len(values)) for values in arrays)
        raise table.error(row.line, f"lists of {lengths} steps; all channels of a sequence must be as long")
    return np.column_stack(arrays)


def _array(cell: str) -> np.ndarray | None:
    """Return a list in JSON as an array, [T] or [T, F]; NaN for null. None if it is no list of numbers."""
    try:
        values = np.array(json.loads(cell), dtype=np.float64)
    except (ValueError, TypeError, RecursionError):
        return None
    return values if values.ndim in (STEPS, CHANNELS) and values.size else None
