"""Columns that are known ahead: at every step a network reads their values of the whole horizon."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from seqlab.data.series.grid import Grid
from seqlab.data.series.resampling import of_series
from seqlab.data.series.several import parts
from seqlab.data.series.spec import SeriesSettings, written
from seqlab.data.series.step import Duration, Row, Step
from seqlab.data.series.table import Measured
from seqlab.errors import DataError


def with_known(settings: SeriesSettings, known: Sequence[str]) -> SeriesSettings:
    """Return settings whose last columns are those that are known ahead, at each step of the horizon."""
    places = [settings.columns.index(name) for name in known]
    steps = range(1, settings.horizon_steps + 1)
    columns = tuple(f"{name} +{step}" for name in known for step in steps)
    means, scales = (
        (*numbers, *(numbers[place] for place in places for _ in steps))
        for numbers in (settings.means, settings.scales)
    )
    return replace(
        settings, known=tuple(known), columns=(*settings.columns, *columns), means=means, scales=scales
    )


def ahead(values: Tensor, horizon: int) -> Tensor:
    """Return, for each step, the values of the next steps of the horizon, [N − horizon, columns, horizon].

    Args:
        values: of the columns that are known ahead, [N, columns].
        horizon: steps.
    """
    return values.unfold(0, horizon, 1)[1:]


def with_horizon(grid: Grid, horizon: int) -> Grid:
    """Return a grid with the next steps of each series, at which nothing is there."""
    nothing = np.full((horizon, len(grid.columns)), np.nan)
    values, times = [], []
    for part in grid.series.values():
        values += [grid.values[part], nothing]
        times += [grid.times[part], grid.step.after(grid.times[part.stop - 1], horizon)]
    lengths = {name: length + horizon for name, length in grid.lengths.items()}
    return replace(
        grid, values=np.concatenate(values), times=np.concatenate(times), lengths=lengths, there=None
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
        last, *after = written(grid.times[first - 1 : part.stop], grid.zone)
        for step, when in enumerate(after, 1):
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


def _steps_after(step: Step, last: Any, times: np.ndarray, horizon: int) -> np.ndarray:
    """Return which step after the last one each row is, from 1; of none a number out of the horizon."""
    if isinstance(step, Row):
        return np.arange(1, len(times) + 1)
    found: np.ndarray
    if isinstance(step, Duration):
        apart = (times - last).astype(np.int64) / step.length
        found = (np.floor(apart) if step.averages else np.round(apart)).astype(np.int64)
        return found
    after = step.after(last, horizon)
    place = np.searchsorted(after, times).clip(max=horizon - 1)
    found = np.where(after[place] == times, place + 1, 0)
    return found
