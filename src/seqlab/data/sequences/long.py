"""A row a step: an id says which sequence it belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from seqlab.data.sequences.layout import LABELS, TIMES, Layout, cell_of, id_column
from seqlab.data.sequences.records import Record, Records
from seqlab.data.sequences.rows import BEGINNING, is_number
from seqlab.data.sequences.side_inputs import columns_of
from seqlab.data.table.base import Table
from seqlab.data.table.words import word_columns
from seqlab.errors import DataError
from seqlab.io.override import setting

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences


FIX = "fix or remove the row"
OF_LABELS = f"use task=tagging to predict a label at every step, or {FIX}"
"""What to do about rows of a sequence that have different labels."""
DAY = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
"""A date as ISO 8601 has it without dashes."""


@dataclass(frozen=True)
class Long(Layout):
    """A row a step; the rows of a sequence share an id, and its labels unless each has one.

    Attributes:
        series_id: the column of ids.
        columns: the columns of numbers, the channels.
        labels: the columns of labels.
        time: the column by which rows are sorted; "" for the order of the file.
        group: the column of groups; "" if there is none.
        each_step: whether each row has a label of its own.
    """

    series_id: str
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    time: str = ""
    group: str = ""
    each_step: bool = False
    name: Literal["long"] = "long"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:
        """Return the layout of a training file, from its header, its first rows and the settings.

        Raises:
            DataError: a column is missing, or it is not clear which one is meant.
        """
        table = data.table(path)
        series_id = data.series_id or id_column(table.header)
        if series_id is None:
            raise DataError(f"{path}: set data.series_id to the column of ids; there are {_listed(table)}")
        times = [name for name in table.header if name.lower() in TIMES and name != series_id]
        time = (times or [""])[0] if data.time == "auto" else data.time or ""
        taken = {series_id, time, data.group, *(data.features or ()), *columns_of(data.side_inputs), ""}
        rest = [name for name in table.header if name not in taken]
        each_step = data.problem_type == "tagging"
        labels = data.labels or [
            _tag_column(table, rest) if each_step else _label_column(table, series_id, rest)
        ]
        columns = data.chosen([name for name in rest if name not in labels])
        table.places(filter(None, [series_id, *labels, time, data.group, *columns]))
        if words := word_columns(table, [name for name in columns if name != time]):
            numbers = [name for name in columns if name not in words]
            how = (
                f"read the others: {setting('data.features', numbers)}"
                if numbers
                else "write them as numbers"
            )
            raise DataError(f"{path}: words, not numbers, are in: {','.join(words)}; {how}")
        if not columns:
            raise DataError(f"{path}: no column of numbers is left; there are {_listed(table)}")
        return cls(series_id, tuple(columns), tuple(labels), time, data.group or "", each_step)

    def __str__(self) -> str:
        by = f", sorted by '{self.time}'" if self.time else ""
        label = f"label {', '.join(self.labels)}{' at every step' if self.each_step else ''}"
        return f"a row a step, '{self.series_id}' says of which sequence{by}; {label}"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences; their labels may be absent.

        Raises:
            DataError: a cell is no number, a row has no id, or the rows of a sequence contradict each other.
        """
        table = data.table(path)
        labels = self.labels if all(name in table.header for name in self.labels) else ()
        names = [*labels, *filter(table.header.__contains__, [self.group])]
        keys = [self.series_id, *filter(None, [self.time])]
        numbers = [name for name in self.columns if name != self.time]
        chunks = list(table.chunks(numbers, words=[*keys, *names]))
        values = np.concatenate([chunk.numbers for chunk in chunks])
        found = [np.concatenate(column) for column in zip(*(chunk.words for chunk in chunks), strict=True)]
        columns = dict(zip([*keys, *names], found, strict=True))
        rows = _Rows(table, np.concatenate([chunk.lines for chunk in chunks]), columns[self.series_id])
        if self.time:
            times = rows.sort(self.time, columns[self.time])
            if self.time in self.columns:
                values = np.insert(values, self.columns.index(self.time), times, axis=1)
        groups = rows.shared(self.group, columns[self.group]) if self.group in names else None
        if self.each_step:
            records = rows.records(values, None, groups, columns[labels[0]] if labels else None)
        else:
            said = [rows.shared(name, columns[name], OF_LABELS) for name in labels]
            records = rows.records(values, list(zip(*said, strict=True)) if labels else None, groups)
        return Records.of(
            path, self.columns, self.labels, records, each_step=self.each_step, padding=data.padding
        )


