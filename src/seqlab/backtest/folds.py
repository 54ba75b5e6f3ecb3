"""The folds of a backtest: consecutive parts of what the test forecasts, each with its own borders."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

import numpy as np
import torch
from torch import Tensor

from seqlab.data import SequenceData, SeriesData, SeriesSpec, WindowSamples
from seqlab.data.series.prepared import prepared
from seqlab.data.series.spec import written
from seqlab.errors import ConfigError

Growth = Literal["expanding", "sliding"]
"""Whether the training part of later folds begins where the first does, or is as long."""


@dataclass(frozen=True)
class Fold:
    """A part of the times that are forecast in the test.

    Attributes:
        number: from 1.
        start: the place of its first time among all times of the data.
        stop: the place behind its last one.
    """

    number: int
    start: int
    stop: int


class Folds:
    """What the test windows of some data forecast, cut into equally long parts; the first is the longest.

    Args:
        data: the data.
        count: how many folds.

    Raises:
        ConfigError: a fold would be shorter than a forecast.
    """

    def __init__(self, data: SequenceData, count: int) -> None:
        data.setup()
        self.data = data
        self.windows = cast("WindowSamples", data.samples["test"])
        series = cast("SeriesSpec", data.spec).series
        self.read, self.horizon = series.input_steps, series.horizon_steps
        self.times = np.unique(self.windows.times)
        validation = cast("WindowSamples", data.samples["val"])
        self.val, (start, stop) = self._asked(validation)[0], self._asked(self.windows)
        if (most := (stop - start) // self.horizon) < count:
            raise ConfigError(
                f"--folds {count}: the test part has {stop - start} steps, and a fold needs {self.horizon}, "
                f"those of a forecast; ask for {most} or fewer, raise data.test_share, or forecast less"
            )
        parts = np.array_split(np.arange(start, stop), count)
        self.all = [Fold(number, int(part[0]), int(part[-1]) + 1) for number, part in enumerate(parts, 1)]

    def _asked(self, windows: WindowSamples) -> tuple[int, int]:
        """Return the place of the first time that windows forecast, and the one behind the last."""
        first, last = self._ends(windows)
        return int(first.min()), int(last.max()) + 1

    def _ends(self, windows: WindowSamples) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of the first and last time that each window forecasts, [W]."""
        first = windows.starts.numpy() + self.read
        each = windows.times[first], windows.times[first + self.horizon - 1]
        begin, end = (np.searchsorted(self.times, times) for times in each)
        return begin, end

    def ids(self, fold: Fold) -> Tensor:
        """Return the numbers of the test windows that forecast nothing but times of the fold, [W]."""
        first, last = self._ends(self.windows)
        return torch.from_numpy(np.flatnonzero((first >= fold.start) & (last < fold.stop)))

    def span(self, fold: Fold) -> tuple[str, str]:
        """Return the first and the last time of a fold."""
        first, last = written(self.times[[fold.start, fold.stop - 1]], self.windows.zone)
        return first, last

    def borders(self, fold: Fold, growth: Growth) -> Mapping[str, Any]:
        """Return the settings of data whose test is the fold, and whose training ends before validation.

        Validation is as long as that of the data, and follows the training, which begins where that of the
        data does. A sliding training part is as long as that of the first fold.
        """
        later = fold.start - self.all[0].start
        begin = self.begin + (later if growth == "sliding" else 0)
        stop = fold.stop if fold.stop < len(self.times) else None
        # All four, as a border of the data may be the number of a row where these are dates.
        places = {
            "train_start": begin or None,
            "val_start": self.val + later,
            "test_start": fold.start,
            "test_end": stop,
        }
        return {name: None if place is None else self._border(place) for name, place in places.items()}

    @cached_property
    def begin(self) -> int:
        """The place of the first time of the training part."""
        settings = cast("SeriesData", self.data.dataset)
        if settings.train_start is None:
            return 0
        series = prepared(settings, settings.open(settings.find()), self.data.spec.sha256)
        first = min(series.grid.times[part.start] for part in series.splits["train"] if part)
        return int(np.searchsorted(self.times, first))

    def _border(self, place: int) -> int | str:
        """Return a time as a setting: a date, or without dates the number of a row."""
        is_dated = self.times.dtype.kind == "M"
        return written(self.times[[place]], self.windows.zone)[0] if is_dated else place + 1
