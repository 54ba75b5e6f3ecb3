"""Errors of forecasts: mean, median and squared errors, over all steps and step by step."""

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from seqlab.tasks.predictions import in_order

SCORES = ("mae", "median_ae", "rmse", "bias")
"""Of errors, forecast minus target: with a positive bias, forecasts are too high."""


class PredictionsAndTargets(Metric):
    """Collects all predictions and targets of an evaluation, over all ranks, sorted by sample id."""

    full_state_update = False
    ids: list[Tensor]
    predictions: list[Tensor]
    targets: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        for name in ("ids", "predictions", "targets"):
            self.add_state(name, [], dist_reduce_fx="cat")

    def update(self, ids: Tensor, predictions: Tensor, target: Tensor) -> None:
        """Add a batch: ids [B] (−1 for rows to ignore), predictions and targets [B, …]."""
        self.ids.append(ids)
        self.predictions.append(predictions.float())
        self.targets.append(target.float())

    def compute(self) -> tuple[Tensor, Tensor]:
        """Return predictions and targets, each [N, …], in the order of the sample ids."""
        order = in_order(dim_zero_cat(self.ids))
        return dim_zero_cat(self.predictions)[order], dim_zero_cat(self.targets)[order]


class SampleIds(Metric):
    """Collects the sample ids of an evaluation, over all ranks, in ascending order."""

    full_state_update = False
    ids: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("ids", [], dist_reduce_fx="cat")

    def update(self, ids: Tensor) -> None:
        """Add a batch: ids [B] (−1 for rows to ignore)."""
        self.ids.append(ids)

    def compute(self) -> Tensor:
        """Return the ids, [N]."""
        ids: Tensor = dim_zero_cat(self.ids)
        return ids[in_order(ids)]


def error_scores(errors: Tensor, targets: tuple[str, ...]) -> dict[str, float]:
    """Return mean and median absolute error, root mean squared error and bias of errors [N, horizon, K].

    With several targets each has its own scores, ``mae/<target>``, and ``mae`` is their mean.

    Example:
        >>> error_scores(Tensor([[[1.0], [-3.0]]]), ("T",))["mae"]
        2.0
    """
    each = {name: scores_of(errors[:, :, place]) for place, name in enumerate(targets)}
    means = {score: sum(found[score] for found in each.values()) / len(each) for score in SCORES}
    if len(each) == 1:
        return means
    return means | {f"{score}/{name}": found[score] for name, found in each.items() for score in SCORES}


def relative_scores(errors: Tensor, target: Tensor, naive: Tensor) -> dict[str, Tensor]:
    """Return the scores of forecasts relative to the size of what is forecast, each [K].

    They are sMAPE, the mean of 200 · |error| / (|forecast| + |target|), 0 where both are 0; WAPE, 100 times
    the sum of |error| / the sum of |target|; and MASE, the mean of |error| / naive (Hyndman and Koehler 2006)
    of the windows for which that is known, if there are any. WAPE is left out if all targets are 0.

    Args:
        errors: forecast minus target, [N, horizon, K], in float64.
        target: [N, horizon, K], in float64.
        naive: mean absolute error of a seasonal naive forecast in the training part of a window's series,
            [N, K]; NaN where it is unknown or 0.
    """
    off, size = errors.abs(), target.abs()
    both = (errors + target).abs() + size
    found = {"smape": 200 * torch.where(both > 0, off / both, 0.0).mean((0, 1))}
    if (size.sum((0, 1)) > 0).all():
        found["wape"] = 100 * off.sum((0, 1)) / size.sum((0, 1))
    scaled = (off / naive[:, None]).nanmean((0, 1))
    return found if scaled.isnan().any() else {"mase": scaled} | found


def scores_by_step(errors: Tensor) -> list[dict[str, float]]:
    """Return the scores of each step of the horizon, from errors of one target, [N, horizon]."""
    return [scores_of(column) for column in errors.unbind(1)]


def scores_of(errors: Tensor) -> dict[str, float]:
    """Return the scores of the errors of one target, of any shape."""
    errors = errors.double().flatten()
    absolute = errors.abs()
    # torch.median returns the lower of two middle values, torch.quantile takes at most 16 million values, and
    # torch.sort makes as many integers.
    middles = [(len(absolute) - 1) // 2, len(absolute) // 2]
    middle = np.partition(absolute.cpu().numpy(), middles)[middles].mean()
    values = (absolute.mean(), middle, errors.square().mean().sqrt(), errors.mean())
    return dict(zip(SCORES, map(float, values), strict=True))
