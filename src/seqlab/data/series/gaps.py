"""Short gaps in what a model reads, bridged by the value before; what they cost otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqlab.data.series.grid import Grid
from seqlab.data.series.windows import window_starts

FILLED = "(filled)"
"""The column that is 1 where a value of the step was bridged."""
PROPOSED = (1, 2, 3, 6, 12, 24)
"""Lengths of gaps that are proposed to be bridged."""
COSTLY = 0.1
"""Share of the windows that gaps may cost before that is said."""
WORTHWHILE = 0.1
"""Share of the possible windows that a length must recover to be proposed."""


def bridged(grid: Grid, longest: int, *, is_masked: bool = False) -> Grid:
    """Return a grid whose gaps of up to so many steps hold the value before, with a column that says where.

    Only past values are used; the value after a gap may lie in the horizon.

    Args:
        grid: with gaps.
        longest: steps of the longest gap that is bridged.
        is_masked: whether a mask says where, so that no column need.
    """
    values = grid.values.copy()
    for part in grid.series.values():
        for column in values[part].T:
            _bridge(column, longest)
    there = ~np.isnan(grid.values)
    if is_masked:
        return replace(grid, values=values, there=there)
    is_filled = (~there & ~np.isnan(values)).any(1)
    return replace(
        grid, values=np.column_stack([values, is_filled]), columns=(*grid.columns, FILLED), there=there
    )


def _bridge(column: np.ndarray, longest: int) -> None:
    """Fill short gaps of one column of one series in place; what is before the first value stays missing."""
    missing = np.isnan(column)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8))).reshape(
        -1, 2
    )
    for begin, end in edges.tolist():
        if begin and end - begin <= longest:
            column[begin:end] = column[begin - 1]


@dataclass(frozen=True)
class Windowing:
    """How windows are cut from a grid: the targets, the steps that are read and the steps to forecast.

    What is known ahead must be there in the horizon too.
    """

    targets: Sequence[str]
    input_steps: int
    horizon_steps: int
    known: Sequence[str] = ()

    def starts(self, grid: Grid, ranges: Sequence[range]) -> list[np.ndarray]:
        """Return the first steps of each range's windows; bridged gaps are in inputs, never in targets."""
        if grid.there is None:
            return self._starts(grid.whole, ranges)
        targets = [grid.columns.index(target) for target in self.targets]
        is_known = np.all([~np.isnan(grid.column(name)) for name in self.known], axis=0)
        return self._starts(grid.whole, ranges, np.all(grid.there[:, targets], axis=1) & is_known)

    def possible(self, ranges: Sequence[range]) -> int:
        """Return how many windows there would be without gaps."""
        return sum(max(len(part) - self.input_steps - self.horizon_steps + 1, 0) for part in ranges)

    def advice(self, grid: Grid, ranges: Sequence[range]) -> str:
        """Return which column's gaps cost most windows, and the fill_gaps setting that recovers enough."""
        missing = np.isnan(grid.values)
        if not missing.any():
            return ""
        count, each = missing.sum(1), np.flatnonzero(missing.any(0)).tolist()
        gained = {place: self._count(self._starts(count == missing[:, place], ranges)) for place in each}
        said = f"column '{grid.columns[max(gained, key=gained.__getitem__)]}' costs most"
        now, enough = self._count(self.starts(grid, ranges)), WORTHWHILE * self.possible(ranges)
        for longest in PROPOSED if grid.there is None else ():
            if self._count(self.starts(bridged(grid, longest), ranges)) > max(now, enough):
                return f"{said}; data.fill_gaps={longest} bridges short gaps in inputs"
        return said

    def _starts(
        self, whole: np.ndarray, ranges: Sequence[range], forecastable: np.ndarray | None = None
    ) -> list[np.ndarray]:
        length = self.input_steps + self.horizon_steps
        return [
            window_starts(whole, part, length, horizon=self.horizon_steps, forecastable=forecastable)
            for part in ranges
        ]

    @staticmethod
    def _count(starts: Sequence[np.ndarray]) -> int:
        return sum(map(len, starts))
