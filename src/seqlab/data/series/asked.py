"""From what a user gives to samples: the latest rows of a series for a trained network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from seqlab.data.batches import Asked, FeatureSamples, Followed
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.declared import SeriesSpec
from seqlab.data.series.grid import Grid
from seqlab.data.series.prepare import in_units, read_grid, step_of
from seqlab.data.series.spec import SeriesSettings, written
from seqlab.data.source import Source
from seqlab.errors import DataError


def ask(spec: SeriesSpec, data: SeriesData, texts: Sequence[str], file: Path | None) -> Asked:
    """Return the last steps of a file, with the times that they are a forecast for.

    Args:
        spec: the description of the training data.
        data: settings for reading such files.
        texts: none, for a series.
        file: a table with the columns of the training data, at least as long as the network's input.

    Raises:
        DataError: the file is missing, malformed, too short, or has a gap in its last steps.
    """
    columns, grid = _latest(spec.series, data, texts, file)
    times = grid.step.after(grid.times[-1], spec.series.horizon_steps)
    return Asked(FeatureSamples.of(columns[None], np.zeros(1)), written(times))


def follow(spec: SeriesSpec, data: SeriesData, text: str | None, file: Path | None) -> Followed:
    """Return the last steps of a file, with their times and targets; arguments and errors as of ``ask``."""
    series = spec.series
    columns, grid = _latest(series, data, [] if text is None else [text], file)
    shown = written(grid.times[-series.input_steps :])
    times = [time.replace("T", " ").removesuffix(":00") for time in shown]
    targets = {
        target: columns[:, place].tolist()
        for target, place in zip(series.targets, series.places, strict=True)
    }
    name = file.name if file else ""
    return Followed(f"{name}, {times[0]} to {times[-1]}", torch.from_numpy(columns[None]), times, targets)


def _latest(
    series: SeriesSettings, data: SeriesData, texts: Sequence[str], file: Path | None
) -> tuple[np.ndarray, Grid]:
    """Return the input columns of the last steps in their own units, [T, F], and the grid of the file."""
    if texts or file is None:
        raise DataError("this run forecasts a series: give its latest rows with --file FILE.csv")
    table = data.open(Source("real", file, "--file"))
    grid = read_grid(data, table, series.measured, step_of(series))
    if not grid.whole[-series.input_steps :].all() or len(grid) < series.input_steps:
        gaps = int((~grid.whole[-series.input_steps :]).sum())
        raise DataError(
            f"{file}: the last {series.input_steps} steps of {grid.step} must have no "
            f"gap; found {len(grid)} steps, {gaps} gaps among the last; give a longer or complete file"
        )
    return in_units(grid, series)[-series.input_steps :], grid
