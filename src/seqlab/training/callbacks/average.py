"""Averages of the weights, which are scored and saved in their place."""

from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule, Trainer, callbacks
from lightning.pytorch.trainer.states import TrainerFn


class EMAWeightAveraging(callbacks.EMAWeightAveraging):
    """Lightning's callback for runs that may be resumed; checkpoints keep its state under the same name.

    Lightning copies the average to the weights when training ends, but not in a run resumed at that point;
    here it is copied at the end of every fit. Lightning keeps the average on the device on which the weights
    were made, so that every step waits for it; here it is on the training device. Lightning would average
    buffers, and round integers among them; here they are those of the present network.

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
        share = self._share()
        for average, weight in zip(
            self._average_model.module.parameters(), pl_module.parameters(), strict=True
        ):
            average.lerp_(weight, share)
        for kept, present in zip(self._average_model.module.buffers(), pl_module.buffers(), strict=True):
            kept.copy_(present)
        self._average_model.n_averaged += 1
        self._latest_update_step = trainer.global_step

    def _share(self) -> float:
        """Return the share of the present weights in the average; after one step it is the weights."""
        return 1.0 if self._latest_update_step == 0 else 1 - self.decay

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pass

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._copy_average_to_current(pl_module)
        self._average_model = None  # or each later validation would score it, whichever weights are loaded


class NonMonotonicAveraging(EMAWeightAveraging):
    """The mean of the weights of all steps since validation stopped improving (NT-ASGD, Merity et al. 2018).

    Until then the average is the weights. With plain SGD it is the paper's algorithm 1.

    Args:
        monitor: the score of validation.
        mode: whether a lower (min) or a higher (max) one is better.
        patience: the mean begins when a score is worse than the best of all but the last ``patience``.
    """

    def __init__(self, monitor: str, mode: Literal["min", "max"], patience: int) -> None:
        super().__init__(decay=0.0)
        self.monitor, self.mode, self.patience = monitor, mode, patience
        self.scores: list[float] = []
        self.averaged: int | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.state.fn != TrainerFn.FITTING or self.averaged is not None:
            return
        score = float(trainer.callback_metrics[self.monitor]) * (1 if self.mode == "min" else -1)
        if any(earlier < score for earlier in self.scores[: -self.patience]):
            self.averaged = 0
        self.scores.append(score)

    def _share(self) -> float:
        if self.averaged is None:
            return 1.0
        self.averaged += 1
        return 1 / self.averaged

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "scores": self.scores, "averaged": self.averaged}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self.scores, self.averaged = state_dict["scores"], state_dict["averaged"]
