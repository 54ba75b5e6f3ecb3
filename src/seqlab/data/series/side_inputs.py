"""What a cell reads beside x, as the last columns of a series: columns, intervals, masks."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from seqlab.data.sequences.side_inputs import DIFF, MASK, columns_of
from seqlab.data.series.grid import Grid
from seqlab.data.series.seasons import BESIDE
from seqlab.data.series.spec import in_seconds, written
from seqlab.errors import DataError, near

BEFORE = "x."
"""Before the name of a side input, as the cell reads it."""


def side_columns(sources: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of a grid that are side inputs; a mask is made of what is there."""
    return tuple(f"{BEFORE}{name}" for name, source in sources.items() if source != MASK)


def with_side_inputs(grid: Grid, sources: Mapping[str, str], time: str) -> Grid:
    """Return a grid whose last columns are side inputs but masks; x is read from the other columns alone.

    The first step of a series is as far from the one before as its second is.

    Args:
        grid: the columns of the file, with those that are named.
        sources: what each side input is: a column, ``diff:COLUMN`` or ``mask``, by its name in the cell.
        time: how the time of a step is called; "" of rows without times.

    Raises:
        DataError: a column is not there, has a missing number, or is a time that goes back.
    """
    used = [column for column in columns_of(sources) if column != time]
    for column in used:
        if column not in grid.columns:
            known = near(column, [*filter(None, [time]), *grid.columns])
            raise DataError(f"data.side_inputs has '{column}', which is no column; {known}")
    kept = [place for place, column in enumerate(grid.columns) if column not in used]
    made = [_column(grid, source, time) for source in sources.values() if source != MASK]
    columns = (*(grid.columns[place] for place in kept), *side_columns(sources))
    return replace(grid, values=np.column_stack([grid.values[:, kept], *made]), columns=columns)


def _column(grid: Grid, source: str, time: str) -> np.ndarray:
    """Return a column or its differences, [N]; NaN at a step at which nothing was measured."""
    name = source.removeprefix(DIFF)
    found = in_seconds(grid.times) if name == time else grid.column(name)
    missing = np.isnan(found) & ~np.isnan(grid.values).all(1)
    _refuse(grid, missing, f"'{name}' is missing; data.side_inputs needs it at every step")
    if not source.startswith(DIFF):
        return found
    differences = np.full(len(found), np.nan)
    for part in grid.series.values():
        steps = np.flatnonzero(~np.isnan(found[part])) + part.start
        apart = np.diff(found[steps])
        differences[steps] = [*apart[:1], *apart] if len(apart) else 0.0
    _refuse(grid, differences < 0, f"'{name}' goes back; sort the rows of a series by it")
    return differences


def _refuse(grid: Grid, wrong: np.ndarray, reason: str) -> None:
    """Raise an error that names the first step that is wrong, if there is one."""
    if wrong.any():
        step = int(wrong.argmax())
        series = next(name for name, part in grid.series.items() if step < part.stop)
        (time,) = written(grid.times[step : step + 1], grid.zone)
        raise DataError(f"{series} {time}: {reason}".strip())


def ordered(grid: Grid, sources: Mapping[str, str]) -> Grid:
    """Return a grid, with its derived columns, as a network reads it: x, then side inputs in their order.

    A mask is 1 where a value was measured, 0 where it bridges a gap, for each column of x.
    """
    if not sources:
        return grid
    sides = side_columns(sources)
    kept = [place for place, column in enumerate(grid.columns) if column not in sides]
    columns, values = [grid.columns[place] for place in kept], [grid.values[:, kept]]
    for name, source in sources.items():
        if source == MASK:
            values.append(np.column_stack([_is_there(grid, column) for column in columns[: len(kept)]]))
            columns += [f"{BEFORE}{name} {column}" for column in columns[: len(kept)]]
        else:
            values.append(grid.column(f"{BEFORE}{name}")[:, None])
            columns.append(f"{BEFORE}{name}")
    return replace(grid, values=np.concatenate(values, axis=1), columns=tuple(columns))


def _is_there(grid: Grid, column: str) -> np.ndarray:
    """Return whether a column of x was measured, or is derived of what was, [N]."""
    place = grid.columns.index(column.removesuffix(BESIDE))
    is_measured = grid.there is not None and place < grid.there.shape[1]
    return grid.there[:, place] if grid.there is not None and is_measured else np.ones(len(grid), dtype=bool)
