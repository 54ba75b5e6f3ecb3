"""From what a user gives to samples: the latest rows of a series for a trained network."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from seqlab.data.batches import FeatureSamples, Followed, Unlabelled
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.declared import SeriesSpec
from seqlab.data.series.grid import Grid
from seqlab.data.series.holidays import HOLIDAY, holidays_at
from seqlab.data.series.known import with_future, with_horizon, written_after
from seqlab.data.series.lookahead import Lookahead
from seqlab.data.series.prepared import in_units, read_future, read_grid, step_of
from seqlab.data.series.resampling import of_series
from seqlab.data.series.spec import Ahead, SeriesSettings, written
from seqlab.data.source import Source
from seqlab.errors import DataError


def unlabelled(spec: SeriesSpec, data: SeriesData, texts: Sequence[str], file: Path | None) -> Unlabelled:
    """Return the last steps of every series in a file, with the times that they are a forecast for.

    Args:
        spec: the description of the training data.
        data: settings for reading such files.
        texts: none, for a series.
        file: a table with the columns of the training data, at least as long as the network's input.

    Raises:
        DataError: the file is missing, malformed, too short, or has a gap in the last steps of a series.
    """
    settings = spec.series
    columns, grid = _read(settings, data, texts, file)
    windows, names = [], []
    for series, steps in grid.series.items():
        windows.append(_begun(columns[_latest(spec, grid, steps, series, file)], settings))
        names.append(Ahead(series, written_after(grid, grid.times[steps.stop - 1], settings.horizon_steps)))
    lengths = torch.tensor([len(window) for window in windows])
    values, nothing = torch.from_numpy(np.concatenate(windows)), torch.zeros(len(windows))
    return Unlabelled(FeatureSamples(values, lengths.cumsum(0) - lengths, lengths, nothing), names)


def follow(spec: SeriesSpec, data: SeriesData, text: str | None, file: Path | None) -> Followed:
    """Return the last steps of a file with one series, with their times and targets; like ``unlabelled``."""
    settings = spec.series
    columns, grid = _read(settings, data, [] if text is None else [text], file)
    (series, steps), *others = grid.series.items()
    if others:
        raise DataError(f"{file} has {len(others) + 1} series; leave the rows of one, such as '{series}'")
    window = _latest(spec, grid, steps, series, file)
    times = [time.replace("T", " ").removesuffix(":00") for time in written(grid.times[window], grid.zone)]
    targets = {
        target: columns[window, place].tolist()
        for target, place in zip(settings.targets, settings.places, strict=True)
    }
    name = " ".join(filter(None, (file.name if file else "", series)))
    followed = torch.from_numpy(_begun(columns[window], settings)[None])
    return Followed(f"{name}, {times[0]} to {times[-1]}", followed, times, targets)


def _read(
    settings: SeriesSettings, data: SeriesData, texts: Sequence[str], file: Path | None
) -> tuple[np.ndarray, Grid]:
    """Return the input columns of a file in their own units, [N, F], and the grid of its series."""
    if texts or file is None:
        raise DataError("this run forecasts a series: give its latest rows with --file FILE.csv")
    table = data.open(Source("real", file, "--file"))
    grid = read_grid(data, table, settings.measured, step_of(settings), settings.static)
    return (_with_known(settings, data, grid) if settings.known else in_units(grid, settings)), grid


def _with_known(settings: SeriesSettings, data: SeriesData, grid: Grid) -> np.ndarray:
    """Return the input columns of a grid in their own units, [N, F], with what is known ahead."""
    horizon = settings.horizon_steps
    whole = with_horizon(grid, horizon)
    if data.known:
        if data.known_file is None:
            raise DataError(
                f"the network reads {', '.join(data.known)} of the {horizon} steps ahead: give them with "
                "--known FILE"
            )
        future = read_future(data, data.known_file, is_local=grid.zone is not None)
        whole = with_future(whole, future, horizon, data.known_file)
    if data.holidays:
        whole.values[:, whole.columns.index(HOLIDAY)] = holidays_at(whole, data.holidays)
    values, lookahead = torch.from_numpy(in_units(whole, settings)), Lookahead.of(settings)
    found = [
        lookahead.joined(values[steps][:-horizon], lookahead.following(values[steps]))
        for steps in whole.series.values()
    ]
    return torch.cat(found).numpy()


def _begun(window: np.ndarray, settings: SeriesSettings) -> np.ndarray:
    """Return a window, [T, F], whose first step is as far from the one before as steps are on average."""
    begun = window.copy()
    begun[0, settings.intervals] = np.array(settings.scales)[settings.intervals]
    return begun


def _latest(spec: SeriesSpec, grid: Grid, steps: slice, series: str, file: Path | None) -> slice:
    """Return the steps of a series that a network reads: a window, or all since the last gap."""
    read, count = spec.series.input_steps, steps.stop - steps.start
    window = slice(max(steps.stop - read, steps.start), steps.stop)
    gaps = int((~grid.whole[window]).sum())
    if gaps or count < read:
        raise DataError(
            f"{file}: {of_series(series)}the last {read} steps of {grid.step} must have no "
            f"gap; found {count} steps, {gaps} gaps among the last; give a longer or complete file"
        )
    if not spec.is_carried:
        return window
    broken = np.flatnonzero(~grid.whole[steps])
    return slice(steps.start + (int(broken[-1]) + 1 if len(broken) else 0), steps.stop)
