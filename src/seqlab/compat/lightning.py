"""Private parts of Lightning: its loops, on which an exact resume depends, and what it starts."""

import threading
from typing import TYPE_CHECKING, Any

from lightning.fabric.strategies.launchers.subprocess_script import _ChildProcessObserver
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.strategies.launchers import _SubprocessScriptLauncher

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence


class Hyperparameters(LightningModule):
    """A module that says how its arguments are kept, those of a subclass that saves its own among them."""

    def kept_arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments as loggers and checkpoints get them."""
        return arguments

    def _set_hparams(self, hp: Any) -> None:
        super()._set_hparams(self.kept_arguments(hp) if isinstance(hp, dict) else hp)


def leave_signals(trainer: Trainer) -> None:
    """Leave signals to seqlab.

    Lightning's handlers stop in the middle of validation, and can leave two processes waiting; it also asks
    the device for signals before every batch, and waits for the answer.
    """
    trainer._signal_connector.register_signal_handlers = lambda: None  # type: ignore[method-assign]
    trainer.fit_loop.epoch_loop._broadcast_sigterm_tensor = lambda: None  # type: ignore[method-assign]


def restore_loader_places(trainer: Trainer) -> None:
    """Restore the positions of loaders in a resumed epoch that were made before the checkpoint was read."""
    trainer.fit_loop._load_combined_loader_states()


def is_within_epoch(trainer: Trainer) -> bool:
    """Return whether the optimizer has just stepped, and the epoch's last batch is still to come."""
    loop = trainer.fit_loop
    return not (loop.epoch_loop.batch_progress.is_last_batch or loop._should_accumulate())


def take_plateau_step(trainer: Trainer) -> None:
    """Let a plateau schedule step at the end of a resumed epoch, which Lightning would omit."""
    trainer.fit_loop.restarting = False


def count_epoch(trainer: Trainer) -> None:
    """Count this epoch as started; in a resumed run, Lightning would count the next one twice."""
    trainer.fit_loop.epoch_progress.current.ready = trainer.current_epoch + 1


def count_logged_steps(trainer: Trainer) -> None:
    """Let callbacks log at the optimizer's step; resumed between epochs, Lightning counts one too many."""
    trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step


def count_batches_from_zero(trainer: Trainer) -> None:
    """Reset the batch counts of an epoch now, which Lightning does a moment later."""
    loop = trainer.fit_loop.epoch_loop
    for progress in (
        loop.batch_progress,
        loop.scheduler_progress,
        loop.automatic_optimization.optim_progress,
    ):
        progress.reset_on_run()
    loop.val_loop.batch_progress.total.reset()


def child_processes(trainer: Trainer) -> "Sequence[subprocess.Popen[bytes]]":
    """Return the processes that Lightning has started for the other ranks of this machine, in their order."""
    launcher = trainer.strategy.launcher
    return launcher.procs if isinstance(launcher, _SubprocessScriptLauncher) else ()


def leave_children() -> None:
    """Leave dead child processes to seqlab; Lightning would kill this one, without a word of why."""
    for thread in threading.enumerate():
        if isinstance(thread, _ChildProcessObserver):
            thread._child_processes = []
