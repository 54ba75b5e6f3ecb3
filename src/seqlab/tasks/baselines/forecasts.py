"""Scores of the baselines of forecasts, on the windows of validation and test."""

import math
from typing import TypeAlias, cast

import torch
from torch import Tensor

from seqlab.data import SequenceData, WindowSamples
from seqlab.io.progress import stepwise
from seqlab.tasks.baselines.bounds import spread
from seqlab.tasks.baselines.series import BASELINES, CHUNK, Forecast, UnavailableError
from seqlab.tasks.horizon import Horizon, Scored
from seqlab.tasks.losses import POINT
from seqlab.tasks.scoring import Scaled, Scoring

Scores: TypeAlias = dict[str, dict[str, float] | str]
"""The scores of each baseline, or why it has none."""


def score_baselines(
    data: SequenceData, scoring: Scoring, horizon: Horizon, *, fitted: bool
) -> tuple[Scores, dict[str, Scored]]:
    """Return the scores of persistence, yesterday, climatology and ridge, and those of the test in detail.

    Args:
        data: whose windows are forecast.
        scoring: scores forecasts in the units of the targets.
        horizon: what is forecast.
        fitted: whether baselines that must be fitted are scored.
    """
    found: Scores = {}
    tested: dict[str, Scored] = {}
    shape = len(horizon.ahead), len(horizon.targets)
    ids_of = {
        split: spread(len(data.samples[split]), math.prod(shape), f"forecast in '{split}'")
        for split in ("val", "test")
    }
    for name, baseline in BASELINES.items():
        if baseline.is_fitted and not fitted:
            continue
        try:
            forecast = baseline.prepare(data)
        except UnavailableError as reason:
            found[name] = str(reason)
            continue
        metrics: dict[str, float] = {}
        for split in ("val", "test"):
            windows = cast("WindowSamples", data.samples[split])
            scaled = _forecasts_of(name, forecast, windows, split, ids_of[split], shape=shape)
            scores = scoring.scores(scaled, POINT)
            metrics |= {f"{split}/{score}": value for score, value in scores.items()}
            if split == "test":
                errors = scoring.median_errors(scaled, POINT)
                tested[name] = horizon.scored(errors, scoring.members.of(split, scaled.ids))
        found[name] = metrics
    return found, tested


def _forecasts_of(
    name: str, forecast: Forecast, windows: WindowSamples, split: str, ids: Tensor, *, shape: tuple[int, int]
) -> Scaled:
    """Return a baseline's forecasts of some windows, made in chunks."""
    forecasts, truths = torch.empty(2, len(ids), *shape)
    for start in stepwise(range(0, len(ids), CHUNK), f"baseline {name}, {split}"):
        part = ids[start : start + CHUNK]
        forecasts[start : start + CHUNK] = torch.from_numpy(forecast(split, part))
        truths[start : start + CHUNK] = windows.subset(part.numpy()).y
    return Scaled(split, ids, forecasts, truths)
