"""A regular grid of steps: the values of one series or several, end to end."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from seqlab.data.series.several import parts
from seqlab.data.series.static import Meanings
from seqlab.data.series.step import Step


@dataclass(frozen=True)
class Grid:
    """Values at equal steps, one series behind the other; where nothing was measured they are NaN.

    Attributes:
        step: what is between two steps.
        times: time of each step, datetime64[us], or the numbers of rows without times, [N].
        values: [N, columns].
        columns: their names.
        lengths: steps of each series by its id; empty for one series without an id.
        meanings: what may stand in each static column.
        rows: the step of each row of the file, [R].
        zone: of the times, which are in UTC then; None for times as they are written.
        there: whether a value was measured, [N, measured columns], if others are bridged; None if no gap is.
    """

    step: Step
    times: np.ndarray
    values: np.ndarray
    columns: tuple[str, ...]
    lengths: Mapping[str, int] = field(default_factory=dict)
    meanings: Meanings = field(default_factory=dict)
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    zone: str | None = None
    there: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def series(self) -> dict[str, slice]:
        """The steps of each series by its id."""
        return parts(len(self), self.lengths)

    @cached_property
    def whole(self) -> np.ndarray:
        """Whether all columns of a step are there, [N]."""
        found: np.ndarray = ~np.isnan(self.values).any(1)
        return found

    def part(self, steps: slice) -> "Grid":
        """Return some steps, as one series."""
        there = None if self.there is None else self.there[steps]
        return replace(self, times=self.times[steps], values=self.values[steps], lengths={}, there=there)

    @property
    def measured(self) -> "Grid":
        """The grid without values that bridge gaps, which are NaN."""
        if self.there is None:
            return self
        others = len(self.columns) - self.there.shape[1]
        there = np.pad(self.there, ((0, 0), (0, others)), constant_values=True)
        return replace(self, values=np.where(there, self.values, np.nan))

    def column(self, name: str) -> np.ndarray:
        """Return one column, [N]."""
        found: np.ndarray = self.values[:, self.columns.index(name)]
        return found
