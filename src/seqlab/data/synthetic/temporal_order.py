"""temporal_order: in which order did X and Y come? Hochreiter & Schmidhuber 1997, tasks 6a and 6b."""

from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from seqlab.data.dataset import register_dataset
from seqlab.data.synthetic.dataset import SymbolData
from seqlab.data.text.cleaning import TextSettings

if TYPE_CHECKING:
    from seqlab.data.batches import Samples

DISTRACTORS, RELEVANT, BEGIN, END = "abcd", "XY", "E", "B"

WINDOWS = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}
"""The ranges of the relevant symbols, in percent of the shortest length: tasks 6a and 6b."""


def draw_order(
    count: int, length: int, relevant: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return random sequences: E, then distractors with ``relevant`` symbols X or Y among them, then B.

    Args:
        count: number of sequences N.
        length: steps of the shortest sequences, at least 10; the longest are a tenth longer.
        relevant: 2 for task 6a, 3 for task 6b.
        random: the generator of random numbers.

    Returns:
        The indices of the symbols in the alphabet, all sequences concatenated, lengths [N], and classes [N]:
        the relevant symbols read as a binary number, X for 0 and Y for 1.
    """
    lengths = random.integers(length, length + length // 10, count, endpoint=True)
    starts = np.cumsum(lengths) - lengths
    places = random.integers(0, len(DISTRACTORS), lengths.sum())
    places[starts] = len(DISTRACTORS + RELEVANT)
    places[starts + lengths - 1] = len(DISTRACTORS + RELEVANT) + 1
    y = np.zeros(count, dtype=np.int64)
    for first, last in WINDOWS[relevant]:
        step = random.integers(first * length // 100, last * length // 100, count, endpoint=True)
        symbol = random.integers(0, len(RELEVANT), count)
        places[starts + step] = len(DISTRACTORS) + symbol
        y = len(RELEVANT) * y + symbol
    return places, lengths, y


@register_dataset("temporal_order")
class TemporalOrder(SymbolData):
    """A long sequence of distractors with two or three symbols that matter → which they were, in order.

    Attributes:
        length: symbols of the shortest sequences; the longest have a tenth more.
        relevant: symbols that matter: 2 (4 classes, task 6a of the paper) or 3 (8 classes, 6b).
    """

    task = "classification"
    alphabet = DISTRACTORS + RELEVANT + BEGIN + END

    length: Annotated[int, Field(ge=10)] = 100
    relevant: Literal[2, 3] = 2

    def draw(self, split: str, count: int, random: np.random.Generator) -> "Samples":  # noqa: ARG002 (all alike)
        """Draw sequences of about ``length`` steps."""
        return self.encode(*draw_order(count, self.length, self.relevant, random))

    def declare(self, train: "Samples") -> dict[str, Any]:
        """Return that the order is asked for."""
        classes = tuple(map("".join, product(RELEVANT, repeat=self.relevant)))
        return {
            "input_size": len(self.symbols),
            "symbols": self.symbols,
            "text": TextSettings(),
            "classes": classes,
            "class_counts": tuple(np.bincount(train.y.numpy(), minlength=len(classes)).tolist()),
        }
