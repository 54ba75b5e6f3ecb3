"""From a measured series to samples: a regular grid, splits by time, scaling, windows."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Loaded
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.declared import SeriesSpec
from seqlab.data.series.gaps import COSTLY, FILLED, Windowing, bridged
from seqlab.data.series.grid import LONG, Grid, blocks, derive, fit_climatology, resample
from seqlab.data.series.kept import kept
from seqlab.data.series.members import (
    counted,
    inside,
    is_spread,
    members_of,
    reaching,
    split_series,
    spread,
    spread_together,
    standardised,
)
from seqlab.data.series.spec import DAY, YEAR, SeriesSettings, written
from seqlab.data.series.step import Averaging, Step, step_named
from seqlab.data.series.table import read_measured
from seqlab.data.series.times import Clock
from seqlab.data.series.windows import WindowSamples
from seqlab.data.series.words import explained, left_out, without_constant
from seqlab.data.series.zone import local
from seqlab.data.source import Source
from seqlab.data.splits import sample
from seqlab.data.table.base import NoNumberError, Table
from seqlab.errors import DataError, near

log = logging.getLogger(__name__)

STEPS = {"input": 12, "horizon": 1}
"""Steps of a window whose days are shorter than a step."""


def load(data: SeriesData) -> Loaded:
    """Read, resample, scale and cut the series.

    Raises:
        DataError: the file is missing or malformed, or a split is shorter than a window.
    """
    source = data.find()
    table = data.open(source)
    step = averaging(data.step_minutes) if data.step_minutes else None
    columns = _measured(data, table)
    try:
        grid = read_grid(data, table, columns, step, dict.fromkeys(data.static))
    except NoNumberError as error:
        raise explained(error, table, _clock(data), columns, data) from error
    missing = [target for target in data.targets if target not in grid.columns]
    if missing:
        raise DataError(
            f"{source.path}: '{missing[0]}' cannot be forecast; {near(missing[0], grid.columns)}. "
            "Choose others with data.targets"
        )
    splits = split_series(data, grid)
    for split, ranges in splits.items():
        steps = np.concatenate([grid.times[part.start : part.stop] for part in ranges])
        if len(steps):
            first, last = written(np.array([steps.min(), steps.max()]), grid.zone)
            several = f", {sum(map(bool, ranges))} series" if grid.lengths else ""
            log.info("%s: %s to %s%s", split, first, last, several)
    members = members_of(grid, splits, is_own=data.scaling == "series")
    settings = _settings(data, columns, standardised(grid, members), splits["train"])
    settings = replace(settings, series_id=tuple(data.series_id or ()), static=grid.meanings, members=members)
    windows = _cut(data, source, standardised(grid, members), settings, splits)
    settings = replace(settings, members=counted(members, grid, windows))
    spec = SeriesSpec(
        name=data.name,
        kind="features",
        task="forecasting",
        input_size=len(settings.columns),
        series=settings,
        source=source.kind,
        origin=f"{source.path} ({source.how})",
        sha256=table.fingerprint(),
        path=str(source.path.resolve()) if data.place else "",
        sizes={split: len(found) for split, found in windows.items()},
    )

    def describe(split: str, index: int) -> str:
        """Return the time of the last step that a window reads."""
        return windows[split].last_read(index)

    return Loaded(spec, windows, describe)


def read_grid(
    data: SeriesData,
    table: Table,
    columns: Sequence[str],
    step: Step | None,
    static: Mapping[str, tuple[str, ...] | None] | None = None,
) -> Grid:
    """Return the measured columns of a file, and its static ones, on a grid.

    Args:
        data: how the file is read.
        table: the file.
        columns: the measured columns.
        step: what is between two steps; None to find out.
        static: the static columns, and what may stand in them; None to find out.

    Raises:
        DataError: the file is malformed.
    """
    read = partial(
        read_measured,
        table,
        _clock(data),
        tuple(columns),
        sentinels=data.sentinels,
        duplicates=data.duplicates,
        series_id=data.series_id or (),
        static=dict(static or {}),
    )
    measured = kept(table, repr([read.args[1:], read.keywords]), read)
    try:
        grid = resample(data.transform(measured), step)
    except DataError as error:
        raise DataError(f"{table.path}: {error}") from error
    if not data.fill_gaps:
        return grid
    grid = bridged(grid, data.fill_gaps)
    steps = int(grid.column(FILLED).sum())
    log.info("%s steps have values that bridge gaps of up to %s steps in inputs", steps, data.fill_gaps)
    return grid


def _clock(data: SeriesData) -> Clock:
    """Return how a file says when a row was measured."""
    return Clock(tuple(data.time_columns), tuple(data.time_formats), data.timezone)


def averaging(step_minutes: float) -> Averaging:
    """Return the step that averages over so many minutes."""
    return Averaging(round(60e6 * step_minutes))


def step_of(settings: SeriesSettings) -> Step:
    """Return the step of a series that a network has read."""
    return step_named(settings.step) if settings.step else averaging(settings.step_minutes)


def _measured(data: SeriesData, table: Table) -> tuple[str, ...]:
    """Return the columns that are read, the targets among them, in the order of the file."""
    wanted = [*data.targets, *(table.header if data.features is None else data.features)]
    others = [*data.time_columns, *(data.series_id or ()), *data.static, *data.drop]
    table.places(dict.fromkeys([*others, *filter(None, wanted)]))
    columns = tuple(name for name in table.header if name in wanted and name not in ("", *others))
    return without_constant(table, columns) if data.features is None else columns


def _settings(
    data: SeriesData, measured: tuple[str, ...], grid: Grid, train: Sequence[range]
) -> SeriesSettings:
    """Learn scales and climatology from the training part."""
    read, asked = _window(data, grid.step)
    calendar: tuple[str, ...] = ()
    climatology: tuple[tuple[float, ...], ...] = ()
    if data.calendar:
        # With two steps a day or fewer, sine and cosine of the day are constant but for rounding.
        calendar = ("day",) if 0 < 2 * grid.step.seconds < DAY else ()
        longest = max(grid.lengths.values(), default=len(grid))
        calendar += ("year",) if longest * grid.step.seconds >= 2 * YEAR else ()
    if max(map(len, train)) * grid.step.seconds >= YEAR:
        times = local(inside(grid.times, train), grid.zone)
        fitted = [fit_climatology(times, inside(grid.column(target), train)) for target in data.targets]
        climatology = tuple(tuple(coefficients.tolist()) for coefficients in fitted)
    columns, means, scales = _spread_derived(grid, train, calendar, tuple(data.targets), climatology)
    return SeriesSettings(
        measured=measured,
        columns=columns,
        means=tuple(means.tolist()),
        scales=tuple(np.where(is_spread(means, scales), scales, 1.0).tolist()),
        targets=tuple(data.targets),
        step_minutes=grid.step.seconds / 60,
        input_steps=read,
        horizon_steps=asked,
        calendar=calendar,
        climatology=climatology,
        step=None if isinstance(grid.step, Averaging) else grid.step.name,
    )


def _spread_derived(
    grid: Grid,
    train: Sequence[range],
    calendar: tuple[str, ...],
    targets: tuple[str, ...],
    climatology: tuple[tuple[float, ...], ...],
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return all columns, measured and derived, and the mean and deviation of each in the training part."""
    if len(grid) <= LONG:
        full = derive(grid, calendar, targets, climatology)
        return full.columns, *spread(inside(full.values, train))
    found, columns = [], grid.columns
    for part in train:
        for steps in blocks(len(part)):
            block = grid.part(slice(part.start + steps.start, part.start + steps.stop))
            full = derive(block, calendar, targets, climatology)
            columns = full.columns
            found.append(((~np.isnan(full.values)).sum(0), *spread(full.values)))
    return columns, *spread_together(*map(np.array, zip(*found, strict=True)))


