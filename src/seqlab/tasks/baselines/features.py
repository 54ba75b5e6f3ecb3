"""Baselines of numeric sequences: linear models of all inputs, or of how each channel is spread."""

import warnings

import numpy as np
import torch

from seqlab.data import Samples, SequenceData
from seqlab.functional.lengths import last_step, mask
from seqlab.tasks.baselines.text import Scoring, scored

BLOCK = 1024
"""Sequences that are summarised at once."""


def summaries(samples: Samples) -> np.ndarray:
    """Return mean, standard deviation, minimum, maximum, first and last number of each channel, [N, 6 F]."""
    found = []
    for ids in torch.split(torch.arange(len(samples)), BLOCK):
        batch = samples.batch(ids)
        x, steps = batch.x.double(), batch.lengths[:, None]
        inside = mask(batch.lengths, x.shape[1])[:, :, None]
        mean = torch.where(inside, x, 0).sum(1) / steps
        deviation = (torch.where(inside, x - mean[:, None], 0).square().sum(1) / steps).sqrt()
        ends = (x.masked_fill(~inside, torch.inf).amin(1), x.masked_fill(~inside, -torch.inf).amax(1))
        found.append(torch.cat([mean, deviation, *ends, x[:, 0], last_step(x, batch.lengths)], dim=1))
    return torch.cat(found).numpy()


def linear_summary(data: SequenceData, scoring: Scoring) -> dict[str, float]:
    """Score a logistic regression of the summaries, for each label if there can be several.

    Returns:
        ``{"test/accuracy": …, "test/f1_macro": …, …}`` for validation and test.
    """
    # Slow to import, and only needed here.
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.multiclass import OneVsRestClassifier  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    x = {split: summaries(samples) for split, samples in data.samples.items()}
    y = {split: samples.y.numpy() for split, samples in data.samples.items()}
    linear = LogisticRegression(max_iter=1000)
    has_labels = y["train"].ndim > 1
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(linear) if has_labels else linear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged, or that all have a label
        model.fit(x.pop("train"), y.pop("train"))
    return scored({split: model.predict(values) for split, values in x.items()}, y, scoring)


def ridge(data: SequenceData, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return what ridge regression predicts for validation and test: of all inputs, or of the summaries.

    Args:
        data: the sequences; if some are shorter than others, their inputs are no columns.
        y: the numbers of the training sequences.
    """
    # Slow to import, and only needed here.
    from sklearn.linear_model import Ridge  # noqa: PLC0415

    lengths = torch.cat([samples.lengths for samples in data.samples.values()])
    columns = _inputs if bool((lengths == lengths[0]).all()) else summaries
    x = {split: columns(samples) for split, samples in data.samples.items()}
    model = Ridge().fit(x.pop("train"), y)
    return {split: model.predict(values) for split, values in x.items()}


def _inputs(samples: Samples) -> np.ndarray:
    """Return all inputs of equally long sequences, [N, T F]."""
    return samples.batch(torch.arange(len(samples))).x.flatten(1).numpy()
