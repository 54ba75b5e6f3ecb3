"""An exponential average of the weights: what is scored and kept, beside the weights that learn."""

from lightning.pytorch import LightningModule, Trainer, callbacks


class EMAWeightAveraging(callbacks.EMAWeightAveraging):
    """Lightning's, for a run that may go on; of the same name, under which checkpoints keep its state.

    Lightning copies the average over the weights once training has ended, and not in a run that is continued
    there. Here that is done at the end of every fit.

    Args:
        decay: share of the average that is kept at a step.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(decay=decay)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pass

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._copy_average_to_current(pl_module)
