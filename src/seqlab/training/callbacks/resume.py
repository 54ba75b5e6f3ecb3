"""last.ckpt: the state of a run, from which it resumes bit for bit, however it was stopped."""

import atexit
import logging
import os
import shlex
import shutil
import signal
import subprocess
import time
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import distributed

from seqlab.cells import State as CellState
from seqlab.compat import lightning as loops
from seqlab.errors import RunError
from seqlab.models.lightning_module import SequenceModule
from seqlab.runs.checkpoint.values import check_savable
from seqlab.runs.folder import RunFolder
from seqlab.training.callbacks.rng_state import (
    State,
    metric_state,
    random_state,
    restore_metric_state,
    restore_random_state,
)
from seqlab.training.callbacks.signals import Request, end_at_once, exit_code
from seqlab.training.loggers import MetricsFile

log = logging.getLogger(__name__)

SAVE = 1
"""Ranks agree on one number after a batch: 0 for nothing, 1 to save, or the number of a signal (2 and up)."""

COPIES = 8
"""Disk space in multiples of the weights: best and last checkpoint, one being written, optimizer states."""


class Resume(Callback):
    """Saves last.ckpt between epochs, and within them by steps, by minutes and when a signal asks to stop.

    The state is saved only before an epoch or after an optimizer step.

    Args:
        folder: the run folder.
        every_steps: optimizer steps between two checkpoints within an epoch, or None.
        every_minutes: minutes between two checkpoints within an epoch, or None.
    """

    def __init__(self, folder: RunFolder, *, every_steps: int | None, every_minutes: float | None) -> None:
        self.folder, self.every_steps, self.every_minutes = folder, every_steps, every_minutes
        self._request = Request()
        self._ranks: distributed.ProcessGroup | None = None
        self._restored: State = {}
        self._at_step = -1
        self._at_time = time.monotonic()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        loops.leave_signals(trainer)
        if stage == "fit":
            self._request.listen()
            if trainer.world_size > 1 and self._ranks is None:
                # On the CPU: with NCCL every rank would first have to finish its step on the GPU.
                self._ranks = distributed.new_group(backend="gloo")
            _check_space(self.folder, pl_module)
        else:
            end_at_once()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._at_time = time.monotonic()
        if not self._restored:
            return
        self._at_step = trainer.global_step
        mine = self._restored["ranks"][trainer.global_rank]
        device = trainer.strategy.root_device
        restore_metric_state(_train_scores(pl_module), mine["metrics"], device)
        if "carried" in mine:
            _ours(pl_module).carried["train"] = CellState(
                {name: one.to(device) for name, one in mine["carried"].items()}
            )
        trainer.callback_metrics.update(
            {name: torch.tensor(value) for name, value in self._restored["monitored"].items()}
        )
        restore_random_state(mine["random"], device)
        self._restored = {}

    def save_start(self, trainer: Trainer) -> None:
        """Save at the beginning of an epoch, if there is anything to save."""
        self.folder.mark_training()
        loops.count_epoch(trainer)
        if trainer.global_step not in (0, self._at_step):
            loops.count_batches_from_zero(trainer)
            self._save(trainer)
        self._stop_if_asked(trainer, self._agree(trainer))

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loops.take_plateau_step(trainer)
        # An epoch's last batch is followed by validation, during which the state cannot be saved.
        if not loops.is_within_epoch(trainer):
            return
        wanted = self._agree(trainer)
        if wanted:
            self._save(trainer)
        self._stop_if_asked(trainer, wanted)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        _ours(
            pl_module
        ).settle()  # logs the steps so far, which must be in metrics.jsonl before its size is saved
        device = trainer.strategy.root_device
        mine = {"random": random_state(device), "metrics": metric_state(_train_scores(pl_module))}
        if carried := _ours(pl_module).carried.get("train"):
            mine["carried"] = {name: one.cpu() for name, one in carried.items()}
        monitored = {name: float(value) for name, value in trainer.callback_metrics.items()}
        checkpoint["resume"] = {
            "ranks": _gather(mine, trainer.world_size),
            "monitored": monitored,
            "journal": _flush(trainer),
        }

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        self._restored = checkpoint["resume"]
        if len(self._restored["ranks"]) != trainer.world_size:
            raise RunError(
                f"{self.folder.path} was trained by {len(self._restored['ranks'])} processes, but "
                f"{trainer.world_size} resume it; use the same number"
            )
        for logger in trainer.loggers:
            if isinstance(logger, MetricsFile):
                logger.truncate(self._restored["journal"])

    def save_end(self, trainer: Trainer) -> None:
        """Save at the end of training; from then on a signal ends the process at once."""
        self._save(trainer)
        self._stop_if_asked(trainer, self._agree(trainer))
        end_at_once()

    def _agree(self, trainer: Trainer) -> int:
        """Return what to do, the same on all ranks: the most urgent request of any rank."""
        wanted = self._request.number or self._is_due(trainer)
        if trainer.world_size == 1:
            return wanted
        agreed = torch.tensor(wanted)
        distributed.all_reduce(agreed, distributed.ReduceOp.MAX, group=self._ranks)
        return int(agreed)

    def _is_due(self, trainer: Trainer) -> int:
        steps, minutes = self.every_steps, self.every_minutes
        by_steps = steps is not None and trainer.global_step % steps == 0
        by_time = minutes is not None and time.monotonic() - self._at_time >= 60 * minutes
        return SAVE if by_steps or by_time else 0

    def _save(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.folder.last)
        self._at_step, self._at_time = trainer.global_step, time.monotonic()

    def _stop_if_asked(self, trainer: Trainer, wanted: int) -> None:
        if wanted <= SAVE:
            return
        if trainer.is_global_zero:
            where = shlex.quote(str(self.folder.path))
            if self.folder.last.exists():
                log.warning(
                    "stopped after step %d; to resume: seqlab train resume=%s", trainer.global_step, where
                )
            else:
                log.warning("stopped before the first step; run the command again to start anew")
            _requeue(wanted)
        raise SystemExit(exit_code(wanted))


