"""Drawing sequences from a seed, without files."""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256

import numpy as np
import torch

from seqlab.data.batches import Loaded, Samples, TokenSamples
from seqlab.data.spec import read_spec
from seqlab.data.synthetic.dataset import SyntheticData
from seqlab.data.text.vocabulary import SPECIALS

BLOCK = 1024
"""Number of sequences that are hashed at once."""


def load(data: SyntheticData) -> Loaded:
    """Draw all sequences."""
    samples = {
        split: data.draw(split, count, np.random.default_rng((data.samples_seed, number)))
        for number, (split, count) in enumerate(data.sizes.items())
    }
    spec = read_spec(
        {
            "name": data.name,
            "kind": data.kind,
            "task": data.problem_type,
            "source": "generated",
            "origin": f"data.samples_seed={data.samples_seed}",
            "sha256": _fingerprint(samples),
            "sizes": data.sizes,
            **data.declare(samples["train"]),
        }
    )
    return Loaded(spec, samples, partial(_written, data, samples))


def _written(data: SyntheticData, samples: Mapping[str, Samples], split: str, index: int) -> str:
    """Return a sequence as a person would write it."""
    return data.describe(samples[split].batch(torch.tensor([index])).x[0])


def encode(places: np.ndarray, lengths: np.ndarray, y: np.ndarray) -> TokenSamples:
    """Store sequences of symbols as tokens, which follow the special ones."""
    tokens = (places + len(SPECIALS)).astype(np.uint8)
    return TokenSamples(tokens, np.cumsum(lengths) - lengths, lengths, y)


def _fingerprint(samples: Mapping[str, Samples]) -> str:
    digest = sha256()
    for drawn in samples.values():
        for ids in torch.split(torch.arange(len(drawn)), BLOCK):
            batch = drawn.batch(ids)
            for part in (batch.x, batch.lengths, batch.y):
                digest.update(part.numpy().tobytes())
    return digest.hexdigest()
