"""Every single prediction of an evaluation, gathered over batches and ranks."""

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat


class Predictions(Metric):
    """Collects (sample id, true class, predicted class) and the prediction's probability, sorted by id."""

    full_state_update = False
    predictions: list[Tensor]
    probabilities: list[Tensor]

    def __init__(self) -> None:
        super().__init__()
        self.add_state("predictions", [], dist_reduce_fx="cat")
        self.add_state("probabilities", [], dist_reduce_fx="cat")

    def update(self, ids: Tensor, true: Tensor, logits: Tensor) -> None:
        """Add a batch: ids [B] (−1 for rows to ignore), true classes [B], logits [B, C]."""
        probability, predicted = logits.softmax(1).max(1)
        self.predictions.append(torch.stack([ids, true, predicted], dim=1))
        self.probabilities.append(probability)

    def compute(self) -> tuple[Tensor, Tensor]:
        """Return (id, true, predicted) [N, 3] and probabilities [N], in the order of the sample ids."""
        predictions, probabilities = dim_zero_cat(self.predictions), dim_zero_cat(self.probabilities)
        order = in_order(predictions[:, 0])
        return predictions[order], probabilities[order]


def in_order(ids: Tensor) -> Tensor:
    """Return the indices of the valid rows, in the order of their sample ids, from ids [N].

    Called only at the end of an evaluation: the number of valid rows is known only when the device is done.
    """
    order = ids.argsort()
    return order[(ids < 0).sum() :]
