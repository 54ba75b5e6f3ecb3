"""Pruning: a trial of a search reports its score, and ends early if it is hopeless."""

import logging
from collections.abc import Callable

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from seqlab.config.schema import Config
from seqlab.config.sweep import SearchConfig
from seqlab.runs.folder import RunFolder

log = logging.getLogger(__name__)


class Pruning(Callback):
    """Reports the monitored score after each validation; a pruned run is tested like any other.

    Args:
        monitor: the score.
        is_hopeless: a function of epoch and score that returns whether to stop; called only on rank 0.
        folder: the run folder, whose record gets ``pruned``.
    """

    def __init__(self, monitor: str, is_hopeless: Callable[[int, float], bool], folder: RunFolder) -> None:
        self.monitor, self.is_hopeless, self.folder = monitor, is_hopeless, folder

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn != TrainerFn.FITTING:
            return
        epoch = trainer.current_epoch
        hopeless = trainer.is_global_zero and self.is_hopeless(
            epoch, float(trainer.callback_metrics[self.monitor])
        )
        # After the last epoch there is nothing left to stop.
        if trainer.strategy.broadcast(hopeless) and epoch + 1 != trainer.max_epochs:
            trainer.should_stop = True
            self.folder.write(pruned=True)
            log.info("stopped after epoch %d: other trials had better scores at this epoch", epoch + 1)


def pruning(config: Config, folder: RunFolder) -> list[Callback]:
    """Return the pruning callback, if the run is a trial of a search that prunes."""
    search = config.sweep
    if (
        not isinstance(search, SearchConfig)
        or search.pruner == "none"
        or not config.trainer.limit_val_batches
    ):
        return []
    from seqlab.sweep.study import is_hopeless  # noqa: PLC0415 (imports optuna, an extra)

    def ask(epoch: int, value: float) -> bool:
        return is_hopeless(folder.path, search, epoch=epoch, value=value)

    return [Pruning(config.task.watched, ask, folder)]
