"""Several series in one file: their ids, and the column that looks like one where none was named."""

import logging
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from seqlab.data.sequences.layout import IDS as NAMED
from seqlab.data.series.times import Clock
from seqlab.data.table.base import Table
from seqlab.io.override import setting

log = logging.getLogger(__name__)

IDS = NAMED | {
    *("store", "station", "sensor", "patient", "machine", "ticker", "symbol", "item", "site", "unit"),
}
"""What a column is often called that says which series a row belongs to."""
SHORTEST = 3
"""Minimum mean number of rows per id, before a column looks like one."""
MOST_COLUMNS = 12
"""Columns of which pairs are looked at."""


class CodedColumn:
    """The cells of a column as numbers: each distinct one by the order in which it came."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.numbers: dict[str, int] = {word: number for number, word in enumerate(known)}
        self._pieces: list[np.ndarray] = []

    def add(self, cells: Sequence[str]) -> None:
        """Add some cells."""
        numbers = self.numbers
        self._pieces.append(np.array([numbers.setdefault(cell, len(numbers)) for cell in cells], np.int32))

    @property
    def names(self) -> tuple[str, ...]:
        """The distinct cells, in the order of their numbers."""
        return tuple(self.numbers)

    @property
    def codes(self) -> np.ndarray:
        """The number of each cell, [R]."""
        return np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int32)


def series_ids(
    table: Table, lines: np.ndarray, names: Sequence[str], columns: Sequence[np.ndarray]
) -> list[str]:
    """Return the id of each row's series, [n]: its cells, joined by "/" so that different cells differ.

    Raises:
        DataError: a cell is blank.
    """
    cells = [[str(cell) for cell in column] for column in columns]
    for name, column in zip(names, cells, strict=True):
        if "" in column:
            line = int(lines[column.index("")])
            raise table.error(line, f"column '{name}' is blank; every row needs the id of its series")
    if len(cells) == 1:
        return cells[0]
    escaped = [[cell.replace("\\", "\\\\").replace("/", "\\/") for cell in column] for column in cells]
    return ["/".join(row) for row in zip(*escaped, strict=True)]


def looks_like_id(codes: np.ndarray, times: np.ndarray) -> bool:
    """Return whether times strictly increase within each id, but not over the whole file.

    Args:
        codes: a number for each distinct cell, [R].
        times: of the rows in the order of the file, [R].
    """
    count = len(np.unique(codes))
    if not 1 < count <= len(codes) / SHORTEST:
        return False
    order = np.argsort(codes, kind="stable")
    is_same = np.diff(codes[order]) == 0
    zero = np.zeros(1, times.dtype)[0] - np.zeros(1, times.dtype)[0]
    return bool((np.diff(times[order])[is_same] > zero).all()) and bool((np.diff(times) <= zero).any())


def id_columns(columns: Mapping[str, CodedColumn], times: np.ndarray, ids: np.ndarray) -> tuple[str, ...]:
    """Return the column, else the two, that look like the id of several series; none if none do.

    Args:
        columns: cells of a file by the name of their column.
        times: of the rows in the order of the file, [R].
        ids: codes of the ids that are already set, [R].
    """
    few = [name for name, words in columns.items() if 1 < len(words.names) <= len(times) / SHORTEST]
    fewest = sorted(few, key=lambda name: len(columns[name].names))
    for names in (*((name,) for name in fewest), *combinations(few[:MOST_COLUMNS], 2)):
        codes = ids.astype(np.int64)
        for name in names:
            codes = codes * len(columns[name].names) + columns[name].codes
        if looks_like_id(codes, times):
            return names
    return ()


def parts(count: int, lengths: Mapping[str, int]) -> dict[str, slice]:
    """Return where each series stands among ``count`` rows or steps that are end to end.

    Args:
        count: of all.
        lengths: of each series by its id; empty for one series without an id.
    """
    ends = np.cumsum(list(lengths.values()), dtype=np.int64).tolist() or [count]
    return {
        name: slice(begin, end)
        for name, begin, end in zip(lengths or {"": count}, [0, *ends[:-1]], ends, strict=True)
    }


def lengths_of(codes: np.ndarray, names: Sequence[str]) -> dict[str, int]:
    """Return how many rows each series has, from the number of each row's series, [R]."""
    return dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))


def suspected(table: Table, clock: Clock, series_id: Sequence[str], *, numbers: bool) -> tuple[str, ...]:
    """Return the columns of a file that look like the id of several series; none if none do.

    Args:
        table: the file.
        clock: how it says when a row was measured.
        series_id: columns that tell some series apart, but not enough.
        numbers: whether columns of numbers may be an id.

    Raises:
        DataError: the file is malformed.
    """
    others = [name for name in table.header if name and name not in (*clock.columns, *series_id)]
    columns = {name: CodedColumn() for name in others if table.header.count(name) == 1}
    times, ids = [], CodedColumn()
    for found, chunk in clock.read(table, (), (*series_id, *columns)):
        times.append(found)
        named = chunk.words[: len(series_id)]
        ids.add(series_ids(table, chunk.lines, series_id, named) if series_id else [""] * len(found))
        for words, cells in zip(columns.values(), chunk.words[len(series_id) :], strict=True):
            words.add([str(cell) for cell in cells])
    if not numbers:
        columns = {
            name: words for name, words in columns.items() if not all(map(table.is_number, words.names))
        }
    added = id_columns(columns, np.concatenate(times), ids.codes)
    return (*series_id, *added) if added else ()


def question(columns: Sequence[str]) -> str:
    """Return the hint that columns may be an id, and the setting that says so."""
    named = ",".join(columns)
    value = named if len(columns) == 1 else f"[{named}]"
    return f"does the file hold several series, named by {named}? Set data.series_id={value}"


def warn_of_ids(names: Sequence[str]) -> None:
    """Say which columns are called like an id of several series, and are read as measurements."""
    for name in names:
        if name.lower() in IDS:
            log.warning(
                "column '%s' is read as a measurement; if it names several series, set data.series_id=%s, "
                "else leave it out: %s",
                *(name, name, setting("data.drop", [name])),
            )