class SaveBeforeOthers(Callback):
    """Saves at the beginning of epochs and at the end of training before the hooks of all other callbacks.

    A run resumed there calls these hooks again. Therefore, a callback does its final work in ``on_fit_end``,
    which is also called in a run resumed at the end of training.

    Args:
        resume: the callback that saves.
    """

    def __init__(self, resume: Resume) -> None:
        self.resume = resume

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Otherwise a state that cannot be saved would be found only after an epoch.
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            check_savable(callback.state_dict(), f"the state of callback {type(callback).__name__}")

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.resume.save_start(trainer)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        loops.count_logged_steps(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.resume.save_end(trainer)


def _ours(module: LightningModule) -> SequenceModule:
    assert isinstance(module, SequenceModule)  # noqa: S101 (there is no other)
    return module


def _train_scores(module: LightningModule) -> torch.nn.Module:
    return _ours(module).task.stage("train")


def _gather(mine: State, world_size: int) -> list[State]:
    """Return the states of all ranks."""
    if world_size == 1:
        return [mine]
    gathered: list[State] = [{}] * world_size
    distributed.all_gather_object(gathered, mine)
    return gathered


def _flush(trainer: Trainer) -> int:
    """Write everything that was logged to the disk; return the size of metrics.jsonl in bytes."""
    size = 0
    for logger in trainer.loggers:
        if isinstance(logger, MetricsFile):
            size = logger.sync() or 0
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.flush()
        else:
            logger.save()
    return size


def _check_space(folder: RunFolder, module: LightningModule) -> None:
    """Check that the disk has space for the checkpoints.

    Raises:
        RunError: it has not.
    """
    weights = sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())
    free = shutil.disk_usage(folder.path).free if folder.writes else COPIES * weights
    if free < COPIES * weights:
        raise RunError(
            f"{folder.path} has {free / 2**20:.0f} MiB left, and the checkpoints of this run take up to "
            f"{COPIES * weights / 2**20:.0f}; free disk space, or set paths.output_dir"
        )


def _requeue(number: int) -> None:
    """Requeue this Slurm job if the signal is Slurm's warning of the time limit."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None or number != getattr(signal, "SIGUSR1", None):
        return
    if "SLURM_ARRAY_JOB_ID" in os.environ:
        job = f"{os.environ['SLURM_ARRAY_JOB_ID']}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    atexit.register(subprocess.run, ["scontrol", "requeue", job], check=False)
