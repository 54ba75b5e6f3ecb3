"""An exponential moving average of the weights, which is scored and saved in their place."""

from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer, callbacks


class EMAWeightAveraging(callbacks.EMAWeightAveraging):
    """Lightning's callback for runs that may be resumed; checkpoints keep its state under the same name.

    Lightning copies the average to the weights when training ends, but not in a run resumed at that point;
    here it is copied at the end of every fit. Lightning keeps the average on the device on which the weights
    were made, so that every step waits for it; here it is on the training device. Lightning also averages
    buffers, which are constants, and would round integers among them.

    Args:
        decay: the fraction of the average that is kept at a step.
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
        if trainer.global_step <= self._latest_update_step:  # no optimizer step: gradients are accumulated
            return
        assert self._average_model is not None  # noqa: S101 (for the type checker)
        # After one step the average is the weights.
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
