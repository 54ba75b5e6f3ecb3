"""Regression: which number does a sequence have?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.io.terminal import in_a_line
from seqlab.tasks.base import STAGES, Exported, History, Task, register_task
from seqlab.tasks.figures.common import curves, scatter
from seqlab.tasks.loss import MeanLoss
from seqlab.tasks.metrics import Forecasts
from seqlab.tasks.score import MAE, MSE, Score, loss_in


class StageErrors(nn.Module):
    """The metrics of one stage: mean squared and mean absolute error."""

    def __init__(self) -> None:
        super().__init__()
        self.mse, self.mae = MeanLoss(), MeanLoss()


@register_task("regression")
class Regression(Task):
    """One number per sequence; the loss is the mean squared error."""

    question = "regression"
    scores: ClassVar[tuple[Score, ...]] = (loss_in("mean squared error"), MSE, MAE)
    monitor = "val/mse"
    output_size = 1

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(StageErrors() for _ in STAGES)
        self.predictions = Forecasts()

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Regression":  # noqa: ARG003
        """Return the task; it has no settings."""
        return cls()

    def step(self, stage: str, answers: Tensor, batch: Batch) -> Tensor:
        """Return the mean squared error of outputs, [B, 1], for ``batch.y`` [B], and update the metrics."""
        valid = batch.ids >= 0
        rows = valid.sum()
        errors = torch.where(valid, answers[:, 0] - batch.y.to(answers.dtype), 0)
        loss = errors.square().sum() / rows.clamp(min=1)
        with torch.no_grad():
            found = self._of(stage)
            found.mse.update(loss, rows)
            found.mae.update(errors.abs().sum() / rows.clamp(min=1), rows)
            if stage == "test":
                self.predictions.update(batch.ids, answers[:, 0], batch.y)
        return loss

    @classmethod
    def decode(cls, spec: DataSpec, asked: Sequence[str], answers: Tensor, top: int) -> list[dict[str, Any]]:  # noqa: ARG003
        """Return the number of every text."""
        return [
            {"text": text, "value": value} for text, value in zip(asked, answers[:, 0].tolist(), strict=True)
        ]

    @classmethod
    def lines(cls, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return one line per text."""
        return [f"{in_a_line(row['text'])}\t{row['value']:.7g}" for row in rows]

    @classmethod
    def exported(cls, spec: DataSpec) -> Exported:  # noqa: ARG003
        """Return that the output is a number, [B, 1]."""
        return Exported("value", [1], is_double=False)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss and errors over all batches and ranks since the last reset."""
        found = self._of(stage)
        mse = float(found.mse.compute())
        return {"loss": mse, "mse": mse, "mae": float(found.mae.compute())}

    def baselines(self, data: SequenceData, *, fitted: bool) -> dict[str, dict[str, float] | str]:
        """Score the training mean, and if ``fitted`` a linear model of all inputs."""
        y = {split: samples.y.double().numpy() for split, samples in data.samples.items()}
        mean = {split: np.full_like(true, y["train"].mean()) for split, true in y.items()}
        found: dict[str, dict[str, float] | str] = {"mean": _scored(mean, y)}
        if fitted:
            found["ridge"] = _scored(_ridge(data, y["train"]), y)
        return found

    def figures(self, history: History, title: str) -> dict[str, Figure]:
        """Draw the learning curves, and the test predictions against the truth."""
        drawn = {quantity: curves(history, quantity, title) for quantity in ("loss", "mae")}
        if self.predictions.update_called:
            drawn["predictions"] = scatter(*self.predictions.compute(), f"{title}: test")
        return drawn

    def tables(self, describe: Callable[[int], str]) -> dict[str, list[dict[str, Any]]]:
        """Return every test prediction."""
        predicted, true = (found.tolist() for found in self.predictions.compute())
        rows = [
            {"text": describe(sample), "true": y, "predicted": answer}
            for sample, (y, answer) in enumerate(zip(true, predicted, strict=True))
        ]
        return {"predictions": rows}

    def reset(self, stage: str) -> None:
        """Reset the stage's metrics."""
        super().reset(stage)
        if stage == "test":
            self.predictions.reset()

    def _of(self, stage: str) -> StageErrors:
        return cast("StageErrors", self.stage(stage))


def _ridge(data: SequenceData, y: np.ndarray) -> dict[str, np.ndarray]:
    # Slow to import, and only needed here.
    from sklearn.linear_model import Ridge  # noqa: PLC0415

    x = {split: samples.batch(torch.arange(len(samples))).x for split, samples in data.samples.items()}
    flat = {split: values.flatten(1).numpy() for split, values in x.items()}
    model = Ridge().fit(flat["train"], y)
    return {split: model.predict(values) for split, values in flat.items()}


def _scored(predicted: Mapping[str, np.ndarray], true: Mapping[str, np.ndarray]) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for split in ("val", "test"):
        errors = predicted[split] - true[split]
        metrics |= {f"{split}/mse": float((errors**2).mean()), f"{split}/mae": float(np.abs(errors).mean())}
    return metrics
