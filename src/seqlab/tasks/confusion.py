"""The confusion matrix; accuracy, precision, recall and F1 are computed from it."""

import torch
from torch import Tensor
from torchmetrics import Metric

from seqlab.errors import DataError

MOST_CLASSES = 4096
"""The maximum number of classes: their matrix has 128 MiB."""


class ConfusionMatrix(Metric):
    """Counts of (true class, predicted class), summed exactly over batches and ranks.

    Macro scores are means over all C classes; a class that does not occur counts as 0, as in scikit-learn
    with ``labels=range(C), zero_division=0``. torchmetrics leaves such a class out.

    Args:
        num_classes: number of classes C.

    Raises:
        DataError: there are too many classes.
    """

    full_state_update = False
    counts: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        if num_classes > MOST_CLASSES:
            raise DataError(f"{num_classes:,} classes are more than the maximum of {MOST_CLASSES:,}")
        self.num_classes = num_classes
        counts = torch.zeros(num_classes, num_classes, dtype=torch.int64)
        self.add_state("counts", counts, dist_reduce_fx="sum")

    def update(self, predicted: Tensor, true: Tensor, valid: Tensor) -> None:
        """Count a batch.

        Args:
            predicted: predicted class of each row, [B], 0 to C − 1.
            true: true class of each row, [B], 0 to C − 1.
            valid: whether to count the row, [B].
        """
        cells = true * self.num_classes + predicted
        self.counts.view(-1).index_add_(0, cells, valid.long())

    def compute(self) -> Tensor:
        """Return the counts, [C, C]: row = true class, column = predicted class."""
        return self.counts


def class_scores(counts: Tensor) -> dict[str, Tensor]:
    """Return precision, recall and F1 of each class, [C] in float64, from counts [C, C]."""
    hits = counts.diagonal().double()
    predicted, true = counts.sum(0).double(), counts.sum(1).double()
    return {
        "precision": ratio(hits, predicted),
        "recall": ratio(hits, true),
        "f1": ratio(2 * hits, predicted + true),
    }


def scores(counts: Tensor) -> dict[str, float]:
    """Return accuracy and the macro scores from counts [C, C].

    Example:
        >>> scores(torch.tensor([[3, 1], [0, 4]]))["accuracy"]
        0.875
    """
    per_class = class_scores(counts)
    accuracy = ratio(counts.diagonal().sum().double(), counts.sum().double())
    return {"accuracy": float(accuracy)} | {
        f"{name}_macro": float(values.mean()) for name, values in per_class.items()
    }


def ratio(part: Tensor, whole: Tensor) -> Tensor:
    """Return part / whole, or 0 where the whole is 0."""
    return torch.where(whole > 0, part / whole.clamp(min=1), 0.0)
