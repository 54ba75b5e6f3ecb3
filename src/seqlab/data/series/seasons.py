"""What the time of a step says: calendar columns, and what is usual at that season and hour."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from seqlab.data.series.grid import Grid
from seqlab.data.series.spec import DAY, YEAR, in_seconds
from seqlab.data.series.zone import local

LONG = 2**20
"""Steps of a series that is prepared in blocks."""
BLOCK = 2**17
"""Steps of a block."""
BESIDE = " beside the usual"
"""Behind the name of a target: the column of its distance from what is usual then."""


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
            added[f"{target}{BESIDE}"] = grid.column(target) - usual @ np.array(coefficients)
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
