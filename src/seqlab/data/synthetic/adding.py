"""adding: the sum of the two numbers that are marked (Hochreiter & Schmidhuber 1997).

In the form of Arjovsky, Shah & Bengio 2016: numbers uniform in [0, 1], one marked in either half.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Batch, Samples
from seqlab.data.synthetic.dataset import SyntheticData


class FeatureSamples:
    """Sequences of equal length with a number each.

    Args:
        x: features of every step, [N, T, F].
        y: the answers, [N].
    """

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y
        self.lengths = torch.full((len(x),), x.shape[1])

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, ids: Tensor) -> Batch:
        """Return the sequences ``ids``, [B]."""
        rows = ids.clamp(min=0)
        return Batch(self.x[rows], self.lengths[rows], self.y[rows], ids)


def draw_adding(count: int, length: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences and their answers.

    The answer is the sum of two independent numbers uniform in [0, 1]: its mean is 1, and always to say 1
    costs its variance, 2 · 1/12 = 1/6.

    Args:
        count: sequences N.
        length: steps T, at least 2.
        random: where they come from.

    Returns:
        Inputs [N, T, 2], a number and its mark (0 or 1) at each step, and answers [N], in float32.
    """
    numbers = random.random((count, length), dtype=np.float32)
    marked = np.column_stack(
        [random.integers(0, length // 2, count), random.integers(length // 2, length, count)]
    )
    marks = np.zeros_like(numbers)
    np.put_along_axis(marks, marked, 1.0, axis=1)
    return np.stack([numbers, marks], axis=2), np.take_along_axis(numbers, marked, axis=1).sum(1)


class Adding(SyntheticData):
    """Two columns, a number and a mark → the sum of the two marked numbers.

    Args:
        settings: see ``SyntheticData``; ``length`` is the number of steps.
    """

    name = "adding"

    def __init__(self, *, length: int = 200, **settings: Any) -> None:
        super().__init__(length=length, **settings)

    def draw(self, split: str, count: int, random: np.random.Generator) -> Samples:  # noqa: ARG002 (all alike)
        """Draw sequences of ``length`` steps."""
        x, y = draw_adding(count, self.length, random)
        return FeatureSamples(torch.from_numpy(x), torch.from_numpy(y))

    def declare(self, train: Samples) -> dict[str, Any]:  # noqa: ARG002 (nothing is learnt from it)
        """Return that a number is asked for."""
        return {"kind": "features", "task": "regression", "input_size": 2, "features": ("number", "mark")}

    def describe(self, split: str, index: int) -> str:
        """Return the sum that is asked for, and at which steps its numbers stand, from 1."""
        x = self.samples[split].batch(torch.tensor([index])).x[0]
        marked = x[:, 1].nonzero().flatten().tolist()
        return " + ".join(f"{x[step, 0]:.4f} at step {step + 1}" for step in marked)
