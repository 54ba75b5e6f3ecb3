"""A row a sequence, in a table whose columns have names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from seqlab.data.sequences.layout import LABELS, RowLayout, cell_of, id_column
from seqlab.data.sequences.records import Record, Records
from seqlab.data.sequences.rows import is_number
from seqlab.data.table.base import Table
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences


@dataclass(frozen=True)
class Named(RowLayout):
    """A row a sequence of one channel. It ends where only missing numbers follow. Each column is a step."""

    name: Literal["named"] = "named"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:
        """Return the layout of a training file, from its header and the settings.

        Raises:
            DataError: a column is missing, or it is not clear which one has the labels.
        """
        table = data.table(path)
        header = [name for name in table.header if name]
        labels = data.labels or [label_column(table, header)]
        series_id = data.series_id or id_column(header) or ""
        group = data.group or ""
        columns = data.features or [n for n in header if n not in {*labels, series_id, group}]
        table.places([*labels, *filter(None, (series_id, group)), *columns])
        return cls(tuple(columns), tuple(labels), series_id, group)

    def __str__(self) -> str:
        return f"a row a sequence, its label in the column {', '.join(self.labels)}"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences; their labels may be absent.

        Raises:
            DataError: a cell is no number, or a column is missing.
        """
        return Records.of(path, ["value"], self.labels, self._records(data.table(path)))

    def _records(self, table: Table) -> Iterator[Record]:
        has_labels = all(name in table.header for name in self.labels)
        others = [name for name in (self.series_id, self.group) if name and name in table.header]
        names = [*(self.labels if has_labels else ()), *others]
        for lines, numbers, words in table.chunks(self.columns, words=names):
            for row, values in enumerate(numbers):
                found = {name: cell_of(table, column[row]) for name, column in zip(names, words, strict=True)}
                yield Record(
                    found.get(self.series_id) or f"{table.row_word} {lines[row]}",
                    values[:, None],
                    tuple(found[name] for name in self.labels) if has_labels else None,
                    found.get(self.group),
                )


def label_column(table: Table, header: Sequence[str]) -> str:
    """Return the column of labels: the one called so, or the first or last one if that holds words.

    Raises:
        DataError: there is none, or more than one.
    """
    found = [name for name in header if name.lower() in LABELS]
    if not found:
        first = next(iter(table.head(1)), None)
        ends = dict.fromkeys((header[0], header[-1]))
        places = zip(ends, table.places(ends), strict=True)
        found = [name for name, place in places if first and not is_number(first.cells[place], table.dialect)]
    if len(found) != 1:
        which = f"{' and '.join(found)} may hold labels" if found else "no column is called like labels"
        raise DataError(f"{table.path}: {which}; set data.label to the column of labels")
    return found[0]
