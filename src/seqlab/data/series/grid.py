"""A regular grid of steps: resampling by time, calendar columns, climatology."""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from seqlab.data.series.several import parts
from seqlab.data.series.spec import DAY, YEAR, in_seconds, written
from seqlab.data.series.static import Meanings
from seqlab.data.series.step import Averaging, Duration, Row, Step, Weekdays, recognise
from seqlab.data.series.table import Measured
from seqlab.data.series.zone import local
from seqlab.errors import DataError

log = logging.getLogger(__name__)

MINUTE = 60_000_000
"""Microseconds of it."""
LONG = 2**20
"""Steps of a series that is prepared in blocks."""
BLOCK = 2**17
"""Steps of a block."""
LARGEST_GRID = 100
"""Steps that a grid may have for every row; more means a mistyped date."""
JITTER = 1.05
"""How many steps rows may mostly be apart: some loggers are late by a second or two."""
SHOWN = 5
"""Gaps that are listed one by one."""
ASKED = 20
"""Series, the longest, whose rows say what a step is."""


@dataclass(frozen=True)
class Grid:
    """Values at equal steps, one series behind the other; where nothing was measured they are NaN.

    Attributes:
        step: what is between two steps.
        times: time of each step, datetime64[us], or the numbers of rows without times, [N].
        values: [N, columns].
        columns: their names.
        lengths: steps of each series by its id; empty for one series without an id.
        meanings: what may stand in each static column.
        rows: the step of each row of the file, [R].
        zone: of the times, which are in UTC then; None for times as they are written.
        there: whether a value was measured, [N, measured columns], if others are bridged; None if no gap is.
    """

    step: Step
    times: np.ndarray
    values: np.ndarray
    columns: tuple[str, ...]
    lengths: Mapping[str, int] = field(default_factory=dict)
    meanings: Meanings = field(default_factory=dict)
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    zone: str | None = None
    there: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def series(self) -> dict[str, slice]:
        """The steps of each series by its id."""
        return parts(len(self), self.lengths)

    @cached_property
    def whole(self) -> np.ndarray:
        """Whether all columns of a step are there, [N]."""
        found: np.ndarray = ~np.isnan(self.values).any(1)
        return found

    def part(self, steps: slice) -> "Grid":
        """Return some steps, as one series."""
        return replace(self, times=self.times[steps], values=self.values[steps], lengths={})

    def column(self, name: str) -> np.ndarray:
        """Return one column, [N]."""
        found: np.ndarray = self.values[:, self.columns.index(name)]
        return found


@dataclass(frozen=True)
class _Placed:
    """Rows of one series on a grid: their times, the step of each, and the times of all its steps."""

    times: np.ndarray
    places: np.ndarray
    steps: np.ndarray


def resample(measured: Measured, step: Step | None) -> Grid:
    """Put measurements on a grid.

    Args:
        measured: the measurements, with any gaps.
        step: what is between two steps; None for what the rows follow, each of them a step of its own.

    Raises:
        DataError: the rows are further apart than a step, there is only one, a time is far off, or two rows
            would unasked share a step.
    """
    rows = {name: measured.times[part] for name, part in parts(len(measured.times), measured.lengths).items()}
    longest = sorted(rows.values(), key=len, reverse=True)[:ASKED]
    if len(longest[0]) < 2:  # noqa: PLR2004 (one row has no distance to another)
        each = "each" if measured.lengths else "the"
        raise DataError(f"{each} series has one row; it needs at least two times")
    step = _suited(step, longest[0]) if step else _common(longest)
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
    if isinstance(step, Averaging):
        if merged:
            log.info("%s rows are averaged into %s steps of %s", rows, steps, step)
        return
    if merged:
        apart = np.concatenate([np.diff(one.times) for one in placed])
        usual = math.ceil(np.median(apart.astype(np.int64)) / MINUTE)
        raise DataError(
            f"a step is mostly {step}, but {merged} of {rows} rows would share one with the row "
            f"before; set data.step_minutes to {usual} or more to average the rows of a step, or take each "
            "row for a step with data.time=null"
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
        log.warning("gaps, which no window crosses: %s%s", ", ".join(gaps), more)
    for name, column in zip(grid.columns, grid.values.T, strict=True):
        if not np.isnan(column).all() and np.nanmin(column) == np.nanmax(column):
            log.warning("column '%s' never changes; it tells a model nothing", name)


def derive(
    grid: Grid, calendar: Sequence[str], targets: Sequence[str], climatology: Sequence[Sequence[float]]
) -> Grid:
    """Add calendar columns, and each target's distance from its climatology.

    Args:
        grid: the measured columns.
        calendar: periods whose sine and cosine are added: "day", "year".
        targets: columns that have a climatology, if there is one.
        climatology: coefficients for each of them, or nothing; only used with a calendar.
    """
    added: dict[str, np.ndarray] = {}
    times = local(grid.times, grid.zone)
    for period in calendar:
        angle = 2 * np.pi * in_seconds(times) / {"day": DAY, "year": YEAR}[period]
        added |= {f"sin of {period}": np.sin(angle), f"cos of {period}": np.cos(angle)}
    if calendar and climatology:
        usual = seasons(times)
        for target, coefficients in zip(targets, climatology, strict=True):
            added[f"{target} beside the usual"] = grid.column(target) - usual @ np.array(coefficients)
    values = np.column_stack([grid.values, *added.values()])
    return replace(grid, values=values, columns=(*grid.columns, *added))


def seasons(times: np.ndarray) -> np.ndarray:
    """Return the columns from which a climatology is made, [N, 17]: the year, the day, and their products.

    Two harmonics of the year and two of the day, and the first of the year times both of the day, so that the
    daily cycle differs from summer to winter.
    """
    seconds = in_seconds(times)
    year, day = 2 * np.pi * seconds / YEAR, 2 * np.pi * seconds / DAY
    annual = [wave(k * year) for k in (1, 2) for wave in (np.sin, np.cos)]
    daily = [wave(k * day) for k in (1, 2) for wave in (np.sin, np.cos)]
    mixed = [a * d for a in annual[:2] for d in daily]
    return np.column_stack([np.ones(len(times)), *annual, *daily, *mixed])


def fit_climatology(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the least-squares coefficients of ``seasons`` for values [N]; NaN are left out."""
    there = ~np.isnan(values)
    times, values = times[there], values[there]
    if len(values) <= LONG:
        a, b = seasons(times), values
    else:  # what is left of a block, and of all before, are as many rows as there are columns
        rest = np.empty((0, 0))
        for part in blocks(len(values)):
            block = np.column_stack([seasons(times[part]), values[part]])
            rest = np.asarray(np.linalg.qr(np.vstack([rest, block]) if len(rest) else block, mode="r"))
        a, b = rest[:, :-1], rest[:, -1]
    # With daily steps the columns of the day are constant but for rounding.
    coefficients: np.ndarray = np.linalg.lstsq(a, b, rcond=1e-9)[0]
    return coefficients


def blocks(length: int) -> Iterator[slice]:
    """Yield slices, together ``length`` steps; what is computed of a long series is in memory for one."""
    size = BLOCK if length > LONG else max(length, 1)
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
