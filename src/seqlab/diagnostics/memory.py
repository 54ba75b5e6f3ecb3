"""How far back inputs matter: the norm of ∂output/∂x_t against the distance from the end."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqlab.data.batches import Batch
from seqlab.diagnostics.gradients import by_distance, evaluating
from seqlab.engines.reference import Reference
from seqlab.models.lightning_module import SequenceModule


@dataclass(frozen=True, eq=False)
class Influence:
    """How strongly the network's output depends on each step of each sequence.

    Attributes:
        norms: ‖∂output/∂x_t‖ (Frobenius), [B, T]; column d is d steps before the sequence's last step, NaN
            where there is none. x_t is what the recurrent layers read: a token's vector, or the features.
    """

    norms: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean over the sequences that are long enough, by distance from the end, [T]."""
        return self.norms.nanmean(0)

    @property
    def half_lengths(self) -> Tensor:
        """How many last steps of each sequence have half of its sum of norms, [B]; interpolated.

        If an input's influence falls by the same factor at every step, this is about the half-life.
        """
        sums = self.norms.nan_to_num().cumsum(1)
        half = sums[:, -1:] / 2
        after = (sums < half).sum(1, keepdim=True).clamp(max=sums.shape[1] - 1)
        reached = sums.gather(1, after)
        before = torch.where(after > 0, sums.gather(1, (after - 1).clamp(min=0)), 0)
        return (after + (half - before) / (reached - before)).squeeze(1)

    @property
    def half_length(self) -> float:
        """The median of ``half_lengths``, in steps."""
        return float(self.half_lengths.nanmedian())


def influence(module: SequenceModule, batch: Batch) -> Influence:
    """Measure how far back the inputs of a probe batch influence the network's output, in evaluation mode.

    Args:
        module: any network, on the batch's device.
        batch: any sequences.
    """
    read: list[Tensor] = []

    def cut(_encoder: nn.Module, _inputs: object, encoded: Tensor) -> Tensor:
        read.append(encoded.detach().requires_grad_())
        return read[0]

    handle = module.model.encoder.register_forward_hook(cut)
    try:
        with evaluating(module), torch.enable_grad(), module.model.recurrent.running_on(Reference()):
            outputs = module(batch.x, batch.lengths).flatten(1)
    finally:
        handle.remove()
    # Rows are independent, so the gradient of the sum over rows holds every row's own gradient.
    unit = torch.eye(outputs.shape[1], dtype=outputs.dtype, device=outputs.device)
    each = unit[:, None].expand(-1, len(outputs), -1)
    (derivatives,) = torch.autograd.grad(outputs, read, each, is_grads_batched=True)
    # On the CPU: with trainer.deterministic=true torch refuses a cumulative sum on a GPU.
    norms = derivatives.square().sum((0, 3)).sqrt().cpu()
    return Influence(by_distance(norms, batch.lengths.cpu()))
