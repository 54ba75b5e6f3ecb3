"""A regular grid of steps: resampling by time, calendar columns, climatology."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqlab.data.series.calendar import commonest, refuse_local_days, refuse_months, refuse_working_days
from seqlab.data.series.spec import DAY, YEAR
from seqlab.data.series.table import Measured
from seqlab.errors import DataError

log = logging.getLogger(__name__)

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
        start: time of the first step, seconds since 1970.
        step: seconds between two steps.
        values: [N, columns].
        columns: their names.
    """

    start: int
    step: int
    values: np.ndarray
    columns: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def times(self) -> np.ndarray:
        """Time of each step, seconds since 1970, [N]."""
        return self.start + self.step * np.arange(len(self), dtype=np.int64)

    @property
    def whole(self) -> np.ndarray:
        """Whether all columns of a step are there, [N]."""
        found: np.ndarray = ~np.isnan(self.values).any(1)
        return found

    def column(self, name: str) -> np.ndarray:
        """Return one column, [N]."""
        found: np.ndarray = self.values[:, self.columns.index(name)]
        return found


def resample(measured: Measured, step_minutes: float | None) -> Grid:
    """Put measurements on a grid: each step holds the mean of what was measured from its time to the next.

    Args:
        measured: the measurements, with any gaps.
        step_minutes: minutes between two steps; None for the commonest distance of two rows, and then each
            row is a step of its own.

    Raises:
        DataError: the rows are further apart than a step, there is only one, a time is far off, or the rows
            follow a calendar, whose periods are not equally long.
    """
    if len(measured.times) < 2:  # noqa: PLR2004 (one row has no distance to another)
        raise DataError("the series has one row; it needs at least two times")
    apart = np.diff(measured.times)
    step = round(60 * step_minutes) if step_minutes else commonest(apart)
    refuse_months(measured.times)
    if step_minutes is None:
        refuse_working_days(measured.times, step)
    usual = float(np.median(apart))
    if step_minutes and usual > JITTER * step:
        raise DataError(
            f"rows are mostly {usual / 60:g} minutes apart, which data.step_minutes={step_minutes} cannot "
            f"resolve; set data.step_minutes to {usual / 60:g} or more"
        )
    start = int(measured.times[0] // step * step)
    place = (measured.times - start) // step
    if place[-1] > LARGEST_GRID * len(place):
        before = int(np.diff(place).argmax())
        first, last = (np.datetime64(int(measured.times[at]), "s") for at in (before, before + 1))
        raise DataError(f"nothing was measured between {first} and {last}; is one of these dates mistyped?")
    _refuse_merging(measured.times, place, step, is_chosen=step_minutes is not None)
    there = ~np.isnan(measured.numbers)
    count = np.zeros((int(place[-1]) + 1, measured.numbers.shape[1]))
    total = np.zeros_like(count)
    np.add.at(count, place, there)
    np.add.at(total, place, np.where(there, measured.numbers, 0))
    values = np.full_like(total, np.nan)
    np.divide(total, count, out=values, where=count > 0)
    grid = Grid(start, step, values, measured.columns)
    _report(grid)
    return grid


def _refuse_merging(times: np.ndarray, place: np.ndarray, step: int, *, is_chosen: bool) -> None:
    """Refuse steps of the rows' own distance in which two rows fall, unless the user has chosen the step."""
    merged = int((np.diff(place) == 0).sum())
    if not merged or (is_chosen and step != commonest(np.diff(times))):
        return
    refuse_local_days(times)
    if not is_chosen:
        usual = math.ceil(np.median(np.diff(times)) / 60)
        raise DataError(
            f"the rows are mostly {step / 60:g} minutes apart, but {merged} of {len(times)} would share a "
            f"step with another; set data.step_minutes to {usual} or more to average the rows of a step"
        )


def _report(grid: Grid) -> None:
    """Say where the gaps are, and which columns never change."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], grid.whole, [True]]).astype(np.int8)))
    gaps = [(grid.times[first], last - first) for first, last in edges.reshape(-1, 2)]
    listed = ", ".join(f"{np.datetime64(int(time), 's')} ({steps} steps)" for time, steps in gaps[:SHOWN])
    if gaps:
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
        angle = 2 * np.pi * grid.times / {"day": DAY, "year": YEAR}[period]
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
    year, day = 2 * np.pi * times / YEAR, 2 * np.pi * times / DAY
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
