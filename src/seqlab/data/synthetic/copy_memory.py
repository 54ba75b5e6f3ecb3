"""copy: say again what was said before a long silence.

The copying memory problem of Arjovsky, Shah & Bengio 2016: ten symbols of eight, T − 1 blanks, a sign, and
ten more blanks, during which the ten symbols are to be named in their order.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from seqlab.data.dataset import register_dataset
from seqlab.data.synthetic.dataset import SymbolData
from seqlab.registry.types import Count

if TYPE_CHECKING:
    from seqlab.data.batches import Samples

LETTERS = "abcdefgh"
BLANK, SIGN = "_", ":"


def draw_copy(
    count: int, lag: int, recalled: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences and their targets.

    Without memory, one in eight guesses is right, at ln 8 = 2.079 nats for each of the last steps. The
    literature averages over all lag + 2 · recalled steps and writes 10 · ln 8 / (T + 20).

    Args:
        count: sequences N.
        lag: steps T from the last symbol to the first answer, less one.
        recalled: symbols R that are to be recalled.
        random: where they come from.

    Returns:
        Places in the alphabet ``LETTERS + BLANK + SIGN``, [N, lag + 2·R], and the classes of the last R
        steps, [N, R].
    """
    letters = random.integers(0, len(LETTERS), (count, recalled))
    places = np.full((count, lag + 2 * recalled), len(LETTERS))
    places[:, :recalled] = letters
    places[:, -recalled - 1] = len(LETTERS) + 1
    return places, letters


@register_dataset("copy")
class CopyMemory(SymbolData):
    """Some symbols, a silence, a sign → the symbols again, one at each of the last steps.

    Attributes:
        length: steps between the last symbol and the first answer, length − 1 blanks and the sign; sequences
            are 2 · recalled longer.
        recalled: symbols that are to be recalled, each one of eight.
    """

    task = "tagging"
    alphabet = LETTERS + BLANK + SIGN

    length: Count = 100
    recalled: Count = 10

    def draw(self, split: str, count: int, random: np.random.Generator) -> "Samples":  # noqa: ARG002 (all alike)
        """Draw sequences of one length."""
        places, letters = draw_copy(count, self.length, self.recalled, random)
        return self.encode(places.ravel(), np.full(count, places.shape[1]), letters)

    def declare(self, train: "Samples") -> dict[str, Any]:
        """Return that a symbol is asked for at each of the last steps."""
        return {
            "input_size": len(self.symbols),
            "symbols": self.symbols,
            "classes": tuple(LETTERS),
            "class_counts": tuple(np.bincount(train.y.numpy().ravel(), minlength=len(LETTERS)).tolist()),
            "tagged_steps": self.recalled,
        }
