"""Scores of the baselines of forecasts, on the windows of validation and test."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from seqlab.data import SequenceData, WindowSamples
from seqlab.io.cache import cached_folder, key_of
from seqlab.io.progress import stepwise
from seqlab.tasks.baselines.boosting import boosting
from seqlab.tasks.baselines.bounds import scattered, spread
from seqlab.tasks.baselines.least_squares import dlinear, nlinear, ridge
from seqlab.tasks.baselines.names import WINDOWS
from seqlab.tasks.baselines.series import (
    CHUNK,
    Baseline,
    Forecast,
    UnavailableError,
    climatology,
    persistence,
    windows_of,
    yesterday,
)
from seqlab.tasks.baselines.statistical import auto_arima, ets, theta
from seqlab.tasks.horizon import Horizon, Scored
from seqlab.tasks.losses import POINT
from seqlab.tasks.score import BaselineScores
from seqlab.tasks.scoring import Scaled, Scoring

log = logging.getLogger(__name__)

MOST_WINDOWS = 1000
"""Maximum number of windows of a split that a model of a single series forecasts, one after the other."""
BASELINES = {
    "persistence": Baseline(persistence),
    "yesterday": Baseline(yesterday),
    "climatology": Baseline(climatology),
    "ridge": Baseline(ridge, is_fitted=True),
    "nlinear": Baseline(nlinear, is_fitted=True),
    "dlinear": Baseline(dlinear, is_fitted=True),
    "boosting": Baseline(boosting, is_fitted=True),
    "ets": Baseline(ets, is_fitted=True, most=MOST_WINDOWS),
    "theta": Baseline(theta, is_fitted=True, most=MOST_WINDOWS),
    "auto_arima": Baseline(auto_arima, is_fitted=True, most=MOST_WINDOWS),
}
FITTED = 3
"""A part of the cache's keys: change it with how a baseline is fitted."""
DAYS = 30
"""Days that forecasts of fitted baselines are kept without being used."""
HELD_OUT = ("val", "test")


def score_baselines(
    data: SequenceData, scoring: Scoring, horizon: Horizon, *, fitted: bool, names: Sequence[str]
) -> tuple[BaselineScores, dict[str, Scored]]:
    """Return the scores of baselines, and those of the test in detail.

    Args:
        data: whose windows are forecast.
        scoring: scores forecasts in the units of the targets.
        horizon: what is forecast.
        fitted: whether baselines that must be fitted are scored.
        names: of the baselines.
    """
    found: BaselineScores = {}
    tested: dict[str, Scored] = {}
    names = [name for name in names if fitted or not BASELINES[name].is_fitted]
    for name, forecasts in forecasts_of(data, horizon, names):
        if isinstance(forecasts, str):
            found[name] = forecasts
            continue
        found[name] = {
            f"{split}/{score}": value
            for split, scaled in forecasts.items()
            for score, value in (scoring.scores(scaled, POINT) | _scored_on(scaled, data)).items()
        }
        test = forecasts["test"]
        tested[name] = horizon.scored(scoring.median_errors(test, POINT), scoring.members.of(*test[:2]))
    return found, tested


def forecasts_of(
    data: SequenceData, horizon: Horizon, names: Sequence[str]
) -> Iterator[tuple[str, dict[str, Scaled] | str]]:
    """Yield the forecasts of baselines for validation and test, or why there are none.

    Args:
        data: whose windows are forecast; of very many every n-th, or fewer where each takes long.
        horizon: what is forecast.
        names: of the baselines.
    """
    each = len(horizon.ahead) * len(horizon.targets)
    ids = {split: spread(len(data.samples[split]), each, f"forecast in '{split}'") for split in HELD_OUT}
    targets = {split: _targets(data, split, ids[split]) for split in HELD_OUT}
    content = _digest(data) if any(BASELINES[name].is_fitted for name in names) else ""
    for name in names:
        rows = {split: _rows(name, split, len(its)) for split, its in ids.items()}
        its = {split: ids[split][rows[split]] for split in HELD_OUT}
        try:
            forecasts = _forecasts(name, data, its, content)
        except UnavailableError as reason:
            yield name, str(reason)
            continue
        yield (
            name,
            {
                split: Scaled(split, its[split], forecasts[split], targets[split][rows[split]])
                for split in HELD_OUT
            },
        )


def _rows(name: str, split: str, count: int) -> Tensor | slice:
    """Return which of some windows of a split a baseline forecasts; all is a slice, no copy."""
    most = BASELINES[name].most
    return slice(None) if most is None else scattered(count, most, f"baseline {name} forecasts in '{split}'")


def _scored_on(scaled: Scaled, data: SequenceData) -> dict[str, float]:
    """Return the number of windows that were forecast, if they are not all of their split."""
    count = len(scaled.ids)
    return {WINDOWS: float(count)} if count < len(data.samples[scaled.stage]) else {}


def _targets(data: SequenceData, split: str, ids: Tensor) -> Tensor:
    """Return what some windows are to forecast, [N, horizon, K]."""
    return torch.cat([windows_of(data, split, part).y for part in torch.split(ids, CHUNK)])


def _forecasts(name: str, data: SequenceData, ids: Mapping[str, Tensor], content: str) -> dict[str, Tensor]:
    """Return a baseline's forecasts of some windows of each split; those of a fitted one are cached.

    Args:
        name: of the baseline.
        data: the windows.
        ids: the windows of each split that are forecast.
        content: the hash of all windows.
    """
    baseline = BASELINES[name]
    if not baseline.is_fitted:
        forecast = baseline.prepare(data)
        return {split: _made(name, forecast, split, its) for split, its in ids.items()}

    def fit(folder: Path) -> None:
        log.info("baseline %s: fitted once for these data and this split …", name)
        forecast = baseline.prepare(data)
        for split, its in ids.items():
            np.save(folder / f"{split}.npy", _made(name, forecast, split, its).numpy())

    folder = cached_folder("forecasts", key_of([FITTED, name, content]), fit, days=DAYS)
    return {split: torch.from_numpy(np.load(folder / f"{split}.npy")) for split in ids}


def _made(name: str, forecast: Forecast, split: str, ids: Tensor) -> Tensor:
    """Return a baseline's forecasts of some windows, made in chunks, [N, horizon, K]."""
    chunks = stepwise(torch.split(ids, CHUNK), f"baseline {name}, {split}")
    return torch.cat([torch.from_numpy(forecast(split, part)) for part in chunks])


def _digest(data: SequenceData) -> str:
    """Return a hash of everything that fitted baselines depend on: values, windows, and settings."""
    content = sha256(json.dumps(data.spec.as_dict()["series"]).encode())
    for split in data.samples:
        windows = cast("WindowSamples", data.samples[split])
        content.update(np.ascontiguousarray(windows.values.numpy()).data)
        content.update(windows.starts.numpy().data)
    return content.hexdigest()
