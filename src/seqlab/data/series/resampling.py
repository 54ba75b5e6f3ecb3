"""From measurements to a grid: the step that rows follow, the place of each, and what is said of gaps."""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seqlab.data.series.grid import Grid
from seqlab.data.series.recognition import recognise
from seqlab.data.series.several import parts
from seqlab.data.series.spec import written
from seqlab.data.series.step import Averaging, Duration, Row, Step, Uneven, Weekdays
from seqlab.data.series.table import Measured
from seqlab.errors import DataError

log = logging.getLogger(__name__)

MINUTE = 60_000_000
"""Microseconds of it."""
LARGEST_GRID = 100
"""Steps that a grid may have for every row; more means a mistyped date."""
JITTER = 1.05
"""How many steps rows may mostly be apart: some loggers are late by a second or two."""
SHOWN = 5
"""Gaps that are listed one by one."""
LONGEST = 20
"""So many of the longest series say what a step is."""


@dataclass(frozen=True)
class _Placed:
    """Rows of one series on a grid: their times, the step of each, and the times of all its steps."""

    times: np.ndarray
    places: np.ndarray
    steps: np.ndarray


def resample(measured: Measured, step: Step | None, *, is_uneven: bool = False) -> Grid:
    """Put measurements on a grid.

    Args:
        measured: the measurements, with any gaps.
        step: what is between two steps; None for what the rows follow, each of them a step of its own.
        is_uneven: whether anything may be between two steps, and ``step`` is what is usual.

    Raises:
        DataError: the rows are further apart than a step, there is only one, a time is far off, or two rows
            would unasked share a step.
    """
    rows = {name: measured.times[part] for name, part in parts(len(measured.times), measured.lengths).items()}
    longest = sorted(rows.values(), key=len, reverse=True)[:LONGEST]
    if len(longest[0]) < 2:  # noqa: PLR2004 (one row has no distance to another)
        each = "each" if measured.lengths else "the"
        raise DataError(f"{each} series has one row; it needs at least two times")
    step = _suited(step, longest[0]) if step else _common(longest)
    step = Uneven(step) if is_uneven and not isinstance(step, Uneven) else step
    placed = {name: _place(times, step, name) for name, times in rows.items()}
    _report_step(placed.values(), step)
    lengths = {name: len(one.steps) for name, one in placed.items()}
    begins = parts(sum(lengths.values()), lengths).values()
    place = np.concatenate(
        [one.places + part.start for one, part in zip(placed.values(), begins, strict=True)]
    )
    values = _averaged(measured.numbers, place, sum(lengths.values()))
    times = np.concatenate([one.steps for one in placed.values()])
    grid = Grid(
        step,
        times,
        values,
        measured.columns,
        lengths if measured.lengths else {},
        measured.meanings,
        place,
        measured.zone,
    )
    _report(grid)
    return grid


def _common(series: Sequence[np.ndarray]) -> Step:
    """Return the step that most of some series follow."""
    found = Counter(recognise(times) for times in series if len(times) > 1)
    return found.most_common(1)[0][0]


def _place(times: np.ndarray, step: Step, name: str) -> _Placed:
    """Put the rows of a series on the grid that begins at the first."""
    place = step.places(times)
    if place[-1] > LARGEST_GRID * len(place):
        first, last = written(times[(before := int(np.diff(place).argmax())) : before + 2])
        raise DataError(
            f"{of_series(name)}nothing was measured between {first} and {last}; is one of these dates "
            "mistyped?"
        )
    return _Placed(times, place, _times(times, place, step))


def of_series(name: str) -> str:
    """Return how a message about a series begins."""
    return f"series {name}: " if name else ""


def _times(times: np.ndarray, place: np.ndarray, step: Step) -> np.ndarray:
    """Return the time of each step: its row's own, or as many steps after the row before as it is."""
    found = np.empty(int(place[-1]) + 1, times.dtype)
    if isinstance(step, Averaging):
        found[0], found[1:] = step.start(times), step.after(step.start(times), len(found) - 1)
        return found
    if isinstance(step, Uneven):
        found[place] = step.rounded(times)
        return found
    for before in np.flatnonzero(np.diff(place) > 1):
        first, last = int(place[before]), int(place[before + 1])
        found[first + 1 : last] = step.after(times[before], last - first - 1)
    found[place] = times
    return found


