"""Penalties of what recurrent layers return, which are added to the loss (Merity et al. 2018)."""

from torch import Tensor, nn

from seqlab.errors import ConfigError
from seqlab.functional.lengths import mask
from seqlab.nn.dropout import make_dropout
from seqlab.registry.types import Each


class ActivationPenalty(nn.Module):
    """The dropout before the head, with activation and temporal activation regularisation.

    α · mean((m ⊙ h_t)²) + β · mean((h_{t+1} − h_t)²), over all steps within the lengths, where h are the last
    layer's outputs and m ⊙ h what the head reads.

    Args:
        alpha: α, of outputs that are large.
        beta: β, of outputs that change.
        dropout: dropout probability of h.
        dropout_each: whether a mask m is for a step or a sequence.
    """

    def __init__(self, alpha: float, beta: float, dropout: float, dropout_each: Each) -> None:
        super().__init__()
        self.alpha, self.beta = alpha, beta
        self.dropout = make_dropout(dropout, dropout_each)
        self._last: Tensor | None = None

    def forward(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """Return m ⊙ h for outputs h, [B, T, H], 0 past a length; in training, keep the penalty."""
        dropped: Tensor = self.dropout(outputs)
        if self.training:
            self._last = self._of(outputs, dropped, lengths)
        return dropped

    def take(self) -> Tensor | None:
        """Return the penalty of the last batch of training, once; None if there is none."""
        last, self._last = self._last, None
        return last

    def _of(self, outputs: Tensor, dropped: Tensor, lengths: Tensor) -> Tensor:
        width = outputs.shape[2]
        numbers = lengths.sum() * width
        inside = mask(lengths - 1, outputs.shape[1] - 1)
        changes = (outputs[:, 1:] - outputs[:, :-1]).square() * inside[:, :, None]
        of_changes = changes.sum() / (inside.sum() * width).clamp(min=1)
        return self.alpha * dropped.square().sum() / numbers + self.beta * of_changes


def make_penalty(
    alpha: float, beta: float, dropout: float, dropout_each: Each, *, every_step: bool
) -> ActivationPenalty | None:
    """Return the penalty, or None if both its weights are 0.

    Args:
        alpha: as of ``ActivationPenalty``.
        beta: likewise.
        dropout: likewise.
        dropout_each: likewise.
        every_step: whether the network has an output at every step.

    Raises:
        ConfigError: it has not.
    """
    if not (alpha or beta):
        return None
    if not every_step:
        raise ConfigError(
            "model.activation_penalty and model.change_penalty are for tasks with an output at every step, "
            "language_model and tagging; set both to 0"
        )
    return ActivationPenalty(alpha, beta, dropout, dropout_each)
