"""A regular grid of steps: resampling by time, calendar columns, climatology."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqlab.data.series.spec import DAY, YEAR, in_seconds, written
from seqlab.data.series.step import Averaging, Duration, Row, Step, Weekdays, recognise
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


@dataclass(frozen=True)
class Grid:
    """Values at equal steps; where nothing was measured they are NaN.

    Attributes:
        step: what is between two steps.
        times: time of each step, datetime64[us], or the numbers of rows without times, [N].
        values: [N, columns].
        columns: their names.
    """

    step: Step
    times: np.ndarray
    values: np.ndarray
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def whole(self) -> np.ndarray:
        """Whether all columns of a step are there, [N]."""
        found: np.ndarray = ~np.isnan(self.values).any(1)
        return found

    def column(self, name: str) -> np.ndarray:
        """Return one column, [N]."""
        found: np.ndarray = self.values[:, self.columns.index(name)]
        return found


def resample(measured: Measured, step: Step | None) -> Grid:
    """Put measurements on a grid.

    Args:
        measured: the measurements, with any gaps.
        step: what is between two steps; None for what the rows follow, each of them a step of its own.

    Raises:
        DataError: the rows are further apart than a step, there is only one, a time is far off, or two rows
            would unasked share a step.
    """
    times = measured.times
    if len(times) < 2:  # noqa: PLR2004 (one row has no distance to another)
        raise DataError("the series has one row; it needs at least two times")
    step = _suited(step, times) if step else recognise(times)
    place = step.places(times)
    if place[-1] > LARGEST_GRID * len(place):
        first, last = written(times[(before := int(np.diff(place).argmax())) : before + 2])
        raise DataError(f"nothing was measured between {first} and {last}; is one of these dates mistyped?")
    _report_step(times, place, step)
    there = ~np.isnan(measured.numbers)
    count = np.zeros((int(place[-1]) + 1, measured.numbers.shape[1]))
    total = np.zeros_like(count)
    np.add.at(count, place, there)
    np.add.at(total, place, np.where(there, measured.numbers, 0))
    values = np.full_like(total, np.nan)
    np.divide(total, count, out=values, where=count > 0)
    grid = Grid(step, _times(times, place, step), values, measured.columns)
    _report(grid)
    return grid


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


def _report_step(times: np.ndarray, place: np.ndarray, step: Step) -> None:
    """Say what a step is and what becomes of rows that share one; refuse it where nobody asked for that."""
    merged = int((np.diff(place) == 0).sum())
    if isinstance(step, Averaging):
        if merged:
            log.info("%s rows are averaged into %s steps of %s", len(times), int(place[-1]) + 1, step)
        return
    if merged:
        usual = math.ceil(np.median(np.diff(times).astype(np.int64)) / MINUTE)
        raise DataError(
            f"a step is mostly {step}, but {merged} of {len(times)} rows would share one with the row "
            f"before; set data.step_minutes to {usual} or more to average the rows of a step, or take each "
            "row for a step with data.time=null"
        )
    log.info("a step is %s", "a row" if isinstance(step, Row) else step)
    if isinstance(step, Weekdays):
        holidays = int(step.apart(times).sum() - place[-1])
        if holidays:
            log.warning("%s days of %s have no row and count as holidays, not as gaps", holidays, step)
    if isinstance(step, Duration):
        late = np.abs(np.diff(times).astype(np.int64) - np.diff(place) * step.length)
        uneven = int((late > (JITTER - 1) * step.length).sum())
        if uneven:
            log.warning("%s rows come early or late by 5 %% of a step or more; each is a step", uneven)


def _report(grid: Grid) -> None:
    """Say where the gaps are, and which columns never change."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], grid.whole, [True]]).astype(np.int8)))
    gaps = edges.reshape(-1, 2)
    starts = written(grid.times[gaps[:SHOWN, 0]])
    listed = ", ".join(
        f"{time} ({last - first} steps)" for time, (first, last) in zip(starts, gaps[:SHOWN], strict=True)
    )
    if len(gaps):
        more = f" and {len(gaps) - SHOWN} more" if len(gaps) > SHOWN else ""
        log.warning("gaps, which no window crosses: %s%s", listed, more)
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
    for period in calendar:
        angle = 2 * np.pi * in_seconds(grid.times) / {"day": DAY, "year": YEAR}[period]
        added |= {f"sin of {period}": np.sin(angle), f"cos of {period}": np.cos(angle)}
    if calendar and climatology:
        usual = seasons(grid.times)
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
    # With daily steps the columns of the day are constant but for rounding.
    coefficients: np.ndarray = np.linalg.lstsq(seasons(times[there]), values[there], rcond=1e-9)[0]
    return coefficients