def _averaged(numbers: np.ndarray, place: np.ndarray, length: int) -> np.ndarray:
    """Return the mean of the rows of each step, NaN if there is none, [N, columns]."""
    values = np.full((length, numbers.shape[1]), np.nan)
    if (np.diff(place) > 0).all():
        values[place] = numbers
        values += 0.0  # a sum of one row has no negative zero
        return values
    there = ~np.isnan(numbers)
    count, total = np.zeros_like(values), np.zeros_like(values)
    np.add.at(count, place, there)
    np.add.at(total, place, np.where(there, numbers, 0))
    np.divide(total, count, out=values, where=count > 0)
    return values


def _suited(step: Step, times: np.ndarray) -> Step:
    """Return the wanted step, averaging where rows are nearer to each other; refuse a shorter one."""
    if not isinstance(step, Duration) or times.dtype.kind != "M":
        return step
    minutes = float(np.median(np.diff(times).astype(np.int64))) / MINUTE
    if MINUTE * minutes > JITTER * step.length:
        raise DataError(
            f"rows are mostly {minutes:g} minutes apart, which data.step_minutes={step.length / MINUTE:g} "
            f"cannot resolve; set data.step_minutes to {minutes:g} or more"
        )
    return Averaging(step.length) if JITTER * MINUTE * minutes < step.length else step


def _report_step(placed: Iterable[_Placed], step: Step) -> None:
    """Say what a step is and what becomes of rows that share one; refuse it where nobody asked for that."""
    placed = list(placed)
    rows, steps = (
        sum(len(found) for found in each)
        for each in zip(*((one.times, one.steps) for one in placed), strict=True)
    )
    merged = sum(int((np.diff(one.places) == 0).sum()) for one in placed)
    if step.averages:
        if merged:
            log.info("%s rows are averaged into %s steps of %s", rows, steps, step)
        return
    if merged:
        apart = np.concatenate([np.diff(one.times) for one in placed])
        usual = math.ceil(np.median(apart.astype(np.int64)) / MINUTE)
        raise DataError(
            f"a step is mostly {step}, but {merged} of {rows} rows would share one with the row "
            f"before; set data.step_minutes to {usual} or more to average the rows of a step, or take each "
            "row for a step with data.time=null, or with data.side_inputs.dt=diff:COLUMN (that of the times) "
            "for a cell that reads x.dt, such as ltc"
        )
    log.info("a step is %s", "a row" if isinstance(step, Row) else step)
    if isinstance(step, Weekdays):
        holidays = sum(int(step.apart(one.times).sum() - one.places[-1]) for one in placed)
        if holidays:
            log.warning("%s days of %s have no row and count as holidays, not as gaps", holidays, step)
    if isinstance(step, Duration):
        uneven = sum(_uneven(one, step) for one in placed)
        if uneven:
            log.warning("%s rows come early or late by 5 %% of a step or more; each is a step", uneven)


def _uneven(placed: _Placed, step: Duration) -> int:
    late = np.abs(np.diff(placed.times).astype(np.int64) - np.diff(placed.places) * step.length)
    return int((late > (JITTER - 1) * step.length).sum())


def _report(grid: Grid) -> None:
    """Say where the gaps are, and which columns never change."""
    gaps: list[str] = []
    count, whole = 0, grid.whole
    for name, part in grid.series.items():
        edges = np.flatnonzero(np.diff(np.concatenate([[True], whole[part], [True]]).astype(np.int8)))
        count += len(edges) // 2
        for first, last in edges.reshape(-1, 2)[: SHOWN - len(gaps)].tolist():
            (time,) = written(grid.times[part][first : first + 1], grid.zone)
            gaps.append(f"{name} {time} ({last - first} steps)".strip())
    if count:
        more = f" and {count - SHOWN} more" if count > SHOWN else ""
        log.warning("gaps: %s%s; no window crosses one that is not bridged", ", ".join(gaps), more)
    for name, column in zip(grid.columns, grid.values.T, strict=True):
        if not np.isnan(column).all() and np.nanmin(column) == np.nanmax(column):
            log.warning("column '%s' never changes; it tells a model nothing", name)
