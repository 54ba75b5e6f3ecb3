"""A series on a grid, scaled as a network reads it: all of its preparation but windows."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import torch
from pydantic import TypeAdapter
from torch import Tensor

from seqlab.data.kept import Kept, kept
from seqlab.data.scaling import scaling, spread, spread_together
from seqlab.data.sequences.side_inputs import MASK, columns_of
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.gaps import bridged
from seqlab.data.series.grid import Grid
from seqlab.data.series.holidays import with_holidays
from seqlab.data.series.members import (
    Splits,
    inside,
    members_of,
    split_series,
    standardised,
)
from seqlab.data.series.naive import naive_errors
from seqlab.data.series.resampling import resample
from seqlab.data.series.seasons import LONG, blocks, derive, fit_climatology
from seqlab.data.series.several import warn_of_ids
from seqlab.data.series.side_inputs import ordered, side_columns, with_side_inputs
from seqlab.data.series.spec import DAY, YEAR, SeriesSettings, written
from seqlab.data.series.step import Averaging, Step, step_named
from seqlab.data.series.table import Measured, read_measured
from seqlab.data.series.times import Clock
from seqlab.data.series.words import explained, without_constant
from seqlab.data.series.zone import local
from seqlab.data.source import Source
from seqlab.data.table.base import NoNumberError, Table
from seqlab.errors import DataError, near
from seqlab.registry.types import is_place

log = logging.getLogger(__name__)

READ, PREPARED = 2, 4
"""Parts of the cache's keys: change them with how a file is read, and with how a series is prepared."""
OF_WINDOWS = {
    "input_days",
    "horizon_days",
    "input_steps",
    "horizon_steps",
    "batch_size",
    "limit_train_samples",
    "stateful",
}
"""Settings that only say which windows are cut out."""


@dataclass(frozen=True)
class Prepared:
    """A series on a grid, and how it is split and scaled.

    Attributes:
        values: scaled input columns at every step, [N, F] in float32; NaN where nothing was measured.
        grid: the columns of the file among them.
        settings: what the columns are, without windows.
        splits: the steps of each split.
    """

    values: np.ndarray
    grid: Grid
    settings: SeriesSettings
    splits: Splits

    @classmethod
    def of(cls, made: Kept) -> Self:
        """Return what ``kept`` has kept."""
        values, about = made.arrays["values"], made.about
        settings = TypeAdapter(SeriesSettings).validate_python(about["settings"])
        grid = Grid(
            step_of(settings),
            made.arrays["times"],
            values[:, : about["measured"]],
            settings.columns[: about["measured"]],
            about["lengths"],
            zone=about["zone"],
            there=made.arrays.get("there"),
        )
        splits = {split: [range(*ends) for ends in parts] for split, parts in about["splits"].items()}
        return cls(values, grid, settings, splits)


def prepared(data: SeriesData, table: Table, sha: str) -> Prepared:
    """Return the series of a file, from the cache if it is large and was prepared so before.

    Args:
        data: how the file is read, split and scaled.
        table: the file.
        sha: hash of its content.

    Raises:
        DataError: the file is malformed, or a target is no column of it.
    """
    if type(data).__module__.partition(".")[0] != "seqlab":  # what another class computes may change
        return Prepared.of(_prepare(data, table))
    places = {name for name, field in type(data).model_fields.items() if is_place(field)}
    settings = data.model_dump(mode="json", exclude=OF_WINDOWS | places)
    recipe = [PREPARED, READ, sha, table.recipe, table.dialect, settings]
    return Prepared.of(kept("prepared", table.path, lambda: recipe, lambda: _prepare(data, table)))


def _prepare(data: SeriesData, table: Table) -> Kept:
    """Read, resample, split and scale a series."""
    step = averaging(data.step_minutes) if data.step_minutes else None
    columns = _measured(data, table)
    try:
        grid = read_grid(data, table, columns, step, dict.fromkeys(data.static))
    except NoNumberError as error:
        raise explained(error, table, _clock(data), columns, data) from error
    sides = side_columns(data.side_inputs)
    missing = [target for target in data.targets if target not in grid.columns]
    if missing:
        raise DataError(
            f"{table.path}: '{missing[0]}' cannot be forecast; {near(missing[0], grid.columns)}. "
            "Choose others with data.targets"
        )
    splits = split_series(data, grid)
    for split, ranges in splits.items():
        steps = np.concatenate([grid.times[part.start : part.stop] for part in ranges])
        if len(steps):
            first, last = written(np.array([steps.min(), steps.max()]), grid.zone)
            several = f", {sum(map(bool, ranges))} series" if grid.lengths else ""
            log.info("%s: %s to %s%s", split, first, last, several)
    known = grid.measured
    members = members_of(known, splits, is_own=data.scaling == "series", beside=sides)
    settings = _settings(data, columns, standardised(known, members), splits["train"])
    naive = [naive_errors(known, part, data.targets) for part in splits["train"]]
    members = tuple(replace(one, naive=its) for one, its in zip(members, naive, strict=bool(members)))
    settings = replace(
        settings,
        series_id=tuple(data.series_id or ()),
        static=grid.meanings,
        members=members,
        naive=() if members else naive[0],
    )
    arrays = {"times": grid.times, "values": scaled(grid, settings).numpy()}
    about = {
        "settings": asdict(settings),
        "measured": len(grid.columns) - len(sides),
        "lengths": grid.lengths,
        "zone": grid.zone,
        "splits": {split: [[part.start, part.stop] for part in parts] for split, parts in splits.items()},
    }
    return Kept(arrays if grid.there is None else {**arrays, "there": grid.there}, about)


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
    how = [READ, table.recipe, table.dialect, read.args[1:], read.keywords]
    made = kept("series", table.path, lambda: [*how, table.fingerprint()], lambda: read().kept)
    measured = Measured.of(made)
    try:
        grid = resample(data.transform(measured), step, is_uneven=data.is_uneven)
        grid = with_holidays(grid, data.holidays) if data.holidays else grid
        grid = with_side_inputs(grid, data.side_inputs, " ".join(data.time_columns))
    except DataError as error:
        raise DataError(f"{table.path}: {error}") from error
    is_masked = MASK in data.side_inputs.values()
    longest = data.fill_gaps or (len(grid) if is_masked else 0)
    if not longest:
        return grid
    found = bridged(grid, longest, is_masked=is_masked)
    is_bridged = np.isnan(grid.values) & ~np.isnan(found.values[:, : len(grid.columns)])
    of = f" of up to {data.fill_gaps} steps" if data.fill_gaps else ""
    log.info("%s steps have values that bridge gaps%s in inputs", int(is_bridged.any(1).sum()), of)
    return found


