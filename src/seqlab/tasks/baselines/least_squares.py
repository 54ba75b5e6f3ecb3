"""Linear models of windows, in closed form: ridge regression of all inputs, NLinear and DLinear.

They are fitted to what changes after the window, or to the values themselves, by their normal equations, so
that only a chunk of windows is in memory. The penalty is chosen on validation windows.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from seqlab.data import SequenceData, WindowSamples
from seqlab.data.series.spec import SeriesSettings
from seqlab.io.progress import stepwise
from seqlab.tasks.baselines.bounds import MOST_VALUES, every_nth, thinned
from seqlab.tasks.baselines.series import CHUNK, Forecast, series_of, windows_of

MOST_ROWS = 2**18
"""Maximum number of rows of a regression, of evenly spread windows; adjacent ones hardly differ."""
MOST_INPUTS = 3_000
"""Maximum number of inputs of a regression; beyond it, only every n-th step is used."""
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1e3, 1e4)
KERNEL = 25
"""Steps of the moving average that is DLinear's trend."""


class Rows(NamedTuple):
    """The rows of a regression.

    Attributes:
        x: inputs, [R, P].
        before: what an output is counted from, [R, 1] or [R, O].
        y: targets, [R, O].
    """

    x: np.ndarray
    before: np.ndarray
    y: np.ndarray


class Sums(NamedTuple):
    """What a regression needs of its rows.

    Attributes:
        rows: their number R.
        x: the sum of the inputs, [P].
        y: the sum of the targets, [O].
        gram: the sum of the products of the inputs, [P, P].
        cross: the sum of the products of inputs and targets, [P, O].
    """

    rows: np.ndarray
    x: np.ndarray
    y: np.ndarray
    gram: np.ndarray
    cross: np.ndarray