def _window(data: SeriesData, step: Step) -> tuple[int, int]:
    """Return how many steps a window reads, and how many it asks for."""
    found = []
    for key, usual in STEPS.items():
        steps, days = getattr(data, f"{key}_steps"), getattr(data, f"{key}_days")
        is_long = step.seconds > DAY and not isinstance(step, Averaging)
        is_short = not step.seconds or (is_long and days * DAY < step.seconds)
        if steps is None and is_short:
            log.warning(
                "data.%s_days=%g is no whole step; data.%s_steps=%s is taken instead", key, days, key, usual
            )
        found.append(steps or (usual if is_short else max(round(days * DAY / step.seconds), 1)))
    return found[0], found[1]


def _cut(
    data: SeriesData,
    source: Source,
    grid: Grid,
    settings: SeriesSettings,
    splits: Mapping[str, Sequence[range]],
) -> dict[str, WindowSamples]:
    values = _scaled(grid, settings)
    windowing = Windowing(settings.targets, settings.input_steps, settings.horizon_steps)
    windows: dict[str, WindowSamples] = {}
    within = reaching(splits, grid, settings.input_steps) if data.val_start is not None else splits
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
        )
    drawn = sample(np.arange(len(windows["train"])), data.limit_train_samples, seed=0)
    return windows | {"train": windows["train"].subset(drawn)}


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
    read, asked = settings.input_steps, settings.horizon_steps
    of = (
        f"in {sum(map(bool, ranges))} series, the longest of {max(map(len, ranges))}, "
        if grid.lengths
        else ""
    )
    return (
        f"'{split}' has {len(values)} steps of {grid.step}, {of}"
        f"{int(inside(grid.whole, ranges).sum())} of them without a missing value, and a window needs "
        f"{read + asked} ({read} to read, {asked} to forecast) in a row; lower "
        f"data.input_{unit}, data.horizon_{unit} or data.step_minutes, or add data{hint}{said}"
    )


def scaled(grid: Grid, settings: SeriesSettings) -> Tensor:
    """Return the input columns of a grid as a model reads them, [N, F] in float32.

    Raises:
        DataError: training has not seen a series, and each has a scale of its own.
    """
    return _scaled(standardised(grid, settings.members), settings)


def in_units(grid: Grid, settings: SeriesSettings) -> np.ndarray:
    """Return the input columns of a grid, measured and derived, in their own units, [N, F].

    With scales of their own, the measured columns of a series are in units of their standard deviations.

    Raises:
        DataError: training has not seen a series, and each has a scale of its own.
    """
    return _derived(standardised(grid, settings.members), settings)


def _scaled(grid: Grid, settings: SeriesSettings) -> Tensor:
    values = torch.empty(len(grid), len(settings.columns))
    for steps in blocks(len(grid)):
        values[steps] = scale(_derived(grid.part(steps), settings), settings)
    return values


def _derived(grid: Grid, settings: SeriesSettings) -> np.ndarray:
    return derive(grid, settings.calendar, settings.targets, settings.climatology).values


def scale(values: np.ndarray, settings: SeriesSettings) -> Tensor:
    """Scale input columns, [..., F], as a model reads them, to float32."""
    return torch.from_numpy(((values - settings.means) / settings.scales).astype(np.float32))
