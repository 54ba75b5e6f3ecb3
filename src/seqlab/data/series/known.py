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


def with_future(grid: Grid, future: Measured, horizon: int, file: Path) -> Grid:
    """Return a grid with the next steps of each series, at which only what is known ahead is there.

    Args:
        grid: the latest steps.
        future: the rows of the columns that are known ahead.
        horizon: steps that follow.
        file: of these rows.

    Raises:
        DataError: a series, a step or a number is missing.
    """
    places = [grid.columns.index(name) for name in future.columns]
    rows = parts(len(future.times), future.lengths)
    values, times = [], []
    for name, part in grid.series.items():
        if name not in rows:
            raise DataError(f"{file}: series '{name}' has no row; give the next {horizon} steps of each")
        last = grid.times[part.stop - 1]
        numbers = _steps_after(grid.step, last, future.times[rows[name]], horizon)
        added = np.full((horizon, len(grid.columns)), np.nan)
        after = grid.step.after(last, horizon)
        for step in range(horizon):
            found = future.numbers[rows[name]][numbers == step + 1]
            when = written(after[step : step + 1], grid.zone)[0]
            if not len(found):
                raise DataError(
                    f"{file}: {of_series(name)}no row of {when}; give the {horizon} steps that follow "
                    f"{written(np.array([last]), grid.zone)[0]}, the last of --file"
                )
            if np.isnan(found).any():
                column = future.columns[int(np.isnan(found).any(0).argmax())]
                raise DataError(f"{file}: {of_series(name)}'{column}' is missing at {when}; fill it")
            added[step, places] = found.mean(0)
        values += [grid.values[part], added]
        times += [grid.times[part], after]
    return replace(
        grid,
        values=np.concatenate(values),
        times=np.concatenate(times),
        lengths={name: length + horizon for name, length in grid.lengths.items()},
        there=None,
    )


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
