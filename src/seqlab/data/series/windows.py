"""Windows of a series: some steps to read, the next ones to forecast."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Batch
from seqlab.data.series.chains import scoring_batches, training_batches
from seqlab.data.series.lookahead import Lookahead
from seqlab.data.series.spec import written


class WindowSamples:
    """Overlapping windows, all of them views into one array.

    Args:
        values: scaled input columns at every step, [N, F]; NaN where nothing was measured.
        times: time of every step, [N], as a ``Grid`` has them.
        starts: first step of each window, [W].
        input_steps: steps that are read, T.
        horizon_steps: steps behind them that are forecast.
        targets: which columns are forecast, K of them.
        zone: of the times, which are in UTC then.
        intervals: columns that tell how far a step is from the one before: 1, the mean, at the first of a
            window, before which nothing is known.
        lookahead: how the next values of columns that are known ahead are read; None if none is.
        order: of windows that go on where others ended: "trained" or "scored", as ``chains`` has them; None
            if each begins anew.
    """

    def __init__(
        self,
        values: Tensor,
        times: np.ndarray,
        starts: np.ndarray,
        *,
        input_steps: int,
        horizon_steps: int,
        targets: tuple[int, ...],
        zone: str | None = None,
        intervals: Sequence[int] = (),
        lookahead: Lookahead | None = None,
        order: Literal["trained", "scored"] | None = None,
    ) -> None:
        self.lookahead = lookahead
        self.zone, self.intervals, self.order = zone, list(intervals), order
        self.values, self.times, self.starts = values, times, torch.from_numpy(starts)
        self.input_steps, self.targets = input_steps, list(targets)
        self.lengths = torch.full((len(starts),), input_steps)
        self._read = torch.arange(input_steps)
        self._horizon = torch.arange(input_steps, input_steps + horizon_steps)
        self._ahead = lookahead.following(values) if lookahead else None

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def y(self) -> Tensor:
        """What is to be forecast, scaled, [W, horizon, K]."""
        return self._targets(self.starts)

    def subset(self, rows: np.ndarray) -> "WindowSamples":
        """Return the windows ``rows``, which share this one's array."""
        return WindowSamples(
            self.values,
            self.times,
            self.starts.numpy()[rows],
            input_steps=self.input_steps,
            horizon_steps=len(self._horizon),
            targets=tuple(self.targets),
            zone=self.zone,
            intervals=self.intervals,
            lookahead=self.lookahead,
            order=self.order,
        )

    def batch(self, ids: Tensor) -> Batch:
        """Cut out the windows ``ids``, [B]: x [B, T, F], y [B, horizon, K]."""
        starts = self.starts[ids.clamp(min=0)]
        x = self.values[starts[:, None] + self._read]
        if self.lookahead is not None and self._ahead is not None:
            x = self.lookahead.joined(x, self._ahead[starts[:, None] + self._read])
        if self.order is None:
            x[:, 0, self.intervals] = 1
        return Batch(x, torch.full((len(ids),), self.input_steps), self._targets(starts), ids)

    def in_streams(self, streams: int, ranks: int, random: np.random.Generator) -> Tensor:
        """Return the batches of an epoch over all ranks, as numbers of windows, [batches, rows of all ranks].

        Raises:
            DataError: there are too few windows to train so many streams.
        """
        starts = self.starts.numpy()
        if self.order == "trained":
            return torch.from_numpy(training_batches(starts, self.input_steps, streams, random))
        return torch.from_numpy(scoring_batches(starts, self.input_steps, streams, ranks))

    def last_read(self, index: int) -> str:
        """Return the time of the last step that a window reads."""
        last = int(self.starts[index]) + self.input_steps
        return written(self.times[last - 1 : last], self.zone)[0]

    def horizon_times(self) -> np.ndarray:
        """Return the times that are forecast, [W, horizon]."""
        found: np.ndarray = self.times[(self.starts[:, None] + self._horizon).numpy()]
        return found

    def all_times(self) -> np.ndarray:
        """Return the times that are read and forecast, [W, T + horizon]."""
        steps = torch.cat([self._read, self._horizon])
        found: np.ndarray = self.times[(self.starts[:, None] + steps).numpy()]
        return found

    def _targets(self, starts: Tensor) -> Tensor:
        return self.values[starts[:, None] + self._horizon][:, :, self.targets]


def window_starts(
    whole: np.ndarray, part: range, length: int, *, horizon: int = 0, forecastable: np.ndarray | None = None
) -> np.ndarray:
    """Return the first steps of all windows that lie in ``part`` and hold no gap.

    Args:
        whole: whether all columns of a step are there, [N].
        part: the steps of a split.
        length: steps of a window, those it reads and those it forecasts.
        horizon: steps that it forecasts.
        forecastable: whether a step may be forecast, [N]; None if it is that it is whole.
    """
    count = max(len(part) - length + 1, 0)
    inside = slice(part.start, part.stop)
    broken = _summed(~whole[inside])
    missing = broken if forecastable is None else _summed(~forecastable[inside])
    begins, behind, ends = (slice(at, at + count) for at in (0, length - horizon, length))
    sound = (broken[behind] == broken[begins]) & (missing[ends] == missing[behind])
    return np.flatnonzero(sound) + part.start


def _summed(values: np.ndarray) -> np.ndarray:
    """Return how many there are before each step, [N + 1]."""
    return np.concatenate([[0], np.cumsum(values)])
