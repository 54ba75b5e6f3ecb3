"""Baselines of forecasts: the last value, yesterday's value, the climatology, and a linear model.

Each baseline is prepared on the data and then forecasts windows of a split: scaled, [W, horizon, K].
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor

from seqlab.data import SequenceData, SeriesSpec, WindowSamples
from seqlab.data.series.seasons import seasons
from seqlab.data.series.spec import DAY, YEAR, SeriesSettings
from seqlab.data.series.zone import local
from seqlab.tasks.baselines.bounds import MOST_VALUES, every_nth


class Forecast(Protocol):
    """A function that forecasts windows."""

    def __call__(self, split: str, ids: Tensor | None = None) -> np.ndarray:
        """Return the forecasts of the windows ``ids`` of a split, or of all if None, [W, horizon, K]."""


CHUNK = 1024
"""Maximum number of windows in memory."""
MOST_WINDOWS = 50_000
"""Maximum number of training windows of the ridge regression; adjacent ones hardly differ."""
MOST_INPUTS = 3_000
"""Maximum number of inputs of the ridge regression; beyond it, only every n-th step is used."""
PENALTIES = (1.0, 10.0, 100.0, 1e3, 1e4)


class UnavailableError(Exception):
    """A baseline is not available for these data; the message says why."""


@dataclass(frozen=True)
class Baseline:
    """A way to forecast, and whether it is fitted to the training windows."""

    prepare: Callable[[SequenceData], Forecast]
    is_fitted: bool = False


def persistence(data: SequenceData) -> Forecast:
    """Forecast the last value for every step."""
    series = _series(data)

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = _windows(data, split, ids)
        last = windows.values.numpy()[windows.starts.numpy() + series.input_steps - 1][:, windows.targets]
        repeated: np.ndarray = np.repeat(last[:, None], series.horizon_steps, axis=1)
        return repeated

    return forecast


def yesterday(data: SequenceData) -> Forecast:
    """Forecast the value at the same time of the last known day.

    Raises:
        UnavailableError: a day is not a whole number of steps, or is longer than the input.
    """
    series = _series(data)
    if not series.step_minutes:
        raise UnavailableError("rows without times have no day")
    day = DAY / (60 * series.step_minutes)
    if day != round(day):
        raise UnavailableError(f"a day is not a whole number of steps of {series.step_minutes:g} minutes")
    if day > series.input_steps:
        raise UnavailableError("needs a day of input")
    back = series.input_steps - round(day) + np.arange(series.horizon_steps) % round(day)

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = _windows(data, split, ids)
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
    series = _series(data)
    if not series.climatology:
        raise UnavailableError(f"needs a year of training ({YEAR / DAY:.0f} days)")
    means, scales = (np.array(values)[list(series.places)] for values in (series.means, series.scales))

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = _windows(data, split, ids)
        times = local(windows.asked_times(), windows.zone)
        usual = seasons(times.ravel()) @ np.array(series.climatology).T
        scaled: np.ndarray = ((usual - means) / scales).reshape(*times.shape, -1)
        return scaled.astype(np.float32)

    return forecast


def ridge(data: SequenceData) -> Forecast:
    """Forecast by ridge regression on the model's inputs; the penalty is chosen on validation windows."""
    series = _series(data)
    inputs = _Inputs(series)
    train = every_nth(len(data.samples["train"]), MOST_WINDOWS)
    gram, cross = _normal_equations(inputs, _windows(data, "train", train))
    values, vectors = np.linalg.eigh(gram)
    rotated = vectors.T @ cross

    def forecast_with(weights: np.ndarray, split: str, ids: Tensor | None) -> np.ndarray:
        chunks = [
            (x @ weights).reshape(len(x), series.horizon_steps, -1) + last
            for x, last, _ in inputs.chunks(_windows(data, split, ids))
        ]
        return np.concatenate(chunks).astype(np.float32)

    val = every_nth(len(data.samples["val"]), MOST_VALUES // (series.horizon_steps * len(series.targets)))
    truth = _windows(data, "val", val).y.numpy()
    candidates = [vectors @ (rotated / (np.maximum(values, 0) + penalty)[:, None]) for penalty in PENALTIES]
    errors = [np.abs(forecast_with(weights, "val", val) - truth).mean() for weights in candidates]
    best = candidates[int(np.argmin(errors))]
    return lambda split, ids=None: forecast_with(best, split, ids)


BASELINES = {
    "persistence": Baseline(persistence),
    "yesterday": Baseline(yesterday),
    "climatology": Baseline(climatology),
    "ridge": Baseline(ridge, is_fitted=True),
}


class _Inputs:
    """The inputs of ridge regression: a window's measured columns at all steps, derived ones at the last."""

    def __init__(self, series: SeriesSettings) -> None:
        derived = 2 * len(series.calendar) + len(series.climatology) * bool(series.calendar)
        self.measured = series.width - derived
        thinned = -(-series.input_steps * self.measured // MOST_INPUTS)
        self.steps = np.arange(series.input_steps - 1, -1, -thinned)[::-1].copy()

    def chunks(self, windows: WindowSamples) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield windows in chunks: inputs with a constant [C, P], last values [C, 1, K], targets."""
        for ids in torch.split(torch.arange(len(windows)), CHUNK):
            batch = windows.batch(ids)
            x = batch.x.numpy().astype(np.float64)
            flat = x[:, self.steps, : self.measured].reshape(len(x), -1)
            inputs = np.hstack([flat, x[:, -1, self.measured :], np.ones((len(x), 1))])
            yield inputs, x[:, -1:, windows.targets], batch.y.numpy().astype(np.float64)


def _normal_equations(inputs: _Inputs, windows: WindowSamples) -> tuple[np.ndarray, np.ndarray]:
    gram: np.ndarray | float = 0.0
    cross: np.ndarray | float = 0.0
    for x, last, y in inputs.chunks(windows):
        gram = gram + x.T @ x
        cross = cross + x.T @ (y - last).reshape(len(x), -1)
    return cast("np.ndarray", gram), cast("np.ndarray", cross)


def _series(data: SequenceData) -> SeriesSettings:
    return cast("SeriesSpec", data.spec).series


def _windows(data: SequenceData, split: str, ids: Tensor | None = None) -> WindowSamples:
    windows = cast("WindowSamples", data.samples[split])
    return windows if ids is None or len(ids) == len(windows) else windows.subset(ids.numpy())
