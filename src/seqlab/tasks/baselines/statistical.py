"""Models of a single series, by statsforecast: exponential smoothing (ETS), Theta, ARIMA.

A model is fitted to the end of a series' training part, in the units of the target, and forecasts from the
end of each window. The parameters of ETS and ARIMA stay and what came since is taken in; Theta is fitted
again. Models of a series that begins too late are fitted to what comes before its first forecast. Unlike the
others these may know more than the window. Gaps are bridged by straight lines.
"""

import logging
import warnings
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from seqlab.data import SequenceData
from seqlab.data.series.prepared import step_of
from seqlab.data.series.spec import DAY, SeriesSettings
from seqlab.data.series.step import Duration, Weekdays
from seqlab.data.splits import HELD_OUT
from seqlab.io.progress import stepwise
from seqlab.tasks.baselines.series import Forecast, UnavailableError, series_of, windows_of
from seqlab.tasks.members import Members

log = logging.getLogger(__name__)

MOST_STEPS, MOST_SEASONS = 336, 7
"""What a model is fitted to at most, whichever is more: two weeks of hours, nearly a year of days."""
LEAST_STEPS = 12
"""Minimum number of steps that a model is fitted to."""
LONGEST_SEASON = 24
"""Steps of the longest season of an ARIMA model: the time to fit it grows with the cube."""

FromPast = Callable[[np.ndarray], np.ndarray]
"""A function from the values of a series up to an origin to its forecast, [horizon]."""
Method = Callable[[np.ndarray, int, int], FromPast]
"""A function from the training part of a series, the steps of a season and those of the horizon."""


def ets(data: SequenceData) -> Forecast:
    """Forecast by exponential smoothing, its form chosen by AICc (statsforecast's AutoETS)."""
    return _forecast("ets", data, _ets)


def theta(data: SequenceData) -> Forecast:
    """Forecast by the Theta method (Assimakopoulos and Nikolopoulos 2000), fitted before each origin."""
    return _forecast("theta", data, _theta)


def auto_arima(data: SequenceData) -> Forecast:
    """Forecast by seasonal ARIMA, its orders chosen stepwise by AICc (statsforecast's AutoARIMA).

    Raises:
        UnavailableError: a season has too many steps.
    """
    season = season_of(series_of(data))
    if season > LONGEST_SEASON:
        raise UnavailableError(
            f"a season has {season} steps, and {LONGEST_SEASON} are the most; average with data.step_minutes"
        )
    return _forecast("auto_arima", data, _auto_arima)


def _ets(train: np.ndarray, season: int, horizon: int) -> FromPast:
    from statsforecast.models import AutoETS  # noqa: PLC0415 (of an extra)

    # Multiplicative forms need positive values; ours are judged by the training part.
    model = AutoETS(season, "ZZZ" if train.min() > 0 else "AZZ").fit(_latest(train, season))
    begin = len(train) - len(_latest(train, season))  # its first state is that of this step
    return lambda past: model.forward(past[begin:], horizon)["mean"]


def _theta(train: np.ndarray, season: int, horizon: int) -> FromPast:
    from statsforecast.models import Theta  # noqa: PLC0415 (of an extra)

    model = Theta(season, "multiplicative" if train.min() > 0 else "additive")
    return lambda past: model.forecast(_latest(past, season), horizon)["mean"]


def _auto_arima(train: np.ndarray, season: int, horizon: int) -> FromPast:
    from statsforecast.models import AutoARIMA  # noqa: PLC0415 (of an extra)

    model = AutoARIMA(season_length=season, approximation=True).fit(_latest(train, season))
    return lambda past: model.forward(_latest(past, season), horizon)["mean"]


def _latest(values: np.ndarray, season: int) -> np.ndarray:
    return values[-max(MOST_STEPS, MOST_SEASONS * season) :]


def season_of(series: SeriesSettings) -> int:
    """Return the steps of a season: of a day, a year of months, a week of days; else 1."""
    step = step_of(series)
    if isinstance(step, Weekdays):
        return len(step.days.split())
    is_daily = isinstance(step, Duration) and step.seconds == DAY
    return 7 if is_daily else step.season


