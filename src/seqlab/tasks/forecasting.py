"""Forecasting: predicting the next values of a series."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn

from seqlab.data import Batch, DataSpec, SequenceData, WindowSamples
from seqlab.errors import ConfigError, DataError
from seqlab.nn.instance_norm import InstanceNorm
from seqlab.registry.types import MEDIAN, Factor, Levels
from seqlab.tasks import figures
from seqlab.tasks.base import STAGES, Calibration, Exported, History, Task, register_task
from seqlab.tasks.baselines.forecasts import score_baselines
from seqlab.tasks.baselines.names import FORECASTS, USUAL
from seqlab.tasks.calibration import Intervals
from seqlab.tasks.forecast_page import Past, subtitles, windows_of
from seqlab.tasks.forecast_rows import lines_of, quantiles_of, rows_of
from seqlab.tasks.horizon import Forecasts, Horizon, Scored
from seqlab.tasks.intervals import Ends
from seqlab.tasks.loss import EXACT, MeanLoss
from seqlab.tasks.losses import ForecastLoss, Point, make_loss
from seqlab.tasks.members import Members, series_of
from seqlab.tasks.metrics import PredictionsAndTargets, SampleIds
from seqlab.tasks.relative import Relative
from seqlab.tasks.score import (
    BIAS,
    COVERAGE,
    CRPS,
    MAE,
    MASE,
    MEDIAN_AE,
    RMSE,
    SMAPE,
    WAPE,
    WIDTH,
    BaselineScores,
    Score,
    loss_in,
)
from seqlab.tasks.scoring import Scaled, Scoring
from seqlab.tasks.tables import Rows
from seqlab.tasks.window import PAGE, Window

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqlab.export.graph import Graph


class StageErrors(nn.Module):
    """The metrics of one stage: loss and mean absolute error, and in evaluation every forecast."""

    def __init__(self) -> None:
        super().__init__()
        self.loss, self.mae, self.forecasts = MeanLoss(), MeanLoss(), PredictionsAndTargets()
        self.ids = SampleIds()


@register_task("forecasting")
class Forecasting(Task):
    """Forecasts all steps of the horizon at once, in scaled units; scores are in the units of the targets.

    Args:
        series: the data's columns, targets, means, scales, horizon_steps, step_minutes and step.
        loss: of a point forecast mae, mse or huber, in scaled units; quantiles at ``levels``; or the
            negative log-likelihood of a gaussian, student_t, or for counts negative_binomial.
        levels: the quantiles that are forecast, or scored of a distribution; 0.5 is the point forecast.
        conformal: the share of true values, e.g. 0.8, that intervals are to hold, by calibration on the
            validation windows; None for intervals as they are forecast.
        residual: "persistence" to forecast the change since the last value, "none" for the value itself.
    """

    problem_type = "forecasting"
    scores: ClassVar[tuple[Score, ...]] = (
        loss_in("scaled units"),
        MAE,
        MEDIAN_AE,
        RMSE,
        BIAS,
        MASE,
        SMAPE,
        WAPE,
        CRPS,
        COVERAGE,
        WIDTH,
    )
    monitor = "val/mae"
    galleries = ("horizon", "forecasts")
    baseline_names = FORECASTS

    loss: ForecastLoss
    _units: Tensor
    _ends: Tensor

    def __init__(
        self,
        series: Mapping[str, Any],
        *,
        loss: Literal[
            "mae", "mse", "huber", "quantiles", "gaussian", "student_t", "negative_binomial"
        ] = "mae",
        levels: Levels = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        conformal: Factor | None = None,
        residual: Literal["persistence", "none"] = "persistence",
    ) -> None:
        super().__init__()
        self.targets = tuple(series["targets"])
        self.places = [series["columns"].index(target) for target in self.targets]
        self.horizon_steps = series["horizon_steps"]
        self.levels = tuple(levels)
        means, scales = ([series[key][place] for place in self.places] for key in ("means", "scales"))
        self.means, self.scales = (torch.tensor(one, dtype=torch.float64) for one in (means, scales))
        self.members = Members(series, self.places)
        self.horizon = Horizon.of(series, self.members.names)
        units = (self.members.scales * self.scales).to(EXACT)
        self.register_buffer("_units", units, persistent=False)
        self.register_buffer("_ends", self.members.ends, persistent=False)
        self.loss = make_loss(loss, self.levels, means, scales)
        self.relative = Relative(self.places, residual, self.loss)
        self.intervals = Intervals(self.loss, self.levels, conformal)
        levels = () if isinstance(self.loss, Point) else self.levels
        self.scoring = Scoring(self.targets, self.means, self.scales, self.members, levels)
        self.shape = (self.horizon_steps, len(self.targets), *self.loss.shape)
        self.output_size = math.prod(self.shape)
        self.location = self.loss.location
        self.stages = nn.ModuleList(StageErrors() for _ in STAGES)
        self._baselines: dict[str, Scored] = {}
        self._windows: WindowSamples | None = None

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Forecasting":
        """Return the task for data with a series."""
        return cls(spec["series"], **settings)

    def forecast(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Return scaled forecasts, [B, horizon, K, …], from outputs for inputs x."""
        forecasts: Tensor = self.relative(outputs.view(len(outputs), *self.shape), x)
        return forecasts

    def decoder_targets(self, batch: Batch) -> Tensor:
        """Return the scaled targets as outputs have them, [B, horizon, K]."""
        return self.relative.inverse(batch.y, batch.x)

    def read_in_units_of(self, norm: InstanceNorm) -> None:
        """Read the network's outputs in the units of each window, as its inputs are.

        Raises:
            ConfigError: the loss is of counts, which have units of their own.
        """
        self.relative.use(norm)

    def in_units(self, scaled: Tensor) -> Tensor:
        """Convert scaled values, [..., K], to the units of the targets, on the CPU.

        If each series has its own scale, the result is in units of that scale.
        """
        return scaled.cpu().double() * self.scales + self.means

    def metric_inputs(
        self, stage: str, ids: Tensor, predictions: Tensor, target: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return medians and true values, each [N, horizon, K], in the units of the targets."""
        series = self.members.of(stage, ids)
        forecasts, came = (
            self.loss.exact(self.members.in_units(self.in_units(scaled), series))
            for scaled in (self.loss.scaled_quantiles(predictions, (MEDIAN,))[..., 0], target)
        )
        return forecasts, came

    def predictions_and_targets(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return scaled forecasts, [B, horizon, K, …], and true values, [B, horizon, K]."""
        return self.forecast(outputs, batch.x), batch.y

    def step(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of outputs, [B, output_size], and update the metrics."""
        forecasts = self.forecast(outputs, batch.x)
        valid = batch.ids >= 0
        rows = valid.sum()
        each = self.loss.each(forecasts, batch.y.to(forecasts.dtype)).mean((1, 2))
        loss = torch.where(valid, each, 0).sum() / rows.clamp(min=1)
        with torch.no_grad():
            found = self._of(stage)
            found.loss.update(loss, rows)
            if stage == "train":
                units = self._units[series_of(self._ends[STAGES.index(stage)], batch.ids)]
                off = ((self.loss.point(forecasts) - batch.y).abs() * units[:, None]).mean((1, 2))
                found.mae.update(torch.where(valid, off, 0).sum() / rows.clamp(min=1), rows)
            else:
                found.forecasts.update(batch.ids, forecasts, batch.y)
                found.ids.update(batch.ids)
        return loss

    def predict(self, outputs: Tensor, x: Tensor) -> Tensor:
        """Return forecasts in the units of the targets, in float64 on the CPU.

        They are [B, horizon, K], or of quantiles and parameters [B, horizon, K, …] (``loss.shape``).
        """
        return self.loss.in_units(self.forecast(outputs, x).cpu().double(), self.means, self.scales)

    @property
    def calibration(self) -> Calibration | None:
        """How much intervals are widened at each step and target, in scaled units, [horizon][K]."""
        return self.intervals.calibration

    def load_calibration(self, found: Calibration) -> None:
        """Widen intervals by ``calibration``.

        Raises:
            DataError: it is not of this horizon and these targets, or not finite.
        """
        self.intervals.restore(found, *self.shape[:2])

    def decode(
        self,
        spec: DataSpec,  # noqa: ARG002
        names: Sequence[Any],
        predictions: Tensor,
        top: int,  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        """Return the medians, and calibrated intervals, of each series (``Ahead``) at every forecast time."""
        series = self.members.named([one.series for one in names])
        medians = self.members.in_units(self.loss.quantiles(predictions, (MEDIAN,))[..., 0], series)
        ends = self.intervals.of_predictions(predictions, self.scales)
        if ends is not None:
            ends = Ends(*(self.members.in_units(end, series) for end in ends))
        return rows_of(self.targets, names, medians, ends)

    def quantiles(
        self, names: Sequence[Any], predictions: Tensor, levels: Sequence[float]
    ) -> list[dict[str, Any]]:
        """Return the quantiles of each target at every forecast time of each series (``Ahead``).

        Raises:
            ConfigError: the network forecasts no quantiles, or not these.
        """
        if isinstance(self.loss, Point):
            raise ConfigError(
                "--quantiles: the network forecasts values without a distribution; train one with "
                "task.loss=quantiles"
            )
        try:
            found = self.loss.quantiles(predictions, levels)
        except KeyError as error:
            known = ", ".join(f"{level:g}" for level in self.levels)
            raise ConfigError(f"--quantiles: the network forecasts {known}, not {error.args[0]:g}") from error
        series = self.members.named([one.series for one in names])
        each = [self.members.in_units(one, series) for one in found.unbind(-1)]
        return quantiles_of(self.targets, levels, torch.stack(each, -1))

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return a line with the names of the columns, then one line per time."""
        return lines_of(rows)

    def exported(self, spec: DataSpec) -> Exported:  # noqa: ARG002
        """Return that the output is forecasts in the targets' units, as ``predict`` returns them."""
        return Exported(self.loss.output, [*self.shape], is_double=True)

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:
        """Add how forecasts are read, from the last value if the change is forecast, and their units."""
        parted = graph.add("Reshape", outputs, graph.integers(-1, *self.shape))
        forecasts = self.relative.onnx(graph, parted, x)
        units = graph.constant("target means", self.means), graph.constant("target scales", self.scales)
        return self.loss.add_units(graph, graph.to_double(forecasts), *units)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss in scaled units, and its errors in the units of the targets."""
        metrics = self._of(stage)
        loss = {"loss": float(metrics.loss.compute())}
        if stage == "train":
            return loss | {"mae": float(metrics.mae.compute())}
        found = self.collected(stage)
        self._check(found.target)
        if stage == "val":
            self.intervals.measure(found.forecasts, found.target)
        return loss | self.scored(found)

    def scored(self, found: Scaled) -> dict[str, float]:
        """Return the scores of forecasts of the network, and of their intervals if there are any."""
        return self.scoring.scores(found, self.loss, self.intervals.of(found.forecasts))

    def _check(self, target: Tensor) -> None:
        """Refuse targets that the distribution cannot have.

        Raises:
            DataError: there is one.
        """
        target = self.in_units(target)
        odd = self.loss.impossible(target).nonzero()
        if len(odd):
            *_, place = first = odd[0].tolist()
            raise DataError(
                f"task.loss=negative_binomial is of counts, and column '{self.targets[place]}' has "
                f"{float(target[tuple(first)]):g}; use task.loss=quantiles, gaussian or student_t"
            )

    def baselines(self, data: SequenceData, *, fitted: bool, names: Sequence[str] = USUAL) -> BaselineScores:
        """Score baselines by name, those to be fitted only if ``fitted``; keep the scores of the test."""
        found, tested = score_baselines(data, self.scoring, self.horizon, fitted=fitted, names=names)
        self._baselines |= tested
        return found

    def figures(self, history: History, title: str) -> dict[str, "Figure"]:
        """Draw the learning curves, the error against the horizon, some forecasts, and all errors."""
        drawn = {name: figures.common.curves(history, name, title) for name in ("loss", "mae")}
        if not self._of("test").forecasts.update_called:
            return drawn
        found = self.collected("test")
        metrics, interval = self.compute("test"), self.intervals.interval
        return drawn | self.horizon.figures(
            self._shown(found),
            self.scoring.median_errors(found, self.loss),
            self._baselines,
            title,
            subtitles=subtitles(metrics, self.targets, interval),
            interval=interval.label if interval else "",
        )

    def prepare_figures(self, data: SequenceData) -> None:
        """Take the windows of the test, whose inputs are drawn."""
        self._windows = cast("WindowSamples", data.samples["test"])

    def _shown(self, found: Scaled) -> dict[str, list[Window]]:
        """Return for each target some windows, evenly spread over the test."""
        count = len(found.ids)
        rows = np.linspace(0, count - 1, min(math.prod(PAGE), count)).round().astype(int)
        few = Scaled(found.stage, *(part[rows] for part in found[1:]))
        forecasts = self._forecasts(few)
        named = [f"test window {number:,}" for number in few.ids.tolist()]
        past = Past.none(named, self.horizon.ahead, len(self.targets))
        if self._windows:
            windows = self._windows.subset(few.ids.numpy())
            x = windows.batch(torch.arange(len(rows))).x[:, :, self.places]
            past = Past.of(windows, self.members.in_units(self.in_units(x), forecasts.series))
        bands = [self._in_units(ends, forecasts.series) for ends in self.intervals.nested(few.forecasts)]
        return windows_of(self.targets, forecasts, past, bands)

    def _in_units(self, ends: Ends, series: Tensor) -> Ends:
        return Ends(*(self.members.in_units(self.in_units(end), series) for end in ends))

    def tables(self, describe: Callable[[int], str]) -> dict[str, Rows]:
        """Return every test forecast, all errors by step and, if there are several series, by series."""
        scaled = self.collected("test")
        found, errors = self._forecasts(scaled), self.scoring.median_errors(scaled, self.loss)
        scored = {"model": self.horizon.scored(errors, found.series), **self._baselines}
        return self.horizon.tables(found, scored, describe)

    def _forecasts(self, found: Scaled) -> Forecasts:
        """Return forecasts and true values in the units of the targets."""
        medians, target = self.metric_inputs(found.stage, found.ids, found.forecasts, found.target)
        series, ends = self.members.of(found.stage, found.ids), self.intervals.of(found.forecasts)
        return Forecasts(found.ids, series, medians, target, self._in_units(ends, series) if ends else None)

    def collected(self, stage: str) -> Scaled:
        """Return all forecasts of a stage."""
        found = self._of(stage)
        ids = found.ids.compute().cpu().view(-1)  # torchmetrics squeezes a single one
        return Scaled(stage, ids, *found.forecasts.compute())

    def _of(self, stage: str) -> StageErrors:
        return cast("StageErrors", self.stage(stage))
