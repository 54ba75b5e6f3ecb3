"""Progress: a bar on a terminal, and one line per epoch."""

import logging
import sys
import time
from typing import TYPE_CHECKING, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from seqlab.models.lightning_module import SequenceModule

log = logging.getLogger(__name__)

REFRESH = 20
"""Batches between two updates of the bar: an update costs more than the step of a small model."""


def progress(verbosity: str) -> list[Callback]:
    """Return the callbacks that show the progress on this output; none if quiet."""
    if verbosity == "quiet":
        return []
    bar = [RichProgressBar(refresh_rate=REFRESH)] if sys.stderr.isatty() and sys.stdout.isatty() else []
    return [*bar, EpochLines()]


class EpochLines(Callback):
    """Logs one line per epoch: loss and scores of training and validation, and the seconds it took."""

    def __init__(self) -> None:
        self._start = 0.0
        self._finished = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # A resumed run has reported its earlier epochs, and may start in the middle of one.
        self._start, self._finished = time.perf_counter(), trainer.current_epoch

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._report(trainer)
        self._start = time.perf_counter()

    # The module logs its training scores after the callbacks' hook, so a line is logged one hook later.
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._report(trainer)

    def _report(self, trainer: Trainer) -> None:
        metrics: Mapping[str, Tensor] = trainer.callback_metrics
        if (
            trainer.current_epoch == self._finished
            or "train/loss" not in metrics
            or not trainer.is_global_zero
        ):
            return
        self._finished = trainer.current_epoch
        task = cast("SequenceModule", trainer.lightning_module).task
        parts = [f"epoch {self._finished}/{trainer.max_epochs}"]
        for stage in ("train", "val"):
            shown = [
                score for score in task.scores if score.each_epoch and f"{stage}/{score.name}" in metrics
            ]
            scores = [f"{one.name} {one.text(float(metrics[f'{stage}/{one.name}']))}" for one in shown]
            parts.append(" ".join([stage, *scores]) if scores else "")
        parts.append(f"{time.perf_counter() - self._start:.1f} s")
        log.info("%s", "   ".join(part for part in parts if part))
