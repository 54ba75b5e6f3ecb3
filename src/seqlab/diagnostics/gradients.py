"""How strongly the loss depends on the state at each time step: the norm of ∂loss/∂s_t."""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from seqlab.data.batches import Batch
from seqlab.diagnostics.recording import LayerRun, recording
from seqlab.functional.lengths import backwards, mask
from seqlab.models.lightning_module import SequenceModule


@dataclass(frozen=True, eq=False)
class StateGradients:
    """Norms of the gradients of each sequence's own loss by the states of one layer and direction.

    The loss of a sequence with targets at several steps is the mean over its own.

    Attributes:
        norms: for each state ‖∂loss/∂s_t‖ over its H numbers, [B, T] in the layer's reading order; s_t is the
            state after step t, the other states are held constant, and padding is NaN.
        lengths: steps of each sequence, [B].
    """

    norms: Mapping[str, Tensor]
    lengths: Tensor

    def by_distance(self, state: str) -> Tensor:
        """Return the median over sequences, by the distance 0, 1, … from the last step read, [T]."""
        return by_distance(self.norms[state], self.lengths).nanmedian(0).values


def state_gradients(module: SequenceModule, batch: Batch) -> list[StateGradients]:
    """Measure how strongly the loss of a probe batch depends on each state, in evaluation mode.

    The module's mode, gradients and scores are not changed.

    Args:
        module: any network with its task, on the batch's device.
        batch: any sequences with their targets.

    Returns:
        The gradients of every layer and direction, in the order of ``Recurrent.layers``.
    """
    task = copy.deepcopy(module.task)  # its scores are discarded
    with evaluating(module), torch.enable_grad(), recording(module.model.recurrent) as runs:
        outputs = module(batch.x, batch.lengths)
        # A mean over the batch would weigh a sequence by its share of the steps.
        own = [
            task.step("val", outputs[row : row + 1], Batch(*(part[row : row + 1] for part in batch)))
            for row in range(len(outputs))
        ]
        states = [state for run in runs for after in run.states[1:] for state in after.values()]
        found = iter(torch.autograd.grad(own, states, materialize_grads=True))
    return [_of(run, found) for run in runs]


def by_distance(values: Tensor, lengths: Tensor) -> Tensor:
    """Turn values by step, [B, T], into values by distance from each sequence's end; padded with NaN."""
    turned = backwards(values[:, :, None], lengths)[:, :, 0]
    return turned.where(mask(lengths, values.shape[1]), torch.nan)


@contextmanager
def evaluating(module: torch.nn.Module) -> Iterator[None]:
    """Put a module into evaluation mode within the context."""
    before = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(before)


def _of(run: LayerRun, found: Iterator[Tensor]) -> StateGradients:
    """Take the gradients of a layer's states, in the order of its steps."""
    # On the CPU: with trainer.deterministic=true torch refuses a median on a GPU.
    each = [{name: next(found).norm(dim=1).cpu() for name in after} for after in run.states[1:]]
    lengths = run.lengths.cpu()
    inside = mask(lengths, len(each))
    norms = {
        name: torch.stack([step[name] for step in each], dim=1).where(inside, torch.nan) for name in each[0]
    }
    return StateGradients(norms, lengths)