def read_future(data: SeriesData, file: Path, *, is_local: bool) -> Measured:
    """Return the rows of the columns that are known ahead.

    Args:
        data: how the file is read.
        file: the file.
        is_local: whether its times are those of data.timezone.

    Raises:
        DataError: the file is missing or malformed.
    """
    table = data.open(Source("real", file, "--known"))
    return read_measured(
        table,
        _clock(data),
        data.known,
        sentinels=data.sentinels,
        duplicates=data.duplicates,
        series_id=data.series_id or (),
        is_local=is_local,
    )


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
    beside = [name for name in columns_of(data.side_inputs) if name != " ".join(data.time_columns)]
    beside = [*beside, *data.known]
    wanted = [*data.targets, *(table.header if data.features is None else data.features), *beside]
    others = [*data.time_columns, *(data.series_id or ()), *data.static, *data.drop]
    table.places(dict.fromkeys([*others, *filter(None, wanted)]))
    columns = tuple(name for name in table.header if name in wanted and name not in ("", *others))
    if data.features is not None:
        return columns
    named = (*data.targets, *beside)
    warn_of_ids([name for name in columns if name not in named])
    changing = without_constant(table, [name for name in columns if name not in beside])
    return tuple(name for name in columns if name in (*changing, *beside))


def _settings(
    data: SeriesData, measured: tuple[str, ...], grid: Grid, train: Sequence[range]
) -> SeriesSettings:
    """Learn scales and climatology from the training part."""
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
    settings = SeriesSettings(
        measured=measured,
        columns=(),
        means=(),
        scales=(),
        targets=tuple(data.targets),
        step_minutes=grid.step.seconds / 60,
        input_steps=0,
        horizon_steps=0,
        calendar=calendar,
        climatology=climatology,
        step=None if isinstance(grid.step, Averaging) else grid.step.name,
        side_inputs=data.side_inputs,
    )
    columns, means, scales = _spread_of_all(grid, train, settings)
    settings, places = replace(settings, columns=columns), np.arange(len(columns))
    is_interval = np.isin(places, settings.intervals)
    reduced, divided = scaling(means, scales, is_beside=places >= settings.width, is_interval=is_interval)
    return replace(settings, means=reduced, scales=divided)


def _spread_of_all(
    grid: Grid, train: Sequence[range], settings: SeriesSettings
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return all columns that a network reads, and the mean and deviation of each in the training part."""
    if len(grid) <= LONG:
        full = _full(grid, settings)
        return full.columns, *spread(inside(full.values, train))
    found, columns = [], grid.columns
    for part in train:
        for steps in blocks(len(part)):
            full = _full(grid.part(slice(part.start + steps.start, part.start + steps.stop)), settings)
            columns = full.columns
            found.append(((~np.isnan(full.values)).sum(0), *spread(full.values)))
    return columns, *spread_together(*map(np.array, zip(*found, strict=True)))


def scaled(grid: Grid, settings: SeriesSettings) -> Tensor:
    """Return the input columns of a grid as a model reads them, [N, F] in float32.

    Raises:
        DataError: training has not seen a series, and each has a scale of its own.
    """
    grid = standardised(grid, settings.members)
    values = torch.empty(len(grid), len(settings.columns))
    for steps in blocks(len(grid)):
        values[steps] = scale(_full(grid.part(steps), settings).values, settings)
    return values


def in_units(grid: Grid, settings: SeriesSettings) -> np.ndarray:
    """Return the input columns of a grid, measured and derived, in their own units, [N, F].

    With scales of their own, the measured columns of a series are in units of their standard deviations.

    Raises:
        DataError: training has not seen a series, and each has a scale of its own.
    """
    return _full(standardised(grid, settings.members), settings).values


def _full(grid: Grid, settings: SeriesSettings) -> Grid:
    """Add derived columns, and put what a cell reads beside x behind all others."""
    derived = derive(grid, settings.calendar, settings.targets, settings.climatology)
    return ordered(derived, settings.side_inputs)


def scale(values: np.ndarray, settings: SeriesSettings) -> Tensor:
    """Scale input columns, [..., F], as a model reads them, to float32."""
    return torch.from_numpy(((values - settings.means) / settings.scales).astype(np.float32))
