"""Counts of right and wrong labels; F1, exact match and Hamming loss are computed from them."""

import torch
from torch import Tensor
from torchmetrics import Metric

from seqlab.tasks.confusion import ratio


class LabelCounts(Metric):
    """Counts of hits, false alarms and misses of each label, summed exactly over batches and ranks.

    Args:
        num_labels: number of labels C.
    """

    full_state_update = False
    counts: Tensor
    exact: Tensor
    rows: Tensor

    def __init__(self, num_labels: int) -> None:
        super().__init__()
        self.num_labels = num_labels
        self.add_state("counts", torch.zeros(num_labels, 3, dtype=torch.int64), dist_reduce_fx="sum")
        for name in ("exact", "rows"):
            self.add_state(name, torch.tensor(0), dist_reduce_fx="sum")

    def update(self, predicted: Tensor, true: Tensor, valid: Tensor) -> None:
        """Count a batch.

        Args:
            predicted: whether each label is predicted, [B, C] of booleans.
            true: whether each text has it, [B, C] of booleans.
            valid: whether to count the row, [B].
        """
        each = torch.stack([predicted & true, predicted & ~true, ~predicted & true], dim=2)
        self.counts.add_((each & valid[:, None, None]).sum(0))
        self.exact.add_(((predicted == true).all(1) & valid).sum())
        self.rows.add_(valid.sum())

    def compute(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return hits, false alarms and misses of each label [C, 3], rows without an error, and all rows."""
        return self.counts, self.exact, self.rows


def label_scores(counts: Tensor) -> dict[str, Tensor]:
    """Return precision, recall and F1 of each label, [C] in float64, from counts [C, 3], or 0."""
    hits, alarms, misses = counts.double().unbind(1)
    return {
        "precision": ratio(hits, hits + alarms),
        "recall": ratio(hits, hits + misses),
        "f1": ratio(2 * hits, 2 * hits + alarms + misses),
    }


def scores(counts: Tensor, exact: Tensor, rows: Tensor) -> dict[str, float]:
    """Return F1 over all decisions, its mean over labels, exact match and Hamming loss.

    The values equal those of scikit-learn with ``zero_division=0``.

    Args:
        counts: hits, false alarms and misses of each label, [C, 3].
        exact: number of samples whose labels are all right.
        rows: number of samples.

    Example:
        >>> scores(torch.tensor([[1, 0, 1], [2, 1, 0]]), torch.tensor(2), torch.tensor(4))["exact_match"]
        0.5
    """
    over_all, decisions = label_scores(counts.sum(0, keepdim=True)), rows.double() * len(counts)
    return {
        "f1_micro": float(over_all["f1"]),
        "f1_macro": float(label_scores(counts)["f1"].mean()),
        "exact_match": float(ratio(exact.double(), rows.double())),
        "hamming": float(ratio(counts[:, 1:].sum().double(), decisions)),
    }
