"""parity: is the number of ones even or odd? Asked of longer sequences than were learnt from.

Linear recurrences with gates in [0, 1] cannot (Grazzi et al. 2024, arXiv 2411.12537).
"""

from typing import Any

import numpy as np

from seqlab.data.batches import Samples
from seqlab.data.synthetic.dataset import SymbolData
from seqlab.data.text.cleaning import TextSettings

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


class Parity(SymbolData):
    """A string of zeros and ones → "even" or "odd", its number of ones.

    Training and validation have 1 to ``length`` symbols, the test more than that: to pass, a network must
    have found the rule. Short strings stand in training and in validation; no string of the test does.

    Args:
        test_length: symbols of the longest test sequences.
        settings: see ``SyntheticData``; ``length`` is that of the longest training sequences.
    """

    name = "parity"
    alphabet = "01"

    def __init__(self, *, length: int = 40, test_length: int = 500, **settings: Any) -> None:
        super().__init__(length=length, **settings)
        self.test_length = test_length

    def draw(self, split: str, count: int, random: np.random.Generator) -> Samples:
        """Draw short sequences, or for the test longer ones."""
        shortest, longest = (self.length + 1, self.test_length) if split == "test" else (1, self.length)
        return self.encode(*draw_parity(count, shortest, longest, random))

    def declare(self, train: Samples) -> dict[str, Any]:
        """Return that the parity is asked for."""
        return {
            "kind": "tokens",
            "task": "classification",
            "input_size": len(self.symbols),
            "symbols": self.symbols,
            "text": TextSettings(),
            "classes": CLASSES,
            "class_counts": tuple(np.bincount(train.y.numpy(), minlength=len(CLASSES)).tolist()),
        }
