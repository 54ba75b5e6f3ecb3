"""How far back inputs matter: the norm of ∂output/∂x_t against the distance from the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.data.batches import Batch
from seqlab.diagnostics.gradients import by_distance, evaluating
from seqlab.engines.reference import Reference
from seqlab.functional.lengths import EVERY_STEP, last_step
from seqlab.models.lightning_module import SequenceModule

ROWS = 64
"""Rows of a Jacobian that are computed at once."""


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

    Of a task with outputs at several steps, such as a language model, the output is that of the last step.

    Args:
        module: any network, on the batch's device.
        batch: any sequences.

    Raises:
        ConfigError: the network's layers read others than the steps of a sequence, or it has a decoder.
    """
    module.model.check_stepwise("influence")
    with _cut(module, batch.lengths) as parts, evaluating(module), torch.enable_grad():
        with module.model.recurrent.running_on(Reference()):
            outputs = module(batch.x, batch.lengths).flatten(1)
        # ∂output/∂x = J · ∂vector/∂x, with J = ∂output/∂vector = Q R, has the norm of R · ∂vector/∂x.
        factor = _triangle(outputs, parts["cut vector"])
        squares = factor.new_zeros(parts["x"].shape[:2])
        for rows in torch.split(factor.transpose(0, 1), ROWS):
            squares += _product(rows, parts["vector"], parts["x"]).square().sum((0, 3))
    # On the CPU: with trainer.deterministic=true torch refuses a cumulative sum on a GPU.
    return Influence(by_distance(squares.sqrt().cpu(), batch.lengths.cpu()))


@contextmanager
def _cut(module: SequenceModule, lengths: Tensor) -> Iterator[dict[str, Tensor]]:
    """Cut the network before the recurrent layers and before the head, which is given one step only.

    Yields:
        After a forward pass: "x", what the recurrent layers read, [B, T, I]; "vector", what the head is to
        read, [B, …, H], and "cut vector", the same without its past.
    """
    found: dict[str, Tensor] = {}
    every_step = module.model.output_steps == EVERY_STEP

    def cut_inputs(_encoder: nn.Module, _inputs: object, encoded: Tensor) -> Tensor:
        found["x"] = encoded.detach().requires_grad_()
        return found["x"]

    def cut_vector(_head: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
        vector = inputs[0]
        if module.model.output_steps:
            vector = last_step(vector, lengths if every_step else None)[:, None]
        found["vector"], found["cut vector"] = vector, vector.detach().requires_grad_()
        return found["cut vector"]

    handles = [
        module.model.encoder.register_forward_hook(cut_inputs),
        module.model.head.register_forward_pre_hook(cut_vector),
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def _triangle(outputs: Tensor, vector: Tensor) -> Tensor:
    """Return R, [B, min(V, H), H], of the Jacobian J = Q R of outputs, [B, V], by a vector of H numbers.

    It takes ``ROWS`` outputs at a time: with a large vocabulary J itself would not fit into memory.
    """
    count, size = outputs.shape
    factor = outputs.new_zeros(count, 0, vector[0].numel())
    exact = torch.promote_types(outputs.dtype, torch.float32)  # torch has no QR of a smaller type
    for places in torch.split(torch.arange(size, device=outputs.device), ROWS):
        unit = functional.one_hot(places, size).to(outputs.dtype)
        rows = _product(unit[:, None].expand(-1, count, -1), outputs, vector)
        stacked = torch.cat([factor, rows.flatten(2).transpose(0, 1)], 1)
        factor = torch.linalg.qr(stacked.to(exact), mode="r").R
    return factor.to(vector.dtype)


def _product(rows: Tensor, outputs: Tensor, inputs: Tensor) -> Tensor:
    """Return the products of rows, [N, B, …], with the Jacobian of outputs by inputs of each sequence."""
    # Sequences are independent, so the gradient of the sum over them holds every sequence's own gradient.
    (found,) = torch.autograd.grad(
        outputs, inputs, rows.reshape(-1, *outputs.shape), is_grads_batched=True, retain_graph=True
    )
    return found
