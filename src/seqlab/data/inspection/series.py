"""What a table is as a series: the columns of its times, the ids of several series, the step."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from seqlab.data.inspection.calendar import MOSTLY, is_called_time, zone_of
from seqlab.data.inspection.columns import Column
from seqlab.data.inspection.suggestion import Settings, Suggestion, window
from seqlab.data.series.recognition import recognise
from seqlab.data.series.several import IDS, CodedColumn, id_columns
from seqlab.data.series.spec import DAY_AND_HOUR, ISO, PARTS, USUAL
from seqlab.data.series.times import parsed

PARTED = ("year", "month", "day", "hour", "minute", "second")
"""What columns are called that are parts of a time."""
PARTS_OF_TIME = {
    *PARTED,
    "week",
    "quarter",
    "weekday",
    "dayofweek",
    "day_of_week",
    "dow",
    "hr",
    "hour_of_day",
}
"""What a column is called that is a part of a time, and so no id."""
YEARS = 10_000
"""Numbers below which a time is a year."""
HOURS = ("hour", "hr", "hour_of_day")
"""What a column is called that holds the hour of a day."""


class Times(NamedTuple):
    """The columns of a time, how they are written, and the times of all rows."""

    columns: list[str]
    time_format: str
    times: np.ndarray

    @property
    def settings(self) -> Settings:
        """What says so to ``seqlab train``."""
        named: Settings = {"data.time": self.columns[0] if len(self.columns) == 1 else self.columns}
        return named if self.time_format in USUAL else named | {"data.time_format": self.time_format}


def times_of(columns: Sequence[Column]) -> Times | None:
    """Return the times of a table: of one column, of day and time of the day, or of year, month, …."""
    days = sorted((one for one in columns if one.kind == "time"), key=_is_doubtful)
    day = next((one for one in days if one.name.lower() not in PARTED), None)
    parts = _parts(columns)
    week = next((one for one in columns if one.name.lower() == "week" and one.is_whole), None)
    if day is None and len(parts) == 1 and week is not None:
        chosen, time_format = [*parts, week], "%G %V"
    elif day is None and (written := _format_of_parts(parts)):
        chosen, time_format = parts, written
    elif (day := day or next(iter(days), None)) is None:
        return None
    else:
        clock = _clock(columns, day)
        chosen, time_format = [day], day.time_format or ISO
        if clock is not None:
            chosen, time_format = [day, clock], _joined(time_format, clock)
    cells = _in_rows(chosen)
    names = [one.name or f"Unnamed: {columns.index(one)}" for one in chosen]
    return Times(names, time_format, parsed(cells, time_format))


def _is_doubtful(time: Column) -> bool:
    """Return whether times may be measurements: numbers that are called otherwise, or could be years."""
    return time.numbers is not None and (not is_called_time(time.name) or time.numbers.max() < YEARS)


def _parts(columns: Sequence[Column]) -> list[Column]:
    """Return the columns of year, month and so on, up to the first that there is not."""
    called = {one.name.lower(): one for one in columns}
    found: list[Column] = []
    for name in PARTED:
        if name not in called:
            break
        found.append(called[name])
    return found


def _format_of_parts(parts: Sequence[Column]) -> str | None:
    """Return how parts of a time are written, months as numbers or by name; None if they are none."""
    if len(parts) < 2:  # noqa: PLR2004 (a year and a month)
        return None
    cells, numeric = _in_rows(parts), PARTS[len(parts) - 2]
    formats = (numeric.replace("%m", month) for month in ("%m", "%B", "%b"))
    return next((one for one in formats if np.isnat(parsed(cells, one)).mean() < 1 - MOSTLY), None)


def _in_rows(columns: Sequence[Column]) -> list[str]:
    """Return the cells of each row, joined by blanks."""
    return [" ".join(cells) for cells in zip(*(one.cells for one in columns), strict=True)]


def _clock(columns: Sequence[Column], day: Column) -> Column | None:
    """Return the column of times of the day, or else of its hours, that tells rows of a day apart."""
    hours = {str(hour) for hour in range(25)} | {f"{hour:02d}" for hour in range(25)}
    clocks = [one for one in columns if one.kind == "clock"]
    clocks += [one for one in columns if one.name.lower() in HOURS and set(one.cells) <= hours]
    days = len(set(day.cells))
    return next((one for one in clocks if len(set(zip(day.cells, one.cells, strict=True))) > days), None)


def _joined(day: str, clock: Column) -> str:
    """Return how a day and a time of the day, or an hour, are written behind each other."""
    if clock.clock is None:
        return DAY_AND_HOUR if day == ISO else f"{day} %H"
    if day == ISO:
        return ISO if clock.clock in ("%H:%M", "%H:%M:%S") else f"%Y-%m-%d {clock.clock}"
    return f"{day} {clock.clock}"


def as_series(
    found: Times, columns: Sequence[Column], ids: Sequence[Column], measured: Sequence[Column]
) -> Iterator[Suggestion]:
    """Yield the series that a table may be.

    Args:
        found: its times.
        columns: all of it.
        ids: the columns that look like an id.
        measured: the columns of numbers that may be forecast.
    """
    others = [one for one in columns if one.name and one.name not in found.columns]
    is_several = len(np.unique(found.times)) < len(found.times) and not zone_of(found.times)
    if is_several and (names := _ids_by_times(others, found.times) or [one.name for one in ids[:1]]):
        yield _series(found, others, names, measured)
        return
    called = [one.name for one in ids if one.name.lower() in IDS]
    if called and not is_several:
        yield _series(found, others, called[:1], measured)
    yield _series(found, others, [], measured)


def _ids_by_times(columns: Sequence[Column], times: np.ndarray) -> list[str]:
    """Return the columns of names, or of whole numbers, within whose values times increase."""
    among = [one for one in columns if one.name.lower() not in PARTS_OF_TIME]
    coded = {one.name: CodedColumn() for one in among if one.kind == "name" or one.is_whole}
    for one in columns:
        if one.name in coded:
            coded[one.name].add(one.cells)
    return list(id_columns(coded, times, np.zeros(len(times), np.int64)))


def _series(
    found: Times, others: Sequence[Column], ids: Sequence[str], measured: Sequence[Column]
) -> Suggestion:
    targets = [one for one in measured if one.name not in ids] or list(measured)
    settings = found.settings | {"data.targets": [targets[0].name]}
    times, what = found.times, "one series"
    if ids:
        keys = list(zip(*(one.cells for one in others if one.name in ids), strict=True))
        settings["data.series_id"] = ids[0] if len(ids) == 1 else list(ids)
        what = f"{len(set(keys))} series, told apart by '{', '.join(ids)}'"
        times = found.times[[key == keys[0] for key in keys]]
    called = [one for one in others if not ids and one.name.lower() in IDS and one.repeats]
    settings |= _left_out(others, [*ids, targets[0].name], called)
    times = times[~np.isnat(times)]
    if again := len(times) - len(np.unique(times)):
        what += f", {again} of whose times come twice"
        if zone := zone_of(times):
            settings["data.timezone"] = zone
            what += f", as where clocks go back (is {zone} the time zone of the file?)"
    times = np.unique(times)
    step = str(recognise(times)) if len(times) > 2 else "unknown"  # noqa: PLR2004 (a distance and another)
    sentinels = sorted({one.sentinel for one in measured if one.sentinel is not None})
    if sentinels:
        settings["data.sentinels"] = [f"{value:.17g}" for value in sentinels]
    return Suggestion(f"{what}, with steps of {step}", "series_csv", settings | window(len(times)))


def in_order(columns: Sequence[Column], ids: Sequence[Column], measured: Sequence[Column]) -> Suggestion:
    """Return a table without times as series whose rows are steps."""
    settings: Settings = {"data.time": "null"}
    id_of, counter = _counted_within(columns)
    series = next((one for one in ids if one.name.lower() in IDS), id_of)
    targets = [one for one in measured if one not in (series, counter)] or list(measured)
    settings["data.targets"] = [targets[0].name]
    steps, what = len(measured[0].cells), "one series, a row a step"
    if series is not None:
        settings["data.series_id"] = series.name
        steps = min(series.counts.values())
        what = f"{len(series.counts)} series, told apart by '{series.name}', a row a step"
    read = [targets[0].name, *([series.name] if series is not None else [])]
    settings |= _left_out(columns, read, [counter] if counter is not None and series is not None else [])
    return Suggestion(what, "series_csv", settings | window(steps))


def _left_out(columns: Sequence[Column], read: Sequence[str], further: Sequence[Column]) -> Settings:
    """Return the setting that leaves out what holds no measurements, and ``further`` columns.

    Args:
        columns: those beside the times.
        read: the names of those that are read in any case.
        further: columns of numbers that are left out too.
    """
    among = [one for one in columns if one.name and one.name not in read]
    names = [one.name for one in among if not one.is_measured or one in further]
    return {"data.drop": names} if names else {}


def _counted_within(columns: Sequence[Column]) -> tuple[Column | None, Column | None]:
    """Return a column of ids, and one that numbers the rows of each; None for both if there is none."""
    for counter in columns:
        if counter.numbers is None or counter.missing or not counter.is_whole:
            continue
        begins = np.diff(counter.numbers) != 1
        if (counter.numbers[1:][begins] != counter.numbers[0]).any():
            continue
        for one in columns:
            changes = np.array([cell != after for cell, after in pairwise(one.cells)])
            if one is not counter and np.array_equal(changes, begins) and len(one.counts) == begins.sum() + 1:
                return one, counter
    return None, None
