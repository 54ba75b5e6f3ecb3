"""Regression: predicting a number for a sequence."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.io.terminal import in_a_line
from seqlab.tasks import figures
from seqlab.tasks.base import STAGES, Exported, History, Task, register_task
from seqlab.tasks.baselines.linear import linear
from seqlab.tasks.baselines.text import Scoring, scored
from seqlab.tasks.loss import MeanLoss
from seqlab.tasks.metrics import PredictionsAndTargets
from seqlab.tasks.score import MAE, MSE, BaselineScores, Score, loss_in
from seqlab.tasks.tables import BySample, Rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqlab.export.graph import Graph

DIGITS = 7
"""Significant digits of targets in tables, relative to their standard deviation: those of float32."""


class StageErrors(nn.Module):
    """The metrics of one stage: mean squared and mean absolute error, in the network's units."""

    def __init__(self) -> None:
        super().__init__()
        self.mse, self.mae = MeanLoss(), MeanLoss()


@register_task("regression")
class Regression(Task):
    """One number per sequence; the loss is the mean squared error in the network's units.

    Args:
        mean: the target for which networks output 0.
        std: the difference of the target for which networks output 1.
    """

    problem_type = "regression"
    scores: ClassVar[tuple[Score, ...]] = (loss_in("mean squared error"), MSE, MAE)
    monitor = "val/mse"
    output_size = 1

    def __init__(self, mean: float = 0.0, std: float = 1.0) -> None:
        super().__init__()
        self.mean, self.std = mean, std
        self.stages = nn.ModuleList(StageErrors() for _ in STAGES)
        self.predictions = PredictionsAndTargets()

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Regression":
        """Return the task for data with numbers."""
        return cls(spec.get("target_mean", 0.0), spec.get("target_std", 1.0), **settings)

    def step(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean squared error of outputs, [B, 1], for ``batch.y`` [B], and update the metrics."""
        valid = batch.ids >= 0
        rows = valid.sum()
        errors = torch.where(valid, outputs[:, 0] - batch.y.to(outputs.dtype), 0)
        loss = errors.square().sum() / rows.clamp(min=1)
        with torch.no_grad():
            found = self._of(stage)
            found.mse.update(loss, rows)
            found.mae.update(errors.abs().sum() / rows.clamp(min=1), rows)
            if stage == "test":
                self.predictions.update(batch.ids, outputs[:, 0], batch.y)
        return loss

    def predict(self, outputs: Tensor, x: Tensor) -> Tensor:  # noqa: ARG002
        """Return the numbers in the target's units, [B, 1], in float64 on the CPU."""
        return self.in_units(outputs)

    def predictions_and_targets(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return predictions and targets in the network's units, [B]."""
        return outputs[:, 0], batch.y

    def in_units(self, values: Tensor) -> Tensor:
        """Convert predictions or targets from the network's units to the target's, in float64 on the CPU."""
        return values.cpu().double() * self.std + self.mean

    def decode(
        self,
        spec: DataSpec,  # noqa: ARG002
        names: Sequence[str],
        predictions: Tensor,
        top: int,  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        """Return the number of every text."""
        return [
            {"text": text, "value": value}
            for text, value in zip(names, predictions[:, 0].tolist(), strict=True)
        ]

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return one line per text."""
        return [f"{in_a_line(row['text'])}\t{row['value']:.7g}" for row in rows]

    def exported(self, spec: DataSpec) -> Exported:  # noqa: ARG002
        """Return that the output is a number in the target's units, [B, 1]."""
        return Exported("value", [1], is_double=True)

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:  # noqa: ARG002
        """Add the conversion to the target's units."""
        std, mean = (
            graph.constant(f"target {name}", np.float64(getattr(self, name))) for name in ("std", "mean")
        )
        return graph.add("Add", graph.add("Mul", graph.to_double(outputs), std), mean)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss, and its errors in the target's units, over all batches and ranks."""
        found = self._of(stage)
        loss = float(found.mse.compute())
        return {"loss": loss, "mse": loss * self.std**2, "mae": float(found.mae.compute()) * self.std}

    def baselines(self, data: SequenceData, *, fitted: bool) -> BaselineScores:
        """Score the training mean and median, and if ``fitted`` a linear model of all inputs or n-grams."""
        y = {split: samples.y.double().numpy() for split, samples in data.samples.items()}
        train, scoring = y.pop("train"), self._scoring()
        found: BaselineScores = {
            name: scored({split: np.full_like(true, value) for split, true in y.items()}, y, scoring)
            for name, value in (("mean", train.mean()), ("median", np.median(train)))
        }
        return found | (linear(data, scoring, "number") if fitted else {})

    def _scoring(self) -> Scoring:
        """Return the function that scores numbers in the network's units, in the units of the target."""

        def scoring(predicted: np.ndarray, true: np.ndarray) -> Mapping[str, float]:
            errors = (predicted - true) * self.std
            return {"mse": float((errors**2).mean()), "mae": float(np.abs(errors).mean())}

        return scoring

    def figures(self, history: History, title: str) -> dict[str, "Figure"]:
        """Draw the learning curves, and the test predictions against the truth."""
        drawn = {name: figures.common.curves(history, name, title) for name in ("loss", "mae")}
        if self.predictions.update_called:
            predicted, true = map(self.in_units, self.predictions.compute())
            drawn["predictions"] = figures.common.scatter(predicted, true, f"{title}: test")
        return drawn

    def tables(self, describe: Callable[[int], str]) -> dict[str, Rows]:
        """Return every test prediction."""
        digits = DIGITS - 1 - math.floor(math.log10(self.std))
        predicted, true = map(self.in_units, self.predictions.compute())

        def rows(sample: int) -> list[dict[str, Any]]:
            y, guess = (round(float(found[sample]), digits) for found in (true, predicted))
            return [{"text": describe(sample), "true": y, "predicted": guess}]

        return {"predictions": BySample(len(true), 1, rows)}

    def reset(self, stage: str) -> None:
        """Reset the stage's metrics."""
        super().reset(stage)
        if stage == "test":
            self.predictions.reset()

    def _of(self, stage: str) -> StageErrors:
        return cast("StageErrors", self.stage(stage))
