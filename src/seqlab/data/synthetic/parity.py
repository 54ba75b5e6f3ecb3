"""parity: is the number of ones even or odd? Asked of longer sequences than were learnt from.

Linear recurrences with gates in [0, 1] cannot (Grazzi et al. 2024, arXiv 2411.12537).
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import model_validator

from seqlab.data.dataset import register_dataset
from seqlab.data.synthetic.dataset import SymbolData
from seqlab.data.text.cleaning import TextSettings
from seqlab.registry.types import Count

if TYPE_CHECKING:
    from seqlab.data.batches import Samples

CLASSES = ("even", "odd")


def draw_parity(
    count: int, shortest: int, longest: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw sequences of lengths uniform in shortest … longest, and whether each has an odd number of ones.

    Returns:
        Bits of all sequences one after the other, lengths [N], and parities [N], 0 even and 1 odd.
    """
    lengths = random.integers(shortest, longest, count, endpoint=True)
    bits = random.integers(0, 2, lengths.sum())
    return bits, lengths, np.add.reduceat(bits, np.cumsum(lengths) - lengths) % 2


@register_dataset("parity")
class Parity(SymbolData):
    """A string of zeros and ones → "even" or "odd", its number of ones.

    Training and validation have 1 to ``length`` symbols, the test more than that: to pass, a network must
    have found the rule. Short strings stand in training and in validation; no string of the test does.

    Attributes:
        length: symbols of the longest training and validation strings.
        test_length: symbols of the longest test strings; the shortest have one more than length.
        train_samples: strings for training.
        val_samples: strings for validation.
        test_samples: strings for testing.
        samples_seed: seed of the strings; use the same one for runs that are compared.
        batch_size: strings in a training batch of one process.
        limit_train_samples: maximum number of training strings; None: all.
    """

    task = "classification"
    alphabet = "01"

    length: Count = 40
    test_length: Count = 500

    @model_validator(mode="after")
    def _test_is_longer(self) -> "Parity":
        if self.test_length <= self.length:
            raise ValueError(f"test_length={self.test_length} must be more than length={self.length}")
        return self

    def draw(self, split: str, count: int, random: np.random.Generator) -> "Samples":
        """Draw short sequences, or for the test longer ones."""
        shortest, longest = (self.length + 1, self.test_length) if split == "test" else (1, self.length)
        return self.encode(*draw_parity(count, shortest, longest, random))

    def declare(self, train: "Samples") -> dict[str, Any]:
        """Return that the parity is asked for."""
        return {
            "input_size": len(self.symbols),
            "symbols": self.symbols,
            "text": TextSettings(),
            "classes": CLASSES,
            "class_counts": tuple(np.bincount(train.y.numpy(), minlength=len(CLASSES)).tolist()),
        }
