"""From a measured series to samples: a regular grid, splits by time, scaling, windows."""

import logging
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Loaded
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.declared import SeriesSpec
from seqlab.data.series.grid import Grid, derive, fit_climatology, resample
from seqlab.data.series.spec import DAY, YEAR, SeriesSettings, written
from seqlab.data.series.step import Averaging, Step, step_named
from seqlab.data.series.table import read_measured
from seqlab.data.series.windows import WindowSamples, window_starts
from seqlab.data.source import Source
from seqlab.data.splits import Shares, sample, split_by_time
from seqlab.data.table import Table
from seqlab.errors import DataError, near

log = logging.getLogger(__name__)

ROUNDING = 1e-9
"""Share of a column's mean that its deviation must exceed, or the column is constant."""


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
    grid = read_grid(data, table, _measured(data, table), step)
    missing = [target for target in data.targets if target not in grid.columns]
    if missing:
        raise DataError(
            f"{source.path}: '{missing[0]}' cannot be forecast; {near(missing[0], grid.columns)}. "
            "Choose others with data.targets"
        )
    parts = split_by_time(len(grid), Shares(data.val_share, data.test_share))
    settings = _settings(data, table, grid, parts["train"])
    for split, part in parts.items():
        if len(part):
            first, last = written(grid.times[[part[0], part[-1]]])
            log.info("%s: %s to %s", split, first, last)
    windows = _cut(data, source, grid, settings, parts)
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


def read_grid(data: SeriesData, table: Table, columns: Sequence[str], step: Step | None) -> Grid:
    """Return the measured columns of a file on a grid.

    Raises:
        DataError: the file is malformed.
    """
    measured = read_measured(
        table,
        time=data.time_columns,
        columns=columns,
        time_formats=data.time_formats,
        sentinels=data.sentinels,
        duplicates=data.duplicates,
    )
    try:
        return resample(data.transform(measured), step)
    except DataError as error:
        raise DataError(f"{table.path}: {error}") from error


def averaging(step_minutes: float) -> Averaging:
    """Return the step that averages over so many minutes."""
    return Averaging(round(60e6 * step_minutes))


def step_of(settings: SeriesSettings) -> Step:
    """Return the step of a series that a network has read."""
    return step_named(settings.step) if settings.step else averaging(settings.step_minutes)


def _measured(data: SeriesData, table: Table) -> tuple[str, ...]:
    """Return the columns that are read, the targets among them, in the order of the file."""
    wanted = [*data.targets, *(table.header if data.features is None else data.features)]
    table.places([*data.time_columns, *dict.fromkeys(filter(None, wanted))])
    return tuple(name for name in table.header if name in wanted and name not in ("", *data.time_columns))


def _settings(data: SeriesData, table: Table, grid: Grid, train: range) -> SeriesSettings:
    """Learn scales and climatology from the training part."""
    read, asked = _window(data, grid.step)
    calendar: tuple[str, ...] = ()
    climatology: tuple[tuple[float, ...], ...] = ()
    if data.calendar:
        # With two steps a day or fewer, sine and cosine of the day are constant but for rounding.
        calendar = ("day",) if 0 < 2 * grid.step.seconds < DAY else ()
        calendar += ("year",) if len(grid) * grid.step.seconds >= 2 * YEAR else ()
    if len(train) * grid.step.seconds >= YEAR:
        columns = [grid.column(target)[: train.stop] for target in data.targets]
        fitted = [fit_climatology(grid.times[: train.stop], column) for column in columns]
        climatology = tuple(tuple(coefficients.tolist()) for coefficients in fitted)
    full = derive(grid, calendar, tuple(data.targets), climatology)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without any value
        means, scales = (f(full.values[: train.stop], axis=0) for f in (np.nanmean, np.nanstd))
    return SeriesSettings(
        measured=_measured(data, table),
        columns=full.columns,
        means=tuple(means.tolist()),
        scales=tuple(np.where(scales > ROUNDING * np.abs(means), scales, 1.0).tolist()),
        targets=tuple(data.targets),
        step_minutes=grid.step.seconds / 60,
        input_steps=read,
        horizon_steps=asked,
        calendar=calendar,
        climatology=climatology,
        step=None if isinstance(grid.step, Averaging) else grid.step.name,
    )


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
    data: SeriesData, source: Source, grid: Grid, settings: SeriesSettings, parts: Mapping[str, range]
) -> dict[str, WindowSamples]:
    values = scaled(grid, settings)
    length = settings.input_steps + settings.horizon_steps
    windows: dict[str, WindowSamples] = {}
    for split, part in parts.items():
        starts = window_starts(grid.whole, part, length)
        if not len(starts):
            inside = grid.values[part.start : part.stop]
            empty = [
                name for name, column in zip(grid.columns, inside.T, strict=True) if np.isnan(column).all()
            ]
            if empty and len(part):
                raise DataError(
                    f"{source.path}: column '{empty[0]}' has no value in '{split}'; leave it out of "
                    "data.features, or fill it"
                )
            unit = "steps" if data.input_steps else "days"
            whole = int(grid.whole[part.start : part.stop].sum())
            raise DataError(
                f"{source.path}: '{split}' has {len(part)} steps of {grid.step}, "
                f"{whole} of them without a missing value, and a window needs {length} "
                f"({settings.input_steps} to read, {settings.horizon_steps} to forecast) in a row; lower "
                f"data.input_{unit}, data.horizon_{unit} or data.step_minutes, or add data"
            )
        windows[split] = WindowSamples(
            values,
            grid.times,
            starts,
            input_steps=settings.input_steps,
            horizon_steps=settings.horizon_steps,
            targets=settings.places,
        )
    drawn = sample(np.arange(len(windows["train"])), data.limit_train_samples, seed=0)
    return windows | {"train": windows["train"].subset(drawn)}


def scaled(grid: Grid, settings: SeriesSettings) -> Tensor:
    """Return the input columns of a grid as a model reads them, [N, F] in float32."""
    return scale(in_units(grid, settings), settings)


def in_units(grid: Grid, settings: SeriesSettings) -> np.ndarray:
    """Return the input columns of a grid, measured and derived, in their own units, [N, F]."""
    return derive(grid, settings.calendar, settings.targets, settings.climatology).values


def scale(values: np.ndarray, settings: SeriesSettings) -> Tensor:
    """Scale input columns, [..., F], as a model reads them, to float32."""
    return torch.from_numpy(((values - settings.means) / settings.scales).astype(np.float32))