class Histories:
    """The targets of each series, in their units, from its first window on.

    Args:
        data: the windows of all splits.

    Attributes:
        members: the series.
        begins: the first step of each, [M].
        ends: where what its model is fitted to ends, [M].
        late: the numbers of those that are forecast, and whose training part is shorter than ``LEAST_STEPS``.
    """

    def __init__(self, data: SequenceData) -> None:
        self.settings = series_of(data)
        self.members = Members(data.spec.as_dict()["series"], self.settings.places)
        self.values = windows_of(data, "train").values.numpy()
        places, members = self.settings.places, self.members
        means, scales = (
            np.array([one[place] for place in places]) for one in (self.settings.means, self.settings.scales)
        )
        self.scales: np.ndarray = members.scales.numpy() * scales  # of each series and target, [M, K]
        self.means: np.ndarray = members.scales.numpy() * means + members.means.numpy()
        self.begins, origins = (np.full(len(self.members), len(self.values)) for _ in range(2))
        for split in data.samples:
            starts, series = self._windows(data, split)
            np.minimum.at(self.begins, series, starts)
            if split in HELD_OUT:
                np.minimum.at(origins, series, starts + self.settings.input_steps)
        self.ends = self.begins.copy()  # of the training parts
        starts, series = self._windows(data, "train")
        np.maximum.at(self.ends, series, starts + self.settings.input_steps + self.settings.horizon_steps)
        is_asked = origins < len(self.values)
        self.late = np.flatnonzero(is_asked & (self.ends - self.begins < LEAST_STEPS))
        self.ends[self.late] = origins[self.late]

    def _windows(self, data: SequenceData, split: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the first step and the series of each window of a split."""
        starts = windows_of(data, split).starts.numpy()
        return starts, self.members.of(split, torch.arange(len(starts))).numpy()

    def until(self, end: int, series: int, target: int) -> np.ndarray:
        """Return a target of a series up to a step, which is left out, without gaps."""
        values: np.ndarray = self.values[self.begins[series] : end, self.settings.places[target]].astype(
            np.float64
        )
        values = values * self.scales[series, target] + self.means[series, target]
        known = np.isfinite(values)
        return (
            values if known.all() else np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
        )

    def scaled(self, values: np.ndarray, series: int, target: int) -> np.ndarray:
        """Return values of a target in scaled units."""
        found: np.ndarray = (values - self.means[series, target]) / self.scales[series, target]
        return found


def _check_late(name: str, histories: Histories) -> None:
    """Say which series have too few steps of training, and refuse those that have too few in all."""
    late, names = histories.late, histories.members.names
    steps = (histories.ends - histories.begins)[late]
    if (fewest := int(steps.min())) < LEAST_STEPS:
        whose = f"series '{names[late[steps.argmin()]]}'" if histories.settings.members else "the series"
        raise UnavailableError(
            f"{whose} has {fewest} steps before its first forecast, and {LEAST_STEPS} are needed; raise "
            "data.input_steps, or leave it out"
        )
    log.info(
        "baseline %s: %s of %s series have fewer than %s steps of training; their models are fitted to "
        "what comes before their first forecast",
        *(name, len(late), len(names), LEAST_STEPS),
    )


def _forecast(name: str, data: SequenceData, method: Method) -> Forecast:
    settings, histories = series_of(data), Histories(data)
    season, horizon = season_of(settings), settings.horizon_steps
    if len(histories.late):
        _check_late(name, histories)

    @cache
    def fitted(series: int, target: int) -> FromPast:
        train = histories.until(int(histories.ends[series]), series, target)
        return method(train, season if len(train) >= 2 * season else 1, horizon)

    def forecast(split: str, ids: Tensor | None = None) -> np.ndarray:
        windows = windows_of(data, split, ids)
        ids = torch.arange(len(windows)) if ids is None else ids
        found = np.empty((len(windows), horizon, len(settings.targets)), np.float32)
        origins = (windows.starts + settings.input_steps).tolist()
        numbers = histories.members.of(split, ids).tolist()
        for row in stepwise(range(len(windows)), f"baseline {name}, {split}"):
            for target in range(len(settings.targets)):
                past = histories.until(origins[row], numbers[row], target)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # about optima that are nearly reached
                    ahead = fitted(numbers[row], target)(past)
                found[row, :, target] = histories.scaled(ahead, numbers[row], target)
        return found

    return forecast
