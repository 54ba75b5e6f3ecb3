"""The mean loss over samples, exact over batches of any size and over ranks."""

import torch
from torch import Tensor
from torchmetrics import Metric

EXACT = torch.float32 if torch.backends.mps.is_available() else torch.float64  # mps has no float64
"""The type of sums over a whole stage, in every precision of the network."""


class MeanLoss(Metric):
    """The sum of the losses of all valid rows, divided by their number."""

    full_state_update = False
    total: Tensor
    rows: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros((), dtype=EXACT), dist_reduce_fx="sum")
        self.add_state("rows", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, mean: Tensor, rows: Tensor) -> None:
        """Add a batch, given its mean loss and its number of valid rows."""
        self.total.add_(mean.to(EXACT) * rows)
        self.rows.add_(rows)

    def compute(self) -> Tensor:
        """Return the mean over samples; 0 if there are none."""
        return self.total / self.rows.clamp(min=1)
