"""From a measured series to samples: windows cut out of a prepared series."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from seqlab.data.batches import Loaded
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.declared import SeriesSpec
from seqlab.data.series.gaps import COSTLY, Windowing
from seqlab.data.series.grid import Grid
from seqlab.data.series.holidays import HOLIDAY
from seqlab.data.series.lookahead import Lookahead, with_known
from seqlab.data.series.members import Splits, counted, inside, reaching
from seqlab.data.series.prepared import Prepared, prepared
from seqlab.data.series.spec import SeriesSettings
from seqlab.data.series.window_size import longest, window_size
from seqlab.data.series.windows import WindowSamples
from seqlab.data.series.words import left_out
from seqlab.data.source import Source
from seqlab.data.splits import HELD_OUT, sample
from seqlab.errors import DataError

log = logging.getLogger(__name__)


def load(data: SeriesData) -> Loaded:
    """Read, resample, scale and cut the series.

    Raises:
        DataError: the file is missing or malformed, or a split is shorter than a window.
    """
    source = data.find()
    table = data.open(source)
    sha = table.fingerprint()
    series = prepared(data, table, sha)
    read, horizon = window_size(data, series.grid.step, series.splits)
    known = [*data.known, HOLIDAY] if data.holidays else data.known
    settings = with_known(replace(series.settings, input_steps=read, horizon_steps=horizon), known)
    windows = _cut(data, source, series, settings)
    settings = replace(settings, members=counted(settings.members, series.grid, windows))
    spec = SeriesSpec(
        name=data.name,
        kind="features",
        task="forecasting",
        input_size=len(settings.columns),
        side_inputs=settings.widths,
        is_carried=data.stateful,
        series=settings,
        source=source.kind,
        origin=f"{source.path} ({source.how})",
        sha256=sha,
        path=str(source.path.resolve()) if data.place else "",
        sizes={split: len(found) for split, found in windows.items()},
    )
    return Loaded(spec, windows, partial(_last_read, windows))


def _last_read(windows: Mapping[str, WindowSamples], split: str, index: int) -> str:
    """Return the time of the last step that a window reads."""
    return windows[split].last_read(index)


def _cut(
    data: SeriesData, source: Source, series: Prepared, settings: SeriesSettings
) -> dict[str, WindowSamples]:
    grid, splits, values = series.grid, series.splits, torch.from_numpy(series.values)
    windowing = Windowing(settings.targets, settings.input_steps, settings.horizon_steps, settings.known)
    windows: dict[str, WindowSamples] = {}
    within = _within(data, grid, settings, splits)
    for split, ranges in splits.items():
        each = windowing.starts(grid, within[split])
        starts = np.concatenate(each)
        if not len(starts):
            raise DataError(f"{source.path}: {_no_window(data, grid, settings, split, ranges)}")
        its = [found for found, part in zip(each, ranges, strict=True) if part or data.split == "time"]
        if short := sum(not len(found) for found in its):
            log.warning("%s of %s series have no window in '%s'", short, len(its), split)
        if split == "train":
            possible = windowing.possible(within[split])
            if len(starts) < (1 - COSTLY) * possible:
                said = windowing.advice(grid, within[split])
                log.warning("gaps cost %s of %s training windows: %s", possible - len(starts), possible, said)
        windows[split] = WindowSamples(
            values,
            grid.times,
            starts,
            input_steps=settings.input_steps,
            horizon_steps=settings.horizon_steps,
            targets=settings.places,
            zone=grid.zone,
            intervals=settings.intervals,
            lookahead=Lookahead.of(settings) if settings.known else None,
            order=None if not data.stateful else "trained" if split == "train" else "scored",
        )
    rows = np.arange(len(windows["train"]))
    chosen = rows[: data.limit_train_samples] if data.stateful else sample(rows, data.limit_train_samples, 0)
    return windows | {"train": windows["train"].subset(chosen)}


def _within(data: SeriesData, grid: Grid, settings: SeriesSettings, splits: Splits) -> Splits:
    """Return the steps that windows of each split may lie in; a split shorter than a window reaches back."""
    reached = reaching(splits, grid, settings.input_steps)
    if data.val_start is not None:
        return reached
    horizon, length = settings.horizon_steps, settings.input_steps + settings.horizon_steps
    short = [
        split for split in HELD_OUT if horizon <= longest(splits[split]) < length <= longest(reached[split])
    ]
    if short:
        log.warning(
            "%s: shorter than a window of %s steps; windows read what is before it and forecast none of it",
            " and ".join(f"'{split}'" for split in short),
            length,
        )
    return {split: reached[split] if split in short else ranges for split, ranges in splits.items()}


def _no_window(
    data: SeriesData, grid: Grid, settings: SeriesSettings, split: str, ranges: Sequence[range]
) -> str:
    """Return why a split has no window, and what to do."""
    values = inside(grid.values, ranges)
    empty = [name for name, column in zip(grid.columns, values.T, strict=True) if np.isnan(column).all()]
    if empty and len(values):
        remedy = "fill it" if empty[0] in data.targets else f"fill it, or {left_out(data, empty[:1])}"
        return f"column '{empty[0]}' has no value in '{split}'; {remedy}"
    hint = (
        ""
        if data.val_start or data.split == "series"
        else "; windows may read what is before a split with data.val_start, data.test_start"
    )
    said = Windowing(settings.targets, settings.input_steps, settings.horizon_steps).advice(grid, ranges)
    said = f"; of its gaps {said}" if said else ""
    unit = "steps" if data.input_steps else "days"
    read, horizon = settings.input_steps, settings.horizon_steps
    of = (
        f"in {sum(map(bool, ranges))} series, the longest of {max(map(len, ranges))}, "
        if grid.lengths
        else ""
    )
    return (
        f"'{split}' has {len(values)} steps of {grid.step}, {of}"
        f"{int(inside(grid.whole, ranges).sum())} of them without a missing value, and a window needs "
        f"{read + horizon} ({read} to read, {horizon} to forecast) in a row; lower "
        f"data.input_{unit}, data.horizon_{unit} or data.step_minutes, or add data{hint}{said}"
    )