class _Rows:
    """Which rows belong to which sequence, in which order."""

    def __init__(self, table: Table, lines: np.ndarray, ids: np.ndarray) -> None:
        import pandas as pd  # noqa: PLC0415 (slow)

        self.table, self.lines = table, lines
        blank = np.array([not cell_of(table, word) for word in ids])
        self.refuse(blank, "the id of the sequence is missing")
        self.codes, self.names = pd.factorize(ids)
        self.order = np.argsort(self.codes, kind="stable")

    def refuse(self, wrong: np.ndarray, reason: str, remedy: str = FIX) -> None:
        """Raise an error that names the first row that is wrong, if there is one."""
        if wrong.any():
            raise self.table.error(int(self.lines[wrong.argmax()]), f"{reason}; {remedy}")

    def sort(self, name: str, times: np.ndarray) -> np.ndarray:
        """Sort the rows of each sequence by their times; return these, dates in seconds, in the file's order.

        Raises:
            DataError: a time is none, or two rows of a sequence have the same.
        """
        keys, unit = _comparable(times)
        self.refuse(np.isnan(keys), f"'{name}' is no number and no time of ISO 8601")
        self.order = np.lexsort((keys, self.codes))
        codes, ordered = self.codes[self.order], keys[self.order]
        same = np.zeros(len(codes), dtype=bool)
        same[self.order[1:]] = (codes[1:] == codes[:-1]) & (ordered[1:] == ordered[:-1])
        self.refuse(same, f"another row of the same sequence has this '{name}' too")
        return keys * unit

    def shared(self, name: str, words: np.ndarray, remedy: str = FIX) -> Sequence[str]:
        """Return the word that all rows of a sequence have, for each sequence.

        Raises:
            DataError: they have different ones.
        """
        found = words[np.unique(self.codes, return_index=True)[1]]
        differs = words != found[self.codes]
        self.refuse(differs, f"'{name}' differs from that of the sequence's first row", remedy)
        return [cell_of(self.table, word) for word in found]

    def records(
        self,
        values: np.ndarray,
        labels: Sequence[tuple[str, ...]] | None,
        groups: Sequence[str] | None,
        tags: np.ndarray | None = None,
    ) -> Iterator[Record]:
        """Yield the sequences in the order of their first rows."""
        ends = np.cumsum(np.bincount(self.codes))
        pieces = np.split(self.order, ends[:-1])
        for number, (name, rows) in enumerate(zip(self.names, pieces, strict=True)):
            yield Record(
                str(name),
                values[rows],
                None if labels is None else labels[number],
                None if groups is None else groups[number],
                None if tags is None else [cell_of(self.table, tag) for tag in tags[rows]],
            )


def _label_column(table: Table, series_id: str, candidates: Sequence[str]) -> str:
    """Return the column of labels: the one called so, or the only one that is constant in each sequence.

    Raises:
        DataError: there is none, or more than one.
    """
    named = [name for name in candidates if name.lower() in LABELS]
    if len(named) == 1:
        return named[0]
    rows = [row.cells for row in table.head(BEGINNING)]
    at_id = table.places([series_id])[0]
    cells = {
        name: [(row[at_id], row[place]) for row in rows]
        for name, place in zip(candidates, table.places(candidates), strict=True)
    }
    count = len({row[at_id] for row in rows})
    constant = [name for name, pairs in cells.items() if len(set(pairs)) == count]
    words = [name for name in constant if not all(is_number(cell, table.dialect) for _, cell in cells[name])]
    found = words or constant
    if len(found) != 1:
        which = "no column is" if not found else f"{' and '.join(found)} are"
        raise DataError(
            f"{table.path}: {which} the same in all rows of each sequence; set data.label to the column of "
            f"labels, with task=tagging if they change within a sequence; there are {_listed(table)}"
        )
    return found[0]


def _tag_column(table: Table, candidates: Sequence[str]) -> str:
    """Return the column of the steps' labels: the one called so, or the only one with words.

    Raises:
        DataError: there is none, or more than one.
    """
    found = [name for name in candidates if name.lower() in LABELS]
    if not found:
        rows = [row.cells for row in table.head(BEGINNING)]
        places = zip(candidates, table.places(candidates), strict=True)
        found = [
            name for name, place in places if not all(is_number(row[place], table.dialect) for row in rows)
        ]
    if len(found) != 1:
        which = f"{' and '.join(found)} may hold" if found else "no column has words, as"
        raise DataError(
            f"{table.path}: {which} labels; set data.label to the column of labels; "
            f"there are {_listed(table)}"
        )
    return found[0]


def _comparable(times: np.ndarray) -> tuple[np.ndarray, float]:
    """Return times as numbers to sort by, NaN where one is none, and how many seconds 1 is; 1 for numbers."""
    import pandas as pd  # noqa: PLC0415 (slow)

    found = pd.Series(times)
    if times.dtype.kind == "M":
        parsed = found
    else:
        numbers = pd.to_numeric(found, errors="coerce").to_numpy(np.float64)
        are_days = bool(found.str.fullmatch(DAY).all())
        if not are_days and not np.isnan(numbers).all():
            return numbers, 1.0
        parsed = pd.to_datetime(found, format="ISO8601", errors="coerce", utc=True)
    ticks = parsed.to_numpy("datetime64[ns]").astype(np.float64)
    return np.where(parsed.isna(), np.nan, ticks), 1e-9


def _listed(table: Table) -> str:
    return ", ".join(f"'{name}'" for name in table.header[:20])
