"""Penalties of what recurrent layers return, which are added to the loss (Merity et al. 2018)."""

from typing import NamedTuple

from torch import Tensor

from seqlab.functional.lengths import mask


class ActivationPenalty(NamedTuple):
    """Activation regularisation and temporal activation regularisation.

    α · mean((m ⊙ h_t)²) + β · mean((h_{t+1} − h_t)²), over all steps within the lengths.

    Attributes:
        alpha: of outputs that are large.
        beta: of outputs that change.
    """

    alpha: float
    beta: float

    def __call__(self, outputs: Tensor, dropped: Tensor, lengths: Tensor) -> Tensor:
        """Return the penalty of the last layer's outputs h, [B, T, H], and of m ⊙ h after dropout.

        Args:
            outputs: h, 0 past a length.
            dropped: m ⊙ h.
            lengths: steps of each sequence, [B].
        """
        width = outputs.shape[2]
        steps = lengths.sum() * width
        inside = mask(lengths - 1, outputs.shape[1] - 1)
        changes = (outputs[:, 1:] - outputs[:, :-1]).square() * inside[:, :, None]
        of_changes = changes.sum() / (inside.sum() * width).clamp(min=1)
        return self.alpha * dropped.square().sum() / steps + self.beta * of_changes
