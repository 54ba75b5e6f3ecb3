"""An exponential average of the weights: what is scored and kept, beside the weights that learn."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer, callbacks


class EMAWeightAveraging(callbacks.EMAWeightAveraging):
    """Lightning's, for a run that may go on; of the same name, under which checkpoints keep its state.

    Lightning copies the average over the weights once training has ended, and not in a run that is continued
    there. Here that is done at the end of every fit. Lightning's average lies where the weights do before
    they are moved to a GPU, and is waited for at every step. It averages buffers too: they are constants, and
    whole numbers among them would be rounded.

    Args:
        decay: share of the average that is kept at a step.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(decay=decay, use_buffers=False)
        self.decay = decay

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._device = trainer.strategy.root_device
        super().setup(trainer, pl_module, stage)

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step <= self._latest_update_step:  # no step was taken: batches are accumulated
            return
        assert self._average_model is not None  # noqa: S101 (for the type checker)
        # The first weights are the average of one step.
        share = 1.0 if self._latest_update_step == 0 else 1 - self.decay
        for average, weight in zip(
            self._average_model.module.parameters(), pl_module.parameters(), strict=True
        ):
            average.lerp_(weight, share)
        self._average_model.n_averaged += 1
        self._latest_update_step = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pass

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._copy_average_to_current(pl_module)
