"""What is known of the steps that follow the latest ones of a series."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.data.series.grid import Grid
from seqlab.data.series.resampling import of_series
from seqlab.data.series.several import parts
from seqlab.data.series.spec import written
from seqlab.data.series.step import Duration, Row, Step, Uneven
from seqlab.data.series.table import Measured
from seqlab.errors import DataError


def with_horizon(grid: Grid, horizon: int) -> Grid:
    """Return a grid with the next steps of each series, which have no values yet; none of them is a gap."""
    ends = [part.stop for part in grid.series.values() for _ in range(horizon)]
    times = [grid.step.after(grid.times[part.stop - 1], horizon) for part in grid.series.values()]
    return replace(
        grid,
        values=np.insert(grid.values, ends, np.nan, axis=0),
        times=np.insert(grid.times, ends, np.concatenate(times)),
        lengths={name: length + horizon for name, length in grid.lengths.items()},
        there=None if grid.there is None else np.insert(grid.there, ends, values=True, axis=0),
    )


def with_future(grid: Grid, future: Measured, horizon: int, file: Path) -> Grid:
    """Return a grid that ends with the steps to forecast, with what is known of them.

    Args:
        grid: the latest steps, and those of the horizon.
        future: the rows of the columns that are known ahead.
        horizon: steps that are forecast.
        file: of these rows.

    Raises:
        DataError: a series, a step or a number is missing.
    """
    places = [grid.columns.index(name) for name in future.columns]
    rows, values = parts(len(future.times), future.lengths), grid.values.copy()
    for name, part in grid.series.items():
        if name not in rows:
            raise DataError(f"{file}: series '{name}' has no row; give the next {horizon} steps of each")
        first = part.stop - horizon
        numbers = _steps_after(grid.step, grid.times[first - 1], future.times[rows[name]], horizon)
        (last,) = written(grid.times[first - 1 : first], grid.zone)
        for step, when in enumerate(written_after(grid, grid.times[first - 1], horizon), 1):
            found = future.numbers[rows[name]][numbers == step]
            if not len(found):
                raise DataError(
                    f"{file}: {of_series(name)}no row of {when}; give the {horizon} steps that follow "
                    f"{last}, the last of --file"
                )
            if np.isnan(found).any():
                column = future.columns[int(np.isnan(found).any(0).argmax())]
                raise DataError(f"{file}: {of_series(name)}'{column}' is missing at {when}; fill it")
            values[first + step - 1, places] = found.mean(0)
    return replace(grid, values=values)


def written_after(grid: Grid, last: Any, count: int) -> list[str]:
    """Return when the steps after the last one are; of rows whose times nobody knows how many later."""
    if isinstance(grid.step, Uneven):
        (now,) = written(np.array([last]), grid.zone)
        return [f"{now} + {number} rows" for number in range(1, count + 1)]
    return written(grid.step.after(last, count), grid.zone)


def _steps_after(step: Step, last: Any, times: np.ndarray, horizon: int) -> np.ndarray:
    """Return which step after the last one each row is, from 1; of none a number out of the horizon."""
    if isinstance(step, Row):
        return np.arange(1, len(times) + 1)
    found: np.ndarray
    if isinstance(step, Uneven):
        found = np.where(times > last, times, last)
        return np.unique(np.append(step.rounded(found), last), return_inverse=True)[1][:-1]
    if isinstance(step, Duration):
        apart = (times - last).astype(np.int64) / step.length
        found = (np.floor(apart) if step.averages else np.round(apart)).astype(np.int64)
        return found
    after = step.after(last, horizon)
    place = np.searchsorted(after, times).clip(max=horizon - 1)
    found = np.where(after[place] == times, place + 1, 0)
    return found
