"""Forecasting: predicting the next values of a series."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional

from seqlab.data import Batch, DataSpec, SequenceData, WindowSamples
from seqlab.io.progress import stepwise
from seqlab.io.terminal import in_a_line
from seqlab.tasks.base import STAGES, Exported, History, Task, register_task
from seqlab.tasks.baselines.bounds import spread
from seqlab.tasks.baselines.series import BASELINES, CHUNK, Forecast, UnavailableError
from seqlab.tasks.figures.common import curves
from seqlab.tasks.horizon import Forecasts, Horizon, Scored
from seqlab.tasks.loss import MeanLoss
from seqlab.tasks.members import Members, series_of
from seqlab.tasks.metrics import AnswersAndTruths, SampleIds, scores
from seqlab.tasks.score import BIAS, MAE, MEDIAN_AE, RMSE, Score, loss_in
from seqlab.tasks.tables import Rows

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

LOSSES = {"mse": functional.mse_loss, "mae": functional.l1_loss}


class StageErrors(nn.Module):
    """The metrics of one stage: loss and mean absolute error, and in evaluation every forecast."""

    def __init__(self) -> None:
        super().__init__()
        self.loss, self.mae, self.forecasts = MeanLoss(), MeanLoss(), AnswersAndTruths()
        self.ids = SampleIds()


@register_task("forecasting")
class Forecasting(Task):
    """Forecasts all steps of the horizon at once, in scaled units; scores are in the units of the targets.

    Args:
        series: the data's columns, targets, means, scales, horizon_steps, step_minutes and step.
        loss: "mse" or "mae", in scaled units.
        residual: "persistence" to forecast the change since the last value, "none" for the value itself.
    """

    problem_type = "forecasting"
    scores: ClassVar[tuple[Score, ...]] = (loss_in("scaled units"), MAE, MEDIAN_AE, RMSE, BIAS)
    monitor = "val/mae"
    galleries = ("horizon", "forecasts")

    _columns: Tensor
    _units: Tensor
    _ends: Tensor

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
        self.horizon_steps = series["horizon_steps"]
        self.loss, self.residual = LOSSES[loss], residual
        self.means, self.scales = (
            torch.tensor([series[key][place] for place in self.places], dtype=torch.float64)
            for key in ("means", "scales")
        )
        # Buffers on the model's device: a list, or a tensor on another device, would block each step.
        self.register_buffer("_columns", torch.tensor(self.places), persistent=False)
        self.members = Members(series, self.places)
        self.horizon = Horizon.of(series, self.members.names)
        self.register_buffer("_units", self.members.scales * self.scales, persistent=False)
        self.register_buffer("_ends", self.members.ends, persistent=False)
        self.output_size = self.horizon_steps * len(self.targets)
        self.stages = nn.ModuleList(StageErrors() for _ in STAGES)
        self._baselines: dict[str, Scored] = {}

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Forecasting":
        """Return the task for data with a series."""
        return cls(spec["series"], **settings)

    def forecast(self, answers: Tensor, x: Tensor) -> Tensor:
        """Return scaled forecasts, [B, horizon, K], from outputs [B, horizon · K] for inputs x."""
        forecasts = answers.view(len(answers), self.horizon_steps, len(self.targets))
        return forecasts + x[:, -1:, self._columns] if self.residual == "persistence" else forecasts

    def in_units(self, scaled: Tensor) -> Tensor:
        """Convert scaled values, [..., K], to the units of the targets, on the CPU.

        If each series has its own scale, the result is in units of that scale.
        """
        return scaled.cpu().double() * self.scales + self.means

    def judged(self, stage: str, ids: Tensor, answers: Tensor, truths: Tensor) -> tuple[Tensor, Tensor]:
        """Return forecasts and true values, each [N, horizon, K], in the units of the targets."""
        series = self.members.of(stage, ids)
        forecasts, came = (
            self.members.in_units(self.in_units(scaled), series) for scaled in (answers, truths)
        )
        return forecasts, came

    def compared(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return scaled forecasts and true values, [B, horizon, K]."""
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
                units = self._units[series_of(self._ends[STAGES.index(stage)], batch.ids)]
                off = ((forecasts - batch.y).abs() * units[:, None]).mean((1, 2))
                found.mae.update(torch.where(valid, off, 0).sum() / rows.clamp(min=1), rows)
            else:
                found.forecasts.update(batch.ids, forecasts, batch.y)
                found.ids.update(batch.ids)
        return loss

    def answers(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Return forecasts in the units of the targets, [B, horizon, K], in float64 on the CPU."""
        return self.in_units(self.forecast(outputs, x))

    def decode(self, spec: DataSpec, asked: Sequence[Any], answers: Tensor, top: int) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return the values of all targets at every forecast time of each series (``Ahead``)."""
        series = self.members.named([one.series for one in asked])
        values = self.members.in_units(answers, series).tolist()
        return [
            ({"series": one.series} if one.series else {})
            | {"time": time, "values": dict(zip(self.targets, row, strict=True))}
            for one, rows in zip(asked, values, strict=True)
            for time, row in zip(one.times, rows, strict=True)
        ]

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return a line with the names of the targets, then one line per time."""
        dated = [key for key in ("series", "time") if key in rows[0]]
        header = "\t".join([*dated, *map(in_a_line, rows[0]["values"])])
        return [
            header,
            *(
                "\t".join(
                    [*(in_a_line(row[key]) for key in dated), *(f"{v:.7g}" for v in row["values"].values())]
                )
                for row in rows
            ),
        ]

    def exported(self, spec: DataSpec) -> Exported:  # noqa: ARG002
        """Return that the output is forecasts in the targets' units, [B, horizon, K]."""
        return Exported("forecast", [self.horizon_steps, len(self.targets)], is_double=True)

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
        """Return the stage's loss in scaled units, and its errors in the units of the targets."""
        found = self._of(stage)
        loss = {"loss": float(found.loss.compute())}
        if stage == "train":
            return loss | {"mae": float(found.mae.compute())}
        return loss | scores(self._errors(stage), self.targets)

    def baselines(self, data: SequenceData, *, fitted: bool) -> dict[str, dict[str, float] | str]:
        """Score persistence, yesterday, climatology, and if ``fitted`` ridge; keep the test's scores."""
        found: dict[str, dict[str, float] | str] = {}
        ids_of = {
            split: spread(len(data.samples[split]), self.output_size, f"forecast in '{split}'")
            for split in ("val", "test")
        }
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
                ids = ids_of[split]
                errors = self._baseline_errors(
                    name, forecast, cast("WindowSamples", data.samples[split]), split, ids
                )
                metrics |= {
                    f"{split}/{score}": value for score, value in scores(errors, self.targets).items()
                }
                if split == "test":
                    self._baselines[name] = self.horizon.scored(errors, self.members.of(split, ids))
            found[name] = metrics
        return found

    def _baseline_errors(
        self, name: str, forecast: Forecast, windows: WindowSamples, split: str, ids: Tensor
    ) -> Tensor:
        """Return the errors of a baseline's forecasts of some windows, [N, horizon, K], made in chunks."""
        errors = torch.empty(len(ids), self.horizon_steps, len(self.targets), dtype=torch.float64)
        for start in stepwise(range(0, len(ids), CHUNK), f"baseline {name}, {split}"):
            part = ids[start : start + CHUNK]
            forecasts = torch.from_numpy(forecast(split, part))
            errors[start : start + CHUNK] = self._errors_of(
                split, part, forecasts, windows.subset(part.numpy()).y
            )
        return errors

    def figures(self, history: History, title: str) -> dict[str, Figure]:
        """Draw the learning curves, the error against the horizon, some forecasts, and all errors."""
        drawn = {quantity: curves(history, quantity, title) for quantity in ("loss", "mae")}
        if not self._of("test").forecasts.update_called:
            return drawn
        return drawn | self.horizon.figures(
            self._forecasts("test"), self._errors("test"), self._baselines, title
        )

    def tables(self, describe: Callable[[int], str]) -> dict[str, Rows]:
        """Return every test forecast, all errors by step and, if there are several series, by series."""
        found = self._forecasts("test")
        scored = {"model": self.horizon.scored(self._errors("test"), found.series), **self._baselines}
        return self.horizon.tables(found, scored, describe)

    def _forecasts(self, stage: str) -> Forecasts:
        """Return a stage's forecasts and true values in the units of the targets."""
        ids, scaled, came = self._collected(stage)
        return Forecasts(ids, self.members.of(stage, ids), *self.judged(stage, ids, scaled, came))

    def _collected(self, stage: str) -> tuple[Tensor, Tensor, Tensor]:
        """Return a stage's window numbers [N], scaled forecasts and true values, [N, horizon, K]."""
        found = self._of(stage)
        ids = found.ids.compute().cpu().view(-1)  # torchmetrics squeezes a single one
        return ids, *found.forecasts.compute()

    def _errors(self, stage: str) -> Tensor:
        """Return the errors of a stage's forecasts in the targets' units, [N, horizon, K], on the CPU."""
        return self._errors_of(stage, *self._collected(stage))

    def _errors_of(self, stage: str, ids: Tensor, forecasts: Tensor, truths: Tensor) -> Tensor:
        errors = (forecasts.cpu().double() - truths.cpu().double()) * self.scales
        return errors.mul_(self.members.scales[self.members.of(stage, ids)][:, None])

    def _of(self, stage: str) -> StageErrors:
        return cast("StageErrors", self.stage(stage))
