"""Baselines of numeric sequences: linear models of all inputs, or of summaries of each channel."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqlab.data import Samples, SequenceData
from seqlab.functional.lengths import last_step, mask
from seqlab.io.progress import stepwise
from seqlab.tasks.baselines.bounds import MOST_VALUES, spread
from seqlab.tasks.baselines.text import Scoring, scored

BLOCK = 1024
"""Sequences that are summarised at once."""
MOST_INPUTS = 5_000
"""Maximum number of inputs of the ridge regression; longer sequences are summarised."""

Columns = Callable[[Samples, Tensor], np.ndarray]
"""A function from samples and their numbers to the inputs of a linear model."""


def summaries(samples: Samples, ids: Tensor | None = None) -> np.ndarray:
    """Return mean, standard deviation, minimum, maximum, first and last number of each channel, [N, 6 F].

    Args:
        samples: the sequences.
        ids: those that are summarised; all if None.
    """
    found = []
    ids = torch.arange(len(samples)) if ids is None else ids
    longest = int(samples.lengths.max()) * samples.batch(ids[:1]).x.shape[2]
    block = min(BLOCK, max(MOST_VALUES // longest, 1))
    for start in stepwise(range(0, len(ids), block), "baseline, summaries"):
        batch = samples.batch(ids[start : start + block])
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

    y = {split: samples.y.numpy() for split, samples in data.samples.items()}
    x, ids = _of_training(data, summaries)
    linear = LogisticRegression(max_iter=1000)
    has_labels = y["train"].ndim > 1
    model = make_pipeline(StandardScaler(), OneVsRestClassifier(linear) if has_labels else linear)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about convergence, or a label that all samples have
        model.fit(x, y.pop("train")[ids])
    return scored({split: _predicted(model, data.samples[split], summaries) for split in y}, y, scoring)


def ridge(data: SequenceData, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return the predictions of ridge regression for validation and test.

    Args:
        data: the sequences; all inputs are used if they are short and of equal length, otherwise summaries.
        y: the numbers of the training sequences.
    """
    # Slow to import, and only needed here.
    from sklearn.linear_model import Ridge  # noqa: PLC0415

    lengths = torch.cat([samples.lengths for samples in data.samples.values()])
    is_even = bool((lengths == lengths[0]).all())
    columns = _inputs if is_even and _width(data.samples["train"], _inputs) <= MOST_INPUTS else summaries
    x, ids = _of_training(data, columns)
    model = Ridge().fit(x, y[ids])
    return {split: _predicted(model, data.samples[split], columns) for split in ("val", "test")}


def _inputs(samples: Samples, ids: Tensor) -> np.ndarray:
    """Return all inputs of equally long sequences, [N, T F]."""
    return samples.batch(ids).x.flatten(1).numpy()


def _width(samples: Samples, columns: Columns) -> int:
    width: int = columns(samples, torch.arange(1)).shape[1]
    return width


def _of_training(data: SequenceData, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns of as many training sequences as fit into memory, and their numbers."""
    samples = data.samples["train"]
    ids = spread(len(samples), _width(samples, columns), "are fitted to")
    return columns(samples, ids), ids.numpy()


def _predicted(model: Any, samples: Samples, columns: Columns) -> np.ndarray:
    """Return the predictions of a model for all sequences of a split, some at a time."""
    pieces = -(-len(samples) * _width(samples, columns) // MOST_VALUES)
    parts = torch.arange(len(samples)).tensor_split(pieces)
    return np.concatenate([model.predict(columns(samples, ids)) for ids in parts])
