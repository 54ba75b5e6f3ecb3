"""Early stopping, whose decision is kept when a run is resumed."""

import logging

from lightning.pytorch import LightningModule, Trainer, callbacks
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

log = logging.getLogger(__name__)


class EarlyStopping(callbacks.EarlyStopping):
    """Lightning's; a run that it has ended has no further epoch, however long it may become.

    Lightning forgets the decision when it begins a fit, and would train an epoch more each time.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.stopping_reason is not EarlyStoppingReason.NOT_STOPPED:
            trainer.should_stop = True
            log.warning("early stopping has ended this run after epoch %d", self.stopped_epoch + 1)
