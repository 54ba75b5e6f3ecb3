"""Several series side by side: how each is split, and what their scales are."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from seqlab.data.scaling import is_spread, spread
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.gaps import FILLED
from seqlab.data.series.grid import Grid
from seqlab.data.series.spec import Member, utc
from seqlab.data.series.static import static_columns
from seqlab.data.series.windows import WindowSamples
from seqlab.data.series.zone import local
from seqlab.data.splits import SPLITS, Shares, split_by_time, split_random
from seqlab.errors import DataError, near

Splits = Mapping[str, Sequence[range]]
"""The steps of each split, a range for each series; an empty one if the series has none in the split."""


def split_series(data: SeriesData, grid: Grid) -> Splits:
    """Split whole series, or each series by time: by shares, or at given borders.

    Raises:
        DataError: a border is a date, and the rows have no times; or a split has no series.
    """
    if data.split == "series":
        return _whole_series(data, grid)
    shares = Shares(data.val_share, data.test_share)
    found: dict[str, list[range]] = {split: [] for split in SPLITS}
    for steps in grid.series.values():
        if data.val_start is None:
            parts = split_by_time(steps.stop - steps.start, shares)
            each = {
                split: range(part.start + steps.start, part.stop + steps.start)
                for split, part in parts.items()
            }
        else:
            borders = (data.val_start, data.test_start, data.test_end)
            val, test, end = (_place(border, grid, steps) for border in borders)
            begin = steps.start if data.train_start is None else _place(data.train_start, grid, steps)
            each = {"train": range(begin, val), "val": range(val, test), "test": range(test, end)}
        for split, part in each.items():
            found[split].append(part)
    return found


def _whole_series(data: SeriesData, grid: Grid) -> Splits:
    """Return each series in one split, chosen by the seed; the order of rows in the file is of no account.

    Raises:
        DataError: a split has no series.
    """
    names = sorted(grid.series)
    parts = split_random(
        len(names), Shares(data.val_share, data.test_share), np.random.default_rng(data.split_seed)
    )
    for split, places in parts.items():
        if not len(places):
            raise DataError(
                f"'{split}' has no series: data.split=series shares out whole series, and there are "
                f"{len(names)}; change data.val_share and data.test_share, or set data.split=time"
            )
    chosen = {split: {names[place] for place in places} for split, places in parts.items()}
    return {
        split: [
            range(steps.start, steps.stop if name in its else steps.start)
            for name, steps in grid.series.items()
        ]
        for split, its in chosen.items()
    }


def _place(border: int | str | None, grid: Grid, steps: slice) -> int:
    """Return the first step at or behind a border of a series; its end if there is none."""
    end = int(steps.stop)
    if border is None:
        return end
    if isinstance(border, int):
        rows = grid.rows[slice(*np.searchsorted(grid.rows, [steps.start, steps.stop]))]
        return int(rows[border - 1]) if border <= len(rows) else end
    if grid.times.dtype.kind != "M":
        raise DataError(
            f"the rows have no times; give data.val_start and others as numbers of rows, not {border}"
        )
    moment = np.datetime64(utc(border), "us")
    times = (
        grid.times[steps] if datetime.fromisoformat(border).tzinfo else local(grid.times[steps], grid.zone)
    )
    # Where clocks go back local times fall; the first step at or behind the border counts.
    return int(steps.start + np.searchsorted(np.maximum.accumulate(times), moment))


def reaching(splits: Splits, grid: Grid, read: int) -> Splits:
    """Return the steps that windows of each split may lie in, if they may read what is before the split.

    Args:
        splits: of every series.
        grid: the series.
        read: steps that a window reads.
    """
    begins = [steps.start for steps in grid.series.values()]
    return {
        split: [
            range(max(part.start - read, begin), part.stop)
            for part, begin in zip(ranges, begins, strict=True)
        ]
        for split, ranges in splits.items()
    }


def inside(values: np.ndarray, ranges: Sequence[range]) -> np.ndarray:
    """Return the rows of ``values`` that lie in some ranges."""
    found = [values[part.start : part.stop] for part in ranges]
    return found[0] if len(found) == 1 else np.concatenate(found)


def members_of(grid: Grid, splits: Splits, *, is_own: bool, beside: Sequence[str] = ()) -> tuple[Member, ...]:
    """Return the series of a grid, if there are several, and if wanted the scale of each.

    A column that has no value in the training part of a series, or only one, gets its scale from all series.

    Args:
        grid: the measured columns, and the static ones, which have one scale.
        splits: of every series.
        is_own: whether each series has scales of its own.
        beside: columns of side inputs, which have one scale too.
    """
    if not is_own:
        return tuple(Member(name, (0, 0, 0)) for name in grid.lengths)
    is_measured = ~np.isin(grid.columns, [*static_columns(grid.meanings), FILLED, *beside])
    of_all = spread(inside(grid.values, splits["train"]))
    of_all = np.nan_to_num(of_all[0]), np.where(is_spread(*of_all), of_all[1], 1.0)
    found = []
    for name, train in zip(grid.lengths, splits["train"], strict=True):
        means, scales = spread(grid.values[train.start : train.stop])
        means = np.where(np.isnan(means), of_all[0], means)
        scales = np.where(is_spread(means, scales), scales, of_all[1])
        means, scales = np.where(is_measured, means, 0.0), np.where(is_measured, scales, 1.0)
        found.append(Member(name, (0, 0, 0), tuple(means.tolist()), tuple(scales.tolist())))
    return tuple(found)


def standardised(grid: Grid, members: Sequence[Member]) -> Grid:
    """Return the columns of each series by its own scale, if the series have scales of their own.

    Raises:
        DataError: a series is none of the members.
    """
    known = {member.name: member for member in members if member.scales}
    if not known:
        return grid
    values = grid.values.copy()
    for name, part in grid.series.items():
        if name not in known:
            raise DataError(
                f"series '{name}' was not in training, and data.scaling=series has no scale for it; "
                f"{near(name, known)}. Train with data.scaling=all to forecast others"
            )
        values[part] = (values[part] - known[name].means) / known[name].scales
    return replace(grid, values=values)


def counted(
    members: Sequence[Member], grid: Grid, windows: Mapping[str, WindowSamples]
) -> tuple[Member, ...]:
    """Return the members with the number of windows of each."""
    ends = [part.stop for part in grid.series.values()]
    counts = [
        np.diff(np.searchsorted(windows[split].starts.numpy(), ends), prepend=0).tolist() for split in SPLITS
    ]
    return (
        tuple(replace(member, windows=tuple(found)) for member, *found in zip(members, *counts, strict=True))
        if members
        else ()
    )
