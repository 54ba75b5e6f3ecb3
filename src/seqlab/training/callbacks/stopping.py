"""Early stopping, whose decision is kept when a run is resumed."""

import logging

from lightning.pytorch import LightningModule, Trainer, callbacks
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

log = logging.getLogger(__name__)


class EarlyStopping(callbacks.EarlyStopping):
    """Lightning's callback; a run that it has stopped trains no further epoch when it is resumed.

    Lightning forgets the decision at the start of a fit, and would train one more epoch each time.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.stopping_reason is not EarlyStoppingReason.NOT_STOPPED:
            trainer.should_stop = True
            log.warning("early stopping ended this run after epoch %d", self.stopped_epoch + 1)
