"""Baselines of forecasts that say what is usual: the last value, yesterday's value, the climatology.

Each baseline is prepared on the data and then forecasts windows of a split: scaled, [W, horizon, K].
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from torch import Tensor

from seqlab.data import SequenceData, SeriesSpec, WindowSamples
from seqlab.data.series.prepared import step_of
from seqlab.data.series.seasons import seasons
from seqlab.data.series.spec import DAY, YEAR, SeriesSettings
from seqlab.data.series.step import Uneven
from seqlab.data.series.zone import local


class Forecast(Protocol):
    """A function that forecasts windows."""

    def __call__(self, split: str, ids: Tensor | None = None) -> np.ndarray:
        """Return the forecasts of the windows ``ids`` of a split, or of all if None, [W, horizon, K]."""


CHUNK = 1024
"""Maximum number of windows in memory."""


class UnavailableError(Exception):
    """A baseline is not available for these data; the message says why."""


@dataclass(frozen=True)
class Baseline:
    """A way to forecast.

    Attributes:
        prepare: returns how windows of some data are forecast.
        is_fitted: whether it is fitted to the training part.
        most: maximum number of windows of a split that it forecasts; None for all.
    """

    prepare: Callable[[SequenceData], Forecast]
    is_fitted: bool = False
    most: int | None = None


def persistence(data: SequenceData) -> Forecast:
    """Forecast the last value for every step."""
    series = series_of(data)

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = windows_of(data, split, ids)
        last = windows.values.numpy()[windows.starts.numpy() + series.input_steps - 1][:, windows.targets]
        repeated: np.ndarray = np.repeat(last[:, None], series.horizon_steps, axis=1)
        return repeated

    return forecast


def yesterday(data: SequenceData) -> Forecast:
    """Forecast the value at the same time of the last known day.

    Raises:
        UnavailableError: a day is not a whole number of steps, or is longer than the input.
    """
    series = series_of(data)
    if isinstance(step_of(series), Uneven):
        raise UnavailableError("rows at any times have no step of a day")
    if not series.step_minutes:
        raise UnavailableError("rows without times have no day")
    day = DAY / (60 * series.step_minutes)
    if day != round(day):
        raise UnavailableError(f"a day is not a whole number of steps of {series.step_minutes:g} minutes")
    if day > series.input_steps:
        raise UnavailableError("needs a day of input")
    back = series.input_steps - round(day) + np.arange(series.horizon_steps) % round(day)

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = windows_of(data, split, ids)
        found: np.ndarray = windows.values.numpy()[windows.starts.numpy()[:, None] + back][
            :, :, windows.targets
        ]
        return found

    return forecast


def climatology(data: SequenceData) -> Forecast:
    """Forecast the mean for the hour and season in the training data.

    Raises:
        UnavailableError: the training data are shorter than a year.
    """
    series = series_of(data)
    if not series.climatology:
        raise UnavailableError(f"needs a year of training ({YEAR / DAY:.0f} days)")
    means, scales = (np.array(values)[list(series.places)] for values in (series.means, series.scales))

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = windows_of(data, split, ids)
        times = local(windows.horizon_times(), windows.zone)
        usual = seasons(times.ravel()) @ np.array(series.climatology).T
        scaled: np.ndarray = ((usual - means) / scales).reshape(*times.shape, -1)
        return scaled.astype(np.float32)

    return forecast


def series_of(data: SequenceData) -> SeriesSettings:
    """Return the settings of the series."""
    return cast("SeriesSpec", data.spec).series


def windows_of(data: SequenceData, split: str, ids: Tensor | None = None) -> WindowSamples:
    """Return the windows ``ids`` of a split, or all if None."""
    windows = cast("WindowSamples", data.samples[split])
    return windows if ids is None or len(ids) == len(windows) else windows.subset(ids.numpy())
