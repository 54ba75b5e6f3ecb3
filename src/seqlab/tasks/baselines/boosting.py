"""Gradient boosting on lags: scikit-learn's HistGradientBoostingRegressor, direct for several steps."""

import math
from itertools import product

import numpy as np
from torch import Tensor

from seqlab.data import SequenceData, WindowSamples
from seqlab.data.series.spec import SeriesSettings
from seqlab.io.progress import stepwise
from seqlab.tasks.baselines.bounds import every_nth, thinned
from seqlab.tasks.baselines.series import Forecast, series_of, windows_of

MOST_MODELS = 24
"""Maximum number of models; with more targets and steps, a model forecasts several steps that follow."""
MOST_ROWS = 20_000
"""Maximum number of windows that a model is fitted to, evenly spread; adjacent ones hardly differ."""
LEAVES = 8
"""Maximum number of leaves of a tree: windows overlap so much that larger trees learn them by heart."""
MOST_LAGS = 96
"""Maximum number of lags; beyond it, only every n-th step of the input is used."""


class Lags:
    """The inputs of models of each target: its past, all columns now, the step ahead and what is known of it.

    Values of the target are counted from its last one, as are those to be predicted.

    Args:
        series: the columns and steps of windows.
    """

    def __init__(self, series: SeriesSettings) -> None:
        self.places, self.present, self.last = series.places, series.present, series.input_steps - 1
        self.known = [series.columns.index(name) for name in series.known]
        every = math.ceil(series.input_steps / MOST_LAGS)
        self.steps = np.arange(self.last, -1, -every)[::-1]
        blocks = max(MOST_MODELS // len(series.targets), 1)
        self.blocks = np.array_split(np.arange(series.horizon_steps), min(blocks, series.horizon_steps))

    @property
    def models(self) -> list[tuple[int, int]]:
        """The number of the target and of the block of each model."""
        return list(product(range(len(self.places)), range(len(self.blocks))))

    def inputs(self, windows: WindowSamples, target: int, asked: np.ndarray) -> np.ndarray:
        """Return the inputs of a target's models, [W, P].

        Args:
            windows: the windows.
            target: its number.
            asked: which step of the horizon each window asks for, [W].
        """
        past = self._values(windows, target, self.steps) - self.now(windows, target)[:, None]
        values, now = windows.values.numpy(), windows.starts.numpy() + self.last
        known = values[now + 1 + asked][:, self.known]
        return np.column_stack([past, values[now, : self.present], asked.astype(past.dtype), known])

    def now(self, windows: WindowSamples, target: int) -> np.ndarray:
        """Return the last values of a target, [W]."""
        found: np.ndarray = self._values(windows, target, np.array([self.last]))[:, 0]
        return found

    def examples(self, windows: WindowSamples, target: int, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs, [W, P], and changes of a target, [W]; a window has a step of the block, in turn."""
        block = self.blocks[number]
        asked = block[np.arange(len(windows)) % len(block)]
        values = windows.values.numpy()[:, self.places[target]]
        y = values[windows.starts.numpy() + self.last + 1 + asked]
        return self.inputs(windows, target, asked), y - self.now(windows, target)

    def _values(self, windows: WindowSamples, target: int, steps: np.ndarray) -> np.ndarray:
        """Return the values of a target at some steps, [W, S]."""
        found: np.ndarray = windows.values.numpy()[:, self.places[target]][
            windows.starts.numpy()[:, None] + steps
        ]
        return found


def boosting(data: SequenceData) -> Forecast:
    """Forecast each target's change by gradient boosting, a model for each block of steps.

    Trees are added as long as the absolute error on validation windows falls.
    """
    # Slow to import, and only needed here.
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415

    series = series_of(data)
    lags = Lags(series)
    ids = thinned(len(data.samples["train"]), MOST_ROWS, "baseline boosting is fitted to")
    held_out = every_nth(len(data.samples["val"]), MOST_ROWS)
    train, val = windows_of(data, "train", ids), windows_of(data, "val", held_out)
    fitted = {}
    for target, number in stepwise(lags.models, "baseline boosting, train"):
        (x, y), (x_val, y_val) = (lags.examples(windows, target, number) for windows in (train, val))
        model = HistGradientBoostingRegressor(
            loss="absolute_error", max_leaf_nodes=LEAVES, early_stopping=True, random_state=0
        )
        fitted[target, number] = model.fit(x, y, X_val=x_val, y_val=y_val)

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = windows_of(data, split, ids)
        found = np.empty((len(windows), series.horizon_steps, len(series.targets)), np.float32)
        for (target, number), model in fitted.items():
            for asked in lags.blocks[number]:
                inputs = lags.inputs(windows, target, np.full(len(windows), asked))
                found[:, asked, target] = model.predict(inputs) + lags.now(windows, target)
        return found

    return forecast
