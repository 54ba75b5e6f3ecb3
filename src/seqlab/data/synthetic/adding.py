"""adding: the sum of the two numbers that are marked (Hochreiter & Schmidhuber 1997).

In the form of Arjovsky, Shah & Bengio 2016: numbers uniform in [0, 1], one marked in either half.
"""

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from seqlab.data.dataset import register_dataset
from seqlab.data.synthetic.dataset import SyntheticData

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.data.batches import Samples


def draw_adding(count: int, length: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences and their targets.

    The target is the sum of two independent numbers uniform in [0, 1]: its mean is 1, and always to say 1
    costs its variance, 2 · 1/12 = 1/6.

    Args:
        count: sequences N.
        length: steps T, at least 2.
        random: where they come from.

    Returns:
        Inputs [N, T, 2], a number and its mark (0 or 1) at each step, and targets [N], in float32.
    """
    numbers = random.random((count, length), dtype=np.float32)
    marked = np.column_stack(
        [random.integers(0, length // 2, count), random.integers(length // 2, length, count)]
    )
    marks = np.zeros_like(numbers)
    np.put_along_axis(marks, marked, 1.0, axis=1)
    return np.stack([numbers, marks], axis=2), np.take_along_axis(numbers, marked, axis=1).sum(1)


@register_dataset("adding")
class Adding(SyntheticData):
    """Two columns, a number and a mark → the sum of the two marked numbers.

    Attributes:
        length: steps T; one number is marked in either half.
    """

    task = "regression"
    kind = "features"

    length: Annotated[int, Field(ge=2)] = 200

    def draw(self, split: str, count: int, random: np.random.Generator) -> "Samples":  # noqa: ARG002 (all alike)
        """Draw sequences of ``length`` steps."""
        from seqlab.data.batches import FeatureSamples  # noqa: PLC0415 (imports torch)

        return FeatureSamples.of(*draw_adding(count, self.length, random))

    def declare(self, train: "Samples") -> dict[str, Any]:  # noqa: ARG002 (nothing is learnt from it)
        """Return the names of the two columns."""
        return {"input_size": 2, "features": ("number", "mark")}

    def describe(self, x: "Tensor") -> str:
        """Return the sum, and the steps of its two numbers, from 1."""
        marked = x[:, 1].nonzero().flatten().tolist()
        return " + ".join(f"{x[step, 0]:.4f} at step {step + 1}" for step in marked)
