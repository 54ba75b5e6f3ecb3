"""The one LightningModule: any cell, any data, any task."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from seqlab.cells import State
from seqlab.compat.lightning import restore_loader_places
from seqlab.data.batches import Batch
from seqlab.errors import TrainingError
from seqlab.models.optimizers import make_optimizer
from seqlab.models.readings import Readings
from seqlab.models.schedulers import LENGTHS, make_scheduler, take_rate
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn.parts import InputSpec
from seqlab.tasks import tasks
from seqlab.tasks.further import FurtherScores

MOST_IDS = 20
"""Samples that an error names."""


class Step(NamedTuple):
    """A step of the optimizer: its number, its epoch from 0, its learning rate, its last batch's samples."""

    number: int
    epoch: int
    lr: float
    ids: Tensor


class SequenceModule(LightningModule):
    """A network, a task, an optimizer and a schedule, made from plain values, so that a checkpoint tells all.

    Example:
        >>> spec = {"kind": "tokens", "input_size": 30, "classes": ["Greek", "Irish"]}
        >>> module = SequenceModule(spec=spec, model={"cell": "gru", "hidden_size": 8})
        >>> module(torch.ones(2, 5, dtype=torch.int64), torch.tensor([5, 3])).shape
        torch.Size([2, 2])

    Args:
        spec: what the data declare (``DataSpec.as_dict()``): kind, task, input_size, classes or series.
        model: arguments of ``SequenceModel``: cell, hidden_size, num_layers, …
        task: its name, if it is not the one that data ask, its settings, such as ``label_smoothing``, and
            ``metrics``, further scores by name.
        optimizer: name or path, and the arguments of the class, see ``make_optimizer``.
        scheduler: name or path, and its settings, see ``make_scheduler``.
    """

    def __init__(
        self,
        *,
        spec: Mapping[str, Any],
        model: Mapping[str, Any] | None = None,
        task: Mapping[str, Any] | None = None,
        optimizer: Mapping[str, Any] | None = None,
        scheduler: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        self._readings: Readings[Step] = Readings()
        self.optimizer_settings = dict(optimizer or {"name": "adamw", "lr": 4e-3})
        self.scheduler_settings = dict(scheduler or {"name": "none"})
        settings = dict(task or {})
        further = settings.pop("metrics", None) or {}
        name = settings.pop("name", None) or spec.get("task", "classification")
        self.task = tasks[name].of(spec, settings)
        self.is_carried = bool(spec.get("is_carried"))
        self.carried: dict[str, State] = {}
        self.further = FurtherScores(self.task, further)
        inputs = InputSpec.of(spec)
        self.model = SequenceModel(inputs, self.task.output_size, self.task.output_steps, **(model or {}))

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Answer a right-padded batch: x [B, T] or [B, T, F], lengths [B], to [B, output_size].

        For a task with answers at several steps S, to [B, S, output_size].
        """
        answer: Tensor = self.model(x, lengths)
        return answer

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Save no weights that may not be finite."""
        self.settle()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Let a schedule keep its own length: the run that goes on may be a longer one."""
        for state in checkpoint["lr_schedulers"]:
            for name in LENGTHS:
                state.pop(name, None)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a training batch, by its share in the step of the optimizer."""
        loss = self._step("train", batch)
        self._last_batch = (loss.detach(), batch.ids)
        # Lightning divides by the size of a whole group; an epoch's last one may be smaller.
        whole = self.trainer.accumulate_grad_batches
        size = group_size(batch_idx, whole, self.trainer.num_training_batches)
        return loss if size == whole else loss * (whole / size)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:  # noqa: ARG002
        """Note a validation batch."""
        self._step("val", batch)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:  # noqa: ARG002
        """Note a test batch, or one of the second loader's: training samples, balanced over classes."""
        stage = ("test", "balanced")[dataloader_idx]
        self._step(stage, batch)
        for place, windows in self.task.windowed(batch) if stage == "test" else ():
            self.task.step_windows(place, self(windows.x, windows.lengths), windows)

    def on_train_start(self) -> None:
        """Tell the loader its place in a continued epoch, and take the rate of what may be a longer run.

        ``estimated_stepping_batches``, which schedules need, makes the loader before Lightning has read the
        place from the checkpoint, and Lightning does not come back to it (2.6.6).
        """
        restore_loader_places(self.trainer)
        for schedule in self.trainer.lr_scheduler_configs:
            take_rate(schedule.scheduler)
        self._readings = Readings()  # an earlier training may have ended in an error

    def on_train_epoch_start(self) -> None:
        """Start the epoch's training scores anew, and its streams."""
        self.task.reset("train")
        self.carried.pop("train", None)

    def on_validation_epoch_start(self) -> None:
        """Start the validation scores anew, of weights that are known to be finite."""
        self.settle()
        self._reset("val")

    def on_test_epoch_start(self) -> None:
        """Start the test scores anew."""
        self._reset("test")
        self._reset("balanced")

    def on_train_epoch_end(self) -> None:
        """Log the training scores of the epoch: of the weights as they were at each batch."""
        self.settle()
        self._log_epoch("train")

    def on_validation_epoch_end(self) -> None:
        """Log the validation scores."""
        self._log_epoch("val")

    def on_test_epoch_end(self) -> None:
        """Log the test scores."""
        self._log_epoch("test")

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make the optimizer and its schedule."""
        fused = self.trainer.precision != "16-mixed"
        optimizer = make_optimizer(self.parameters(), self.optimizer_settings, fused=fused)
        schedule = make_scheduler(
            optimizer,
            self.scheduler_settings,
            total_steps=int(self.trainer.estimated_stepping_batches),
            total_epochs=self.trainer.max_epochs or 1,
            steps_per_epoch=self._steps_per_epoch(),
            validation_every=self.trainer.check_val_every_n_epoch or 1,
        )
        if schedule is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": schedule}  # type: ignore[return-value]

    def _steps_per_epoch(self) -> int:
        # Known once ``estimated_stepping_batches`` has made Lightning build the loader.
        return math.ceil(self.trainer.num_training_batches / self.trainer.accumulate_grad_batches)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradient, log the norm it had, and refuse one that is NaN or infinite.

        Nothing here waits for a GPU: the norm is read some steps later, and before weights are scored or
        saved.

        Raises:
            TrainingError: the loss or the gradient is not finite; on the processor the weights are what they
                were, and on a GPU nothing has been saved since.
        """
        learnt = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        limit = None if gradient_clip_algorithm == "value" else gradient_clip_val
        norm = torch.nn.utils.clip_grad_norm_(learnt, limit or math.inf)
        loss, ids = self._last_batch
        self._readings.send(Step(self.global_step, self.current_epoch, self._lr(), ids), loss, norm)
        self._take(self._readings.due())
        if gradient_clip_algorithm == "value":
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

    def settle(self) -> None:
        """Wait until all steps so far are known to be finite, and logged.

        Raises:
            TrainingError: one of them is not finite.
        """
        self._take(self._readings.rest())

    def _take(self, readings: Iterable[tuple[Step, tuple[float, ...]]]) -> None:
        for step, (loss, norm) in readings:
            # A loss scaler tries infinite gradients on purpose, and leaves their step out.
            if not math.isfinite(loss + (0.0 if self.trainer.precision == "16-mixed" else norm)):
                raise _not_finite(step, loss, norm)
            if self._is_logged(step.number):
                self._log_step(
                    {"step/loss": loss, "step/lr": step.lr, "step/gradient_norm": norm}, step.number
                )

    def _step(self, stage: str, batch: Batch) -> Tensor:
        outputs = self._carry(stage, batch) if self.is_carried else self(batch.x, batch.lengths)
        self.further.update(self.task, stage, outputs, batch)
        return self.task.step(stage, outputs, batch)

    def _carry(self, stage: str, batch: Batch) -> Tensor:
        """Answer a batch whose rows go on where those of the batch before ended; gradients end there."""
        outputs, state = self.model.carry(batch.x, batch.lengths, self.carried.get(stage))
        self.carried[stage] = State({name: one.detach() for name, one in state.items()})
        return outputs

    def _reset(self, stage: str) -> None:
        self.carried.pop(stage, None)
        self.task.reset(stage)
        self.further.reset(stage)

    def scores(self, stage: str) -> dict[str, float]:
        """Return all scores of a stage since it began: the task's own, and those of further metrics."""
        return self.task.compute(stage) | self.further.compute(self.task, stage)

    def _lr(self) -> float:
        return float(self.trainer.optimizers[0].param_groups[0]["lr"])

    def _is_logged(self, step: int) -> bool:
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        return every > 0 and step % every == 0

    def _log_step(self, metrics: dict[str, float], step: int) -> None:
        # Past self.log, which costs more than the step of a small model.
        for logger in self.loggers:
            logger.log_metrics(metrics, step=step)

    def _log_epoch(self, stage: str) -> None:
        metrics = {f"{stage}/{name}": value for name, value in self.scores(stage).items()}
        # Lightning logs an epoch only once its last checkpoint is written, which then lacks it.
        self.log_dict(metrics, on_step=False, on_epoch=True, batch_size=1, logger=False)
        # A run that goes on writes again what stands at the step of last.ckpt, and keeps what stands before.
        step = self.global_step if stage == "test" else max(self.global_step - 1, 0)
        for logger in self.loggers:
            logger.log_metrics(metrics | {"epoch": self.current_epoch}, step=step)


def _not_finite(step: Step, loss: float, norm: float) -> TrainingError:
    known = [str(number) for number in step.ids.tolist() if number >= 0]
    shown = ", ".join(known[:MOST_IDS]) + (f" and {len(known) - MOST_IDS} more" if known[MOST_IDS:] else "")
    return TrainingError(
        f"the numbers overflow at step {step.number}, epoch {step.epoch + 1}, learning rate "
        f"{step.lr:.3g}: loss {loss:.4g}, gradient norm {norm:.4g}, training samples {shown}\n"
        "try a smaller optimizer.lr or trainer.gradient_clip_val; trainer.detect_anomaly=true shows where"
    )


def group_size(batch: int, whole: int, batches: float) -> int:
    """Return how many batches make one step of the optimizer together with this one.

    Args:
        batch: number of the batch in its epoch, from 0.
        whole: batches that are wanted in a group.
        batches: of the epoch.
    """
    first = batch - batch % whole
    return int(min(whole, batches - first))