class Weights(NamedTuple):
    """A linear model: weights, [P, O], and the constant, [O], which no penalty makes smaller."""

    weights: np.ndarray
    constant: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs, [R, O], for inputs [R, P]."""
        found: np.ndarray = x @ self.weights + self.constant
        return found


class Regression(ABC):
    """How windows become the rows of a regression, and its outputs forecasts.

    Args:
        series: the columns and steps of windows.
        columns: how many of them are inputs at every step.
    """

    rows_of_a_window = 1

    def __init__(self, series: SeriesSettings, columns: int) -> None:
        self.series = series
        every = -(-series.input_steps * columns // MOST_INPUTS)
        self.steps = np.arange(series.input_steps - 1, -1, -every)[::-1].copy()

    @abstractmethod
    def rows(self, x: np.ndarray, last: np.ndarray, y: np.ndarray) -> Rows:
        """Return the rows of some windows.

        Args:
            x: inputs, [W, T, F].
            last: the last values of the targets, [W, 1, K].
            y: targets, [W, horizon, K].
        """

    @abstractmethod
    def shaped(self, outputs: np.ndarray) -> np.ndarray:
        """Return outputs, [R, O], as forecasts, [W, horizon, K]."""

    def basis(self) -> np.ndarray | None:
        """Return the linear map to the inputs that are penalised, [Q, P]; None if they are the rows' own."""
        return None

    def chunks(self, windows: WindowSamples, what: str) -> Iterator[Rows]:
        """Yield the rows of windows in chunks, and show a bar with the name ``what``."""
        size = max(CHUNK // self.rows_of_a_window, 1)
        for ids in stepwise(torch.split(torch.arange(len(windows)), size), what):
            batch = windows.batch(ids)
            x = batch.x.numpy().astype(np.float64)
            yield self.rows(x, x[:, -1:, windows.targets], batch.y.numpy().astype(np.float64))


class Ridge(Regression):
    """A window's measured columns at all steps, derived ones at the last; the change of all targets."""

    def __init__(self, series: SeriesSettings) -> None:
        derived = 2 * len(series.calendar) + len(series.climatology) * bool(series.calendar)
        self.measured = series.present - derived
        super().__init__(series, self.measured)

    def rows(self, x: np.ndarray, last: np.ndarray, y: np.ndarray) -> Rows:
        """Return a row for each window."""
        flat = x[:, self.steps, : self.measured].reshape(len(x), -1)
        inputs = np.hstack([flat, x[:, -1, self.measured :]])
        return Rows(inputs, np.tile(last[:, 0], y.shape[1]), y.reshape(len(x), -1))

    def shaped(self, outputs: np.ndarray) -> np.ndarray:
        """Return forecasts from rows with all targets at each step."""
        return outputs.reshape(len(outputs), self.series.horizon_steps, -1)


class NLinear(Regression):
    """Each target's own past, counted from its last value, as its change; one model of all targets.

    Zeng et al. (2023), *Are Transformers Effective for Time Series Forecasting?*, with ridge regression
    instead of gradient descent.
    """

    is_from_last = True

    def __init__(self, series: SeriesSettings) -> None:
        super().__init__(series, 1)
        self.rows_of_a_window = len(series.targets)

    def rows(self, x: np.ndarray, last: np.ndarray, y: np.ndarray) -> Rows:
        """Return a row for each window and target."""
        before = last[:, 0].reshape(-1, 1) * self.is_from_last
        past = x[:, self.steps][:, :, list(self.series.places)].swapaxes(1, 2).reshape(len(before), -1)
        return Rows(past - before, before, y.swapaxes(1, 2).reshape(len(past), -1))

    def shaped(self, outputs: np.ndarray) -> np.ndarray:
        """Return forecasts from rows of one target."""
        by_target = outputs.reshape(-1, self.rows_of_a_window, self.series.horizon_steps)
        return by_target.swapaxes(1, 2)


class DLinear(NLinear):
    """Each target's moving average, and what is left, as its values; one model of all targets.

    Without a penalty that is the same model as one of the values themselves. From the paper of NLinear.
    """

    is_from_last = False

    def basis(self) -> np.ndarray:
        """Return the map from values to trend and remainder, [2 T, T]."""
        count = len(self.steps)
        trend, places = np.zeros((count, count)), np.arange(count)
        for shift in range(-(KERNEL // 2), KERNEL // 2 + 1):  # the ends are repeated
            trend[places, np.clip(places + shift, 0, count - 1)] += 1 / KERNEL
        return np.vstack([trend, np.eye(count) - trend])


def ridge(data: SequenceData) -> Forecast:
    """Forecast by ridge regression on the model's inputs."""
    return _fitted("ridge", Ridge(series_of(data)), data)


def nlinear(data: SequenceData) -> Forecast:
    """Forecast each target from its own past, counted from its last value."""
    return _fitted("nlinear", NLinear(series_of(data)), data)


def dlinear(data: SequenceData) -> Forecast:
    """Forecast each target from the trend of its own past, and what is left of it."""
    return _fitted("dlinear", DLinear(series_of(data)), data)


def _fitted(name: str, regression: Regression, data: SequenceData) -> Forecast:
    """Return the forecast with the penalty that has the lowest mean absolute error on validation windows."""
    most = MOST_ROWS // regression.rows_of_a_window
    train = thinned(len(data.samples["train"]), most, f"baseline {name} is fitted to")
    sums = _normal_equations(regression, windows_of(data, "train", train), f"baseline {name}, train")
    mean_x, mean_y = sums.x / sums.rows, sums.y / sums.rows
    gram, cross = sums.gram - np.outer(sums.x, mean_x), sums.cross - np.outer(sums.x, mean_y)
    basis = regression.basis()
    if basis is not None:
        gram, cross = basis @ gram @ basis.T, basis @ cross
    values, vectors = np.linalg.eigh(gram)
    rotated = vectors.T @ cross

    def weights_with(penalty: float) -> Weights:
        found: np.ndarray = vectors @ (rotated / (np.maximum(values, 0) + penalty)[:, None])
        found = found if basis is None else basis.T @ found
        return Weights(found, mean_y - mean_x @ found)

    series = series_of(data)
    val = every_nth(len(data.samples["val"]), MOST_VALUES // (series.horizon_steps * len(series.targets)))
    candidates = [weights_with(penalty) for penalty in PENALTIES]
    best = candidates[_best(regression, candidates, windows_of(data, "val", val), f"baseline {name}, val")]

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        chunks = regression.chunks(windows_of(data, split, ids), f"baseline {name}, {split}")
        return np.concatenate([regression.shaped(best(x) + before) for x, before, _ in chunks]).astype("f4")

    return forecast


def _best(regression: Regression, candidates: Sequence[Weights], windows: WindowSamples, what: str) -> int:
    """Return the number of the weights with the lowest mean absolute error on some windows."""
    errors = np.zeros(len(candidates))
    for x, before, y in regression.chunks(windows, what):
        errors += [np.abs(weights(x) + before - y).sum() for weights in candidates]
    return int(errors.argmin())


def _normal_equations(regression: Regression, windows: WindowSamples, what: str) -> Sums:
    """Return the sums over the rows of some windows."""
    total = [np.zeros(())] * len(Sums._fields)
    for x, before, y in regression.chunks(windows, what):
        change = y - before
        parts = (np.array(len(x)), x.sum(0), change.sum(0), x.T @ x, x.T @ change)
        total = [so_far + part for so_far, part in zip(total, parts, strict=True)]
    return Sums(*total)
