"""Columns of numbers with a time, from a file, read strictly and put in order."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from seqlab.data.kept import Kept
from seqlab.data.series.order import Rows, in_order, numbered
from seqlab.data.series.several import CodedColumn, lengths_of, series_ids, suspected
from seqlab.data.series.static import Meanings, meanings_of, spelled_out, static_columns
from seqlab.data.series.times import Clock
from seqlab.data.series.zone import has_hours, to_utc
from seqlab.data.table.base import Table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """Measurements in the order of their times, which may have gaps; one series behind the other.

    Attributes:
        times: datetime64[us], ascending in a series, [R]; or the numbers of rows without times, from 1.
        numbers: [R, columns]; a missing one is NaN.
        columns: their names.
        zone: of the times, which are in UTC then; None for times as they are written.
        lengths: rows of each series by its id; empty for one series without an id.
        meanings: what may stand in each static column: some words, each a column of its own, or numbers.
    """

    times: np.ndarray
    numbers: np.ndarray
    columns: tuple[str, ...]
    lengths: Mapping[str, int] = field(default_factory=dict)
    meanings: Meanings = field(default_factory=dict)
    zone: str | None = None

    @classmethod
    def of(cls, made: Kept) -> Self:
        """Return what ``kept`` has kept."""
        meanings = {name: tuple(words) for name, words in made.about["meanings"].items()}
        return cls(
            **made.arrays,
            columns=tuple(made.about["columns"]),
            lengths=made.about["lengths"],
            meanings=meanings,
            zone=made.about["zone"],
        )

    @property
    def kept(self) -> Kept:
        """The measurements as arrays and plain values."""
        about = {name: getattr(self, name) for name in ("columns", "lengths", "meanings", "zone")}
        return Kept({"times": self.times, "numbers": self.numbers}, about)


def read_measured(
    table: Table,
    clock: Clock,
    columns: Sequence[str],
    *,
    sentinels: Sequence[float] = (),
    duplicates: str = "error",
    series_id: Sequence[str] = (),
    static: Mapping[str, tuple[str, ...] | None] | None = None,
    is_local: bool | None = None,
) -> Measured:
    """Read columns of a file.

    Args:
        table: the file.
        clock: how it says when a row was measured.
        columns: the columns of numbers.
        sentinels: numbers that mean "not measured".
        duplicates: what is done with two rows of one time and different values: "error", or "first" to keep
            the first of them.
        series_id: the columns that name the series of a row.
        static: columns that say one thing of a series, and what may stand in them; None to find out.
        is_local: whether times are those of the clock's zone; None to find out, by hours of the day.

    Raises:
        DataError: a cell is no number or no time, or two rows contradict each other.
    """
    if not columns:
        raise table.error(
            1, f"no column is left beside the time '{' '.join(clock.columns)}'; name others with data.targets"
        )
    words = {name: CodedColumn() for name in static or {}}
    rows, names = _rows(table, clock, columns, series_id, words)
    _drop_sentinels(columns, rows.numbers[:, : len(columns)], sentinels)

    def suspect(*, numbers: bool) -> tuple[str, ...]:
        return suspected(table, clock, series_id, numbers=numbers)

    is_local = has_hours(rows.times) if is_local is None else is_local
    zone = clock.zone if clock.columns and is_local else None
    if zone:
        rows = rows._replace(times=to_utc(table, rows.times, rows.lines, rows.series, zone))
    if clock.columns:
        rows = in_order(table, rows, keep_first=duplicates == "first", suspect=suspect)
    elif series_id:
        rows = numbered(rows)
    lengths = lengths_of(rows.series, names) if series_id else {}
    measured = Measured(rows.times, rows.numbers[:, : len(columns)], tuple(columns), lengths, zone=zone)
    if not static:
        return measured
    known = {name: found for name, found in static.items() if found is not None}
    codes = rows.numbers[:, len(columns) :].astype(np.int64)
    _check_static(table, rows, codes, [*words])
    meanings = known or meanings_of(words, table.dialect, series_id)
    numbers = np.column_stack([measured.numbers, spelled_out(codes, words, meanings, table.dialect)])
    return replace(
        measured, numbers=numbers, columns=(*columns, *static_columns(meanings)), meanings=meanings
    )


def _rows(
    table: Table,
    clock: Clock,
    columns: Sequence[str],
    series_id: Sequence[str],
    words: Mapping[str, CodedColumn],
) -> tuple[Rows, tuple[str, ...]]:
    """Return all rows, static codes after the values of the columns, and the ids of the series."""
    ids, times, values, lines = CodedColumn(), [], [], []
    for found, chunk in clock.read(table, columns, (*series_id, *words)):
        times.append(found)
        lines.append(chunk.lines)
        values.append(chunk.numbers)
        if series_id:
            ids.add(series_ids(table, chunk.lines, series_id, chunk.words[: len(series_id)]))
        for static, cells in zip(words.values(), chunk.words[len(series_id) :], strict=True):
            static.add([str(cell) for cell in cells])
    numbers = np.concatenate(values)
    if words:
        numbers = np.column_stack([numbers, *(static.codes for static in words.values())])
    series = ids.codes if series_id else np.zeros(len(numbers), np.int32)
    return Rows(np.concatenate(times), numbers, np.concatenate(lines), series), ids.names


def _check_static(table: Table, rows: Rows, codes: np.ndarray, names: Sequence[str]) -> None:
    """Refuse static columns that change within a series.

    Args:
        table: the file.
        rows: its rows.
        codes: the number of each row's word, one column a static column, [R, S].
        names: of the static columns.

    Raises:
        DataError: one changes.
    """
    changes = (np.diff(codes, axis=0) != 0) & (np.diff(rows.series) == 0)[:, None]
    for name, column in zip(names, changes.T, strict=True):
        if column.any():
            line = int(rows.lines[int(column.argmax()) + 1])
            raise table.error(
                line,
                f"data.static: column '{name}' changes within a series; name it in data.features instead",
            )


def _drop_sentinels(columns: Sequence[str], numbers: np.ndarray, sentinels: Sequence[float]) -> None:
    """Make what was not measured NaN, and say how much that is."""
    blank = np.isnan(numbers).sum(0)
    numbers[np.isin(numbers, list(sentinels))] = np.nan
    for name, empty, missing in zip(columns, blank, np.isnan(numbers).sum(0), strict=True):
        if missing:
            log.warning(
                "%s: %s values are missing (%s blank, %s sentinels)", name, missing, empty, missing - empty
            )
