"""Forecasting: what are the next values of a series?"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional

from seqlab.data import Batch, DataSpec, SequenceData, SeriesSpec
from seqlab.data.series.step import is_duration
from seqlab.io.terminal import in_a_line
from seqlab.tasks.base import STAGES, Exported, History, Task, register_task
from seqlab.tasks.baselines.series import BASELINES, UnavailableError
from seqlab.tasks.figures import forecast as draw
from seqlab.tasks.figures.common import curves
from seqlab.tasks.figures.fonts import drawable
from seqlab.tasks.loss import MeanLoss
from seqlab.tasks.metrics import Forecasts, scores, scores_by_step
from seqlab.tasks.score import BIAS, MAE, MEDIAN_AE, RMSE, Score, loss_in

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

LOSSES = {"mse": functional.mse_loss, "mae": functional.l1_loss}


class StageErrors(nn.Module):
    """The metrics of one stage: loss and mean absolute error, and in evaluation every forecast."""

    def __init__(self) -> None:
        super().__init__()
        self.loss, self.mae, self.forecasts = MeanLoss(), MeanLoss(), Forecasts()


@register_task("forecasting")
class Forecasting(Task):
    """Forecasts all steps of the horizon at once, in scaled units; scores are in the targets' own units.

    Args:
        series: the data's columns, targets, means, scales, horizon_steps, step_minutes and step.
        loss: "mse" or "mae", in scaled units.
        residual: "persistence" to forecast the change since the last value, "none" for the value itself.
    """

    question = "forecasting"
    scores: ClassVar[tuple[Score, ...]] = (loss_in("scaled units"), MAE, MEDIAN_AE, RMSE, BIAS)
    monitor = "val/mae"
    galleries = ("horizon", "forecasts")

    _columns: Tensor
    _units: Tensor

    def __init__(
        self,
        series: Mapping[str, Any],
        *,
        loss: Literal["mse", "mae"] = "mae",
        residual: Literal["persistence", "none"] = "persistence",
    ) -> None:
        super().__init__()
        self.targets = tuple(series["targets"])
        self.places = [series["columns"].index(target) for target in self.targets]
        self.horizon_steps, self.step_minutes = series["horizon_steps"], series["step_minutes"]
        self.unit = "hours" if is_duration(series.get("step")) else "steps"
        self.loss, self.residual = LOSSES[loss], residual
        self.means, self.scales = (
            torch.tensor([series[key][place] for place in self.places], dtype=torch.float64)
            for key in ("means", "scales")
        )
        # Buffers on the model's device: a list, or a tensor on another device, would block each step.
        self.register_buffer("_columns", torch.tensor(self.places), persistent=False)
        self.register_buffer("_units", self.scales.clone(), persistent=False)
        self.output_size = self.horizon_steps * len(self.targets)
        self.stages = nn.ModuleList(StageErrors() for _ in STAGES)
        self._beside: dict[str, Tensor] = {}

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Forecasting":
        """Return the task for data with a series."""
        return cls(spec["series"], **settings)

    def forecast(self, answers: Tensor, x: Tensor) -> Tensor:
        """Return scaled forecasts, [B, horizon, K], from outputs [B, horizon · K] for inputs x."""
        forecasts = answers.view(len(answers), self.horizon_steps, len(self.targets))
        return forecasts + x[:, -1:, self._columns] if self.residual == "persistence" else forecasts

    def in_units(self, scaled: Tensor) -> Tensor:
        """Return scaled values, [..., K], in the targets' own units, on the CPU."""
        return scaled.cpu().double() * self.scales + self.means

    def compared(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return scaled forecasts and what came, [B, horizon, K]."""
        return self.forecast(outputs, batch.x), batch.y

    def step(self, stage: str, answers: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of outputs, [B, horizon · K], and update the metrics."""
        forecasts = self.forecast(answers, batch.x)
        valid = batch.ids >= 0
        rows = valid.sum()
        each = self.loss(forecasts, batch.y.to(forecasts.dtype), reduction="none").mean((1, 2))
        loss = torch.where(valid, each, 0).sum() / rows.clamp(min=1)
        with torch.no_grad():
            found = self._of(stage)
            found.loss.update(loss, rows)
            if stage == "train":
                off = ((forecasts - batch.y).abs() * self._units).mean((1, 2))
                found.mae.update(torch.where(valid, off, 0).sum() / rows.clamp(min=1), rows)
            else:
                found.forecasts.update(batch.ids, forecasts, batch.y)
        return loss

    def answers(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Return forecasts in the targets' own units, [B, horizon, K], in float64 on the CPU."""
        return self.in_units(self.forecast(outputs, x))

    def decode(self, spec: DataSpec, asked: Sequence[str], answers: Tensor, top: int) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return the values of all targets at every time of a single forecast."""
        targets = cast("SeriesSpec", spec).series.targets
        return [
            {"time": time, "values": dict(zip(targets, row, strict=True))}
            for time, row in zip(asked, answers[0].tolist(), strict=True)
        ]

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return a line with the names of the targets, then one line per time."""
        header = "\t".join(["time", *map(in_a_line, rows[0]["values"])])
        return [
            header,
            *("\t".join([row["time"], *(f"{v:.7g}" for v in row["values"].values())]) for row in rows),
        ]

    @classmethod
    def exported(cls, spec: DataSpec) -> Exported:
        """Return that the output is forecasts in the targets' units, [B, horizon, K]."""
        series = cast("SeriesSpec", spec).series
        return Exported("forecast", [series.horizon_steps, len(series.targets)], is_double=True)

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:
        """Add the last value if the change is forecast, and convert to the targets' units."""
        answer = graph.add("Reshape", outputs, graph.integers(-1, self.horizon_steps, len(self.targets)))
        if self.residual == "persistence":
            last = graph.add("Gather", graph.last(x), graph.integers(*self.places), axis=1)
            answer = graph.add("Add", answer, graph.add("Unsqueeze", last, graph.integers(1)))
        scales = graph.constant("target scales", self.scales.numpy())
        means = graph.constant("target means", self.means.numpy())
        return graph.add("Add", graph.add("Mul", graph.to_double(answer), scales), means)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss in scaled units, and its errors in the targets' own."""
        found = self._of(stage)
        loss = {"loss": float(found.loss.compute())}
        if stage == "train":
            return loss | {"mae": float(found.mae.compute())}
        return loss | scores(self._errors(*found.forecasts.compute()), self.targets)

    def baselines(self, data: SequenceData, *, fitted: bool) -> dict[str, dict[str, float] | str]:
        """Score persistence, yesterday, climatology, and if ``fitted`` ridge regression; keep the errors."""
        found: dict[str, dict[str, float] | str] = {}
        for name, baseline in BASELINES.items():
            if baseline.is_fitted and not fitted:
                continue
            try:
                forecast = baseline.prepare(data)
            except UnavailableError as reason:
                found[name] = str(reason)
                continue
            metrics: dict[str, float] = {}
            for split in ("val", "test"):
                errors = self._errors(torch.from_numpy(forecast(split)), data.samples[split].y)
                metrics |= {
                    f"{split}/{score}": value for score, value in scores(errors, self.targets).items()
                }
                if split == "test":
                    self._beside[name] = errors
            found[name] = metrics
        return found

    def figures(self, history: History, title: str) -> dict[str, Figure]:
        """Draw the learning curves, the error against the horizon, some forecasts, and all errors."""
        drawn = {quantity: curves(history, quantity, title) for quantity in ("loss", "mae")}
        if not self._of("test").forecasts.update_called:
            return drawn
        scaled = self._of("test").forecasts.compute()
        forecasts, truths = map(self.in_units, scaled)
        errors = {"model": self._errors(*scaled), **self._beside}
        steps = self._ahead()
        for place, name in enumerate(self.targets):
            target = drawable(name, f"target {place + 1}")
            mae = {name: found[:, :, place].abs().mean(0) for name, found in errors.items()}
            suffix = f"_{place + 1}" if len(self.targets) > 1 else ""
            drawn |= {
                f"error_by_horizon{suffix}": draw.error_by_horizon(mae, steps, target, title, unit=self.unit),
                f"forecasts{suffix}": draw.forecasts(
                    forecasts[:, :, place], truths[:, :, place], steps, target, title, unit=self.unit
                ),
                f"errors{suffix}": draw.histogram(errors["model"][:, :, place], target, title),
            }
        return drawn

    def tables(self, describe: Callable[[int], str]) -> dict[str, list[dict[str, Any]]]:
        """Return every test forecast, and the errors of model and baselines step by step."""
        scaled = self._of("test").forecasts.compute()
        forecasts, truths = map(self.in_units, scaled)
        steps = self._ahead()
        predictions = [
            {
                "after": time,
                f"{self.unit}_ahead": ahead,
                "target": target,
                "true": true,
                "predicted": predicted,
            }
            for place, target in enumerate(self.targets)
            for window, (row, truth) in enumerate(
                zip(forecasts[:, :, place].tolist(), truths[:, :, place].tolist(), strict=True)
            )
            for time in (describe(window),)
            for ahead, predicted, true in zip(steps, row, truth, strict=True)
        ]
        by_step = [
            {"forecast": name, "target": target, f"{self.unit}_ahead": ahead} | found
            for name, errors in {"model": self._errors(*scaled), **self._beside}.items()
            for place, target in enumerate(self.targets)
            for ahead, found in zip(steps, scores_by_step(errors[:, :, place]), strict=True)
        ]
        return {"predictions": predictions, "errors_by_step": by_step}

    def _errors(self, forecasts: Tensor, truths: Tensor) -> Tensor:
        """Return the errors of scaled forecasts in the targets' units, [N, horizon, K], on the CPU."""
        return (forecasts.cpu().double() - truths.cpu().double()) * self.scales

    def _ahead(self) -> list[float]:
        """Return how far ahead each step is, in the ``unit``."""
        if self.unit == "steps":
            return list(range(1, self.horizon_steps + 1))
        return [round(step * self.step_minutes / 60, 4) for step in range(1, self.horizon_steps + 1)]

    def _of(self, stage: str) -> StageErrors:
        return cast("StageErrors", self.stage(stage))
