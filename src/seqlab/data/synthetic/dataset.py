"""What every made-up task has in common: sequences drawn from a seed, of which nothing is on the disk."""

from abc import abstractmethod
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import torch

from seqlab.data.batches import Samples, TokenSamples
from seqlab.data.module import SequenceData
from seqlab.data.spec import DataSpec
from seqlab.data.splits import SPLITS
from seqlab.data.text.vocabulary import SPECIALS

BLOCK = 1024
"""Sequences that are hashed at once."""


class SyntheticData(SequenceData):
    """Sequences that are drawn at random. A task fills in ``name``, ``draw`` and ``declare``.

    A split is a function of (samples_seed, split) alone: more training sequences change no test sequence.

    Args:
        length: steps, in the task's own sense.
        train_samples: sequences for training.
        val_samples: sequences for validation.
        test_samples: sequences for testing.
        samples_seed: decides which sequences are drawn; the same for runs that are to be compared.
        batch_size: sequences in a training batch of one process.
        limit_train_samples: draw only so many training sequences, or None.
        seed: decides the order of the training batches.
    """

    name: str

    def __init__(
        self,
        *,
        length: int,
        train_samples: int = 10_000,
        val_samples: int = 1_000,
        test_samples: int = 1_000,
        samples_seed: int = 0,
        batch_size: int = 64,
        limit_train_samples: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size=batch_size, limit_train_samples=limit_train_samples, seed=seed)
        self.length, self.samples_seed = length, samples_seed
        train_samples = min(train_samples, limit_train_samples or train_samples)
        self.sizes = dict(zip(SPLITS, (train_samples, val_samples, test_samples), strict=True))

    @abstractmethod
    def draw(self, split: str, count: int, random: np.random.Generator) -> Samples:
        """Return ``count`` sequences for "train", "val" or "test"."""

    @abstractmethod
    def declare(self, train: Samples) -> dict[str, Any]:
        """Return what the spec says beside name, sizes and source."""

    def load(self) -> tuple[DataSpec, Mapping[str, Samples]]:
        """Draw all sequences."""
        samples = {
            split: self.draw(split, count, np.random.default_rng((self.samples_seed, number)))
            for number, (split, count) in enumerate(self.sizes.items())
        }
        spec = DataSpec(
            name=self.name,
            source="generated",
            origin=f"data.samples_seed={self.samples_seed}",
            sha256=_fingerprint(samples),
            sizes=self.sizes,
            **self.declare(samples["train"]),
        )
        return spec, samples


class SymbolData(SyntheticData):
    """Sequences of symbols, one character each. A task fills in ``alphabet`` besides."""

    alphabet: str

    @property
    def symbols(self) -> tuple[str, ...]:
        """The vocabulary: the special tokens, then the alphabet."""
        return (*SPECIALS, *self.alphabet)

    def encode(self, places: np.ndarray, lengths: np.ndarray, y: np.ndarray) -> TokenSamples:
        """Store sequences as tokens.

        Args:
            places: where each symbol stands in the alphabet, all sequences one after the other.
            lengths: steps of each sequence, [N].
            y: their classes, [N], or [N, S] for one at each of the last S steps.
        """
        tokens = (places + len(SPECIALS)).astype(np.uint8)
        return TokenSamples(tokens, np.cumsum(lengths) - lengths, lengths, y)

    def describe(self, split: str, index: int) -> str:
        """Return a sequence as a string."""
        tokens = self.samples[split].batch(torch.tensor([index])).x[0]
        return "".join(self.symbols[token] for token in tokens)


def _fingerprint(samples: Mapping[str, Samples]) -> str:
    digest = sha256()
    for drawn in samples.values():
        for ids in torch.split(torch.arange(len(drawn)), BLOCK):
            batch = drawn.batch(ids)
            for part in (batch.x, batch.lengths, batch.y):
                digest.update(part.numpy().tobytes())
    return digest.hexdigest()
