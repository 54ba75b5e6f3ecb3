"""The steps of the optimizer: how many batches each has, whether it was finite, and what is logged of it."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from seqlab.compat.lightning import Hyperparameters
from seqlab.data.batches import Batch
from seqlab.errors import TrainingError
from seqlab.models.readings import Readings

MOST_IDS = 20
"""Maximum number of samples that an error names."""
NO_IDS = torch.empty(0, dtype=torch.int64)
"""The samples of a batch that does not number them, of a loader of one's own."""


class Length(NamedTuple):
    """The length of a run: steps of the optimizer, epochs, steps of an epoch; infinite where not known."""

    steps: float
    epochs: float
    steps_per_epoch: float


class Step(NamedTuple):
    """A step of the optimizer: number, epoch (from 0), learning rate, and the samples of its last batch.

    An optimizer such as L-BFGS evaluates a step several times; all but the first are repeated.
    """

    number: int
    epoch: int
    lr: float
    ids: Tensor
    is_repeated: bool


def length_of(trainer: Trainer) -> Length:
    """Return the length of the run that a trainer begins."""
    trainer.fit_loop.setup_data()  # for a run of so many steps Lightning would make the loader only later
    per_epoch = _whole(trainer.num_training_batches / trainer.accumulate_grad_batches)
    steps = trainer.estimated_stepping_batches
    if steps < 0:  # a loader without a length, and no max_steps
        steps = math.inf
    epochs: float = trainer.max_epochs or 1
    if epochs < 0:
        epochs = _whole(steps / max(per_epoch, 1)) if math.isfinite(per_epoch) else math.inf
    return Length(steps, epochs, per_epoch)


def _whole(number: float) -> float:
    return math.ceil(number) if math.isfinite(number) else number


def group_size(batch: int, whole: int, batches: float) -> int:
    """Return the number of batches in the optimizer step of a batch.

    Args:
        batch: the number of the batch in its epoch, from 0.
        whole: the number of batches in a full group.
        batches: the number of batches in the epoch.
    """
    first = batch - batch % whole
    return int(min(whole, batches - first))


def loss_of(trainer: Trainer, backward: Tensor, size: int) -> Tensor:
    """Return the loss of a batch from the one that goes backwards, without waiting for a GPU.

    Args:
        trainer: has divided the loss among the batches of a full group; its loss scaler has multiplied it.
        backward: the loss that goes backwards, a tensor of one number.
        size: the number of batches in the optimizer step.
    """
    loss = backward.detach().reshape(()) * size
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    return loss if scaler is None else loss / scaler.scale(torch.ones_like(loss))


def log_steps(trainer: Trainer, steps: Iterable[tuple[Step, tuple[float, ...]]]) -> None:
    """Log steps, each once with its first loss and the norm of its gradient.

    Without ``self.log``, which costs more than the step of a small model.

    Raises:
        TrainingError: one of them is not finite.
    """
    every: int = trainer.log_every_n_steps  # type: ignore[attr-defined]
    for step, (loss, norm) in steps:
        # A loss scaler tries infinite gradients on purpose, and skips their step.
        if not math.isfinite(loss + (0.0 if trainer.precision == "16-mixed" else norm)):
            raise _not_finite(step, loss, norm)
        if every > 0 and step.number % every == 0 and not step.is_repeated:
            metrics = {"step/loss": loss, "step/lr": step.lr, "step/gradient_norm": norm}
            for logger in trainer.loggers:
                logger.log_metrics(metrics, step=step.number)


def _not_finite(step: Step, loss: float, norm: float) -> TrainingError:
    known = [str(number) for number in step.ids.tolist() if number >= 0]
    shown = ", ".join(known[:MOST_IDS]) + (f" and {len(known) - MOST_IDS} more" if known[MOST_IDS:] else "")
    samples = f", training samples {shown}" if known else ""
    return TrainingError(
        f"the loss or gradient is not finite at step {step.number}, epoch {step.epoch + 1}, learning rate "
        f"{step.lr:.3g}: loss {loss:.4g}, gradient norm {norm:.4g}{samples}\n"
        "try a smaller optimizer.lr or trainer.gradient_clip_val; trainer.detect_anomaly=true shows where"
    )


class CheckedSteps(Hyperparameters):
    """A module whose steps are known to be finite before weights are scored or saved, and logged."""

    def __init__(self) -> None:
        super().__init__()
        self._readings: Readings[Step] = Readings()
        self._batch = (0, NO_IDS)
        self._last_loss: tuple[Tensor, Tensor] | None = None
        self._last_step = -1

    def on_train_start(self) -> None:
        """Forget an earlier training, which may have ended in an error."""
        self._readings, self._last_step = Readings(), -1

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Keep the number and the samples of a batch, which may be of a loader of one's own."""
        self._batch = (batch_idx, batch.ids if isinstance(batch, Batch) else NO_IDS)

    def on_before_backward(self, loss: Tensor) -> None:
        """Keep the loss of a batch, whatever ``training_step`` has returned it, to check and log it."""
        number, ids = self._batch
        self._last_loss = (loss_of(self.trainer, loss, self.group_size(number)), ids)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradient, log its norm before clipping, and refuse one that is not finite.

        Nothing here waits for a GPU: the norm is read some steps later, and before weights are scored or
        saved.

        Raises:
            TrainingError: the loss or the gradient is not finite; on the CPU the weights are unchanged, and
                on a GPU nothing was saved since.
        """
        learnt = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        limit = None if gradient_clip_algorithm == "value" else gradient_clip_val
        norm = torch.nn.utils.clip_grad_norm_(learnt, limit or math.inf)
        if self._last_loss is not None:  # it is where every ``training_step`` has returned None
            loss, ids = self._last_loss
            number = self.global_step
            step = Step(number, self.current_epoch, self._lr(), ids, is_repeated=number == self._last_step)
            self._readings.send(step, loss, norm)
            self._last_loss, self._last_step = None, number
        log_steps(self.trainer, self._readings.due())
        if gradient_clip_algorithm == "value":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def settle(self) -> None:
        """Wait until all steps so far are known to be finite, and logged.

        Raises:
            TrainingError: one of them is not finite.
        """
        log_steps(self.trainer, self._readings.rest())

    def group_size(self, batch_idx: int) -> int:
        """Return the number of batches in the optimizer step of a batch."""
        return group_size(batch_idx, self.trainer.accumulate_grad_batches, self.trainer.num_training_batches)

    def _lr(self) -> float:
        return float(self.trainer.optimizers[0].param_groups[0]["lr"])
