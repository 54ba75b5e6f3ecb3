"""Baselines of numeric sequences."""

from typing import ClassVar

import numpy as np
import torch
from sklearn.linear_model import Ridge

from seqlab.data.batches import FeatureSamples
from seqlab.tasks.baselines.features import ridge, summaries

RANDOM = np.random.default_rng(0)
LENGTHS = RANDOM.integers(1, 7, 40)
SEQUENCES = [RANDOM.normal(size=(length, 2)) for length in LENGTHS]


def samples(rows):
    lengths = torch.from_numpy(LENGTHS[rows])
    values = torch.from_numpy(np.concatenate([SEQUENCES[row] for row in rows]))
    return FeatureSamples(values, lengths.cumsum(0) - lengths, lengths, torch.zeros(len(rows)))


def test_summaries_are_those_of_numpy():
    expected = [
        [f(x[:, channel]) for f in (np.mean, np.std, np.min, np.max, lambda v: v[0], lambda v: v[-1])]
        for x in SEQUENCES
        for channel in (0, 1)
    ]
    expected = np.array(expected).reshape(40, 2, 6).transpose(0, 2, 1).reshape(40, 12)
    np.testing.assert_allclose(summaries(samples(range(40))), expected, rtol=1e-10, atol=1e-12)


class Data:
    samples: ClassVar = {
        "train": samples(range(30)),
        "val": samples(range(30, 35)),
        "test": samples(range(35, 40)),
    }


def test_ridge_reads_summaries_where_lengths_differ():
    y = RANDOM.normal(size=30)
    x = summaries(samples(range(40)))
    expected = Ridge().fit(x[:30], y).predict(x[30:])
    found = ridge(Data, y)
    np.testing.assert_allclose(np.concatenate([found["val"], found["test"]]), expected, rtol=1e-10)
