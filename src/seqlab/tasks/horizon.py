"""What a forecast covers: targets, steps and series; results in these terms, as tables and figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from seqlab.data.series.step import is_duration
from seqlab.tasks import figures
from seqlab.tasks.intervals import Ends
from seqlab.tasks.metrics import scores_by_step, scores_of
from seqlab.tasks.tables import BySample, Row, Rows
from seqlab.tasks.window import Window

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Scored(NamedTuple):
    """The scores of test forecasts.

    Attributes:
        by_step: the scores of each target and step.
        by_series: for each series its name, the number of its windows, and the scores of each target.
    """

    by_step: list[list[dict[str, float]]]
    by_series: list[tuple[str, int, list[dict[str, float]]]]

    @property
    def mae(self) -> Tensor:
        """The mean absolute error of each step and target, [horizon, K]."""
        return torch.tensor([[step["mae"] for step in target] for target in self.by_step]).T


class Forecasts(NamedTuple):
    """The forecasts of a split in the units of the targets.

    Attributes:
        ids: the number of each window in its split, [N].
        series: the number of the series of each window, [N].
        predicted: [N, horizon, K].
        true: [N, horizon, K].
        ends: of the intervals, each [N, horizon, K]; None if there are none.
    """

    ids: Tensor
    series: Tensor
    predicted: Tensor
    true: Tensor
    ends: Ends | None = None


@dataclass(frozen=True)
class Horizon:
    """What is forecast.

    Attributes:
        targets: the names of the K targets.
        unit: "hours" or "steps".
        ahead: how far ahead each step is, in ``unit``, [horizon].
        series: the names of the series; "" if there is one only.
    """

    targets: Sequence[str]
    unit: str
    ahead: Sequence[float]
    series: Sequence[str]

    @classmethod
    def of(cls, settings: Mapping[str, Any], series: Sequence[str]) -> "Horizon":
        """Return the horizon of a series by its settings (``SeriesSettings``, as simple values)."""
        steps = range(1, settings["horizon_steps"] + 1)
        is_in_hours = is_duration(settings.get("step"))
        hours = [round(step * settings["step_minutes"] / 60, 4) for step in steps]
        unit, ahead = ("hours", hours) if is_in_hours else ("steps", list(steps))
        return cls(tuple(settings["targets"]), unit, ahead, series)

    @property
    def has_several_series(self) -> bool:
        """Whether each forecast is of a series with a name."""
        return bool(self.series[0])

    def scored(self, errors: Tensor, series: Tensor) -> Scored:
        """Return the scores by step, and by series if there are several.

        Args:
            errors: errors of forecasts in the units of the targets, [N, horizon, K].
            series: the number of the series of each forecast, [N].
        """
        each = errors.unbind(2)
        by_series = []
        for number, name in enumerate(self.series if self.has_several_series else ()):
            its = series == number
            if its.any():
                by_series.append((name, int(its.sum()), [scores_of(target[its]) for target in each]))
        return Scored([scores_by_step(target) for target in each], by_series)

    def tables(
        self, found: Forecasts, scored: Mapping[str, Scored], describe: Callable[[int], str]
    ) -> dict[str, Rows]:
        """Return every forecast, and all scores by step and, if there are several series, by series.

        Args:
            found: the forecasts of the network.
            scored: the scores of the network and the baselines.
            describe: a function that returns a window, by its number, in readable form.
        """
        distance = f"{self.unit}_ahead"

        def rows(window: int) -> list[Row]:
            named = {"series": self.series[int(found.series[window])]} if self.has_several_series else {}
            after = describe(int(found.ids[window]))
            columns = {"true": found.true, "predicted": found.predicted}
            columns |= found.ends._asdict() if found.ends else {}
            each = torch.stack([values[window] for values in columns.values()], -1)
            return [
                {**named, "after": after, distance: far, "target": target}
                | dict(zip(columns, each[step, place].tolist(), strict=True))
                for place, target in enumerate(self.targets)
                for step, far in enumerate(self.ahead)
            ]

        by_step = [
            {"forecast": name, "target": target, distance: far} | each
            for name, one in scored.items()
            for target, steps in zip(self.targets, one.by_step, strict=True)
            for far, each in zip(self.ahead, steps, strict=True)
        ]
        by_series = [
            {"forecast": name, "series": whom, "target": target, "windows": count} | each
            for name, one in scored.items()
            for whom, count, by_target in one.by_series
            for target, each in zip(self.targets, by_target, strict=True)
        ]
        predictions = BySample(len(found.ids), len(self.targets) * len(self.ahead), rows)
        tables: dict[str, Rows] = {"predictions": predictions, "errors_by_step": by_step}
        return tables | ({"errors_by_series": by_series} if self.has_several_series else {})

    def figures(
        self,
        shown: Mapping[str, Sequence[Window]],
        errors: Tensor,
        baselines: Mapping[str, Scored],
        title: str,
        *,
        subtitles: Mapping[str, str],
        interval: str,
    ) -> dict[str, "Figure"]:
        """Draw for each target the error against the horizon, some forecasts, and all errors.

        Args:
            shown: the windows of each target that are drawn.
            errors: of all forecasts, [N, horizon, K], in the units of the targets.
            baselines: their scores.
            title: of the figures.
            subtitles: the scores of each target, in words.
            interval: the name of the widest interval that is drawn.
        """
        mae = {"model": errors.abs().mean(0)} | {name: one.mae for name, one in baselines.items()}
        drawn: dict[str, Figure] = {}
        for place, name in enumerate(self.targets):
            target = figures.fonts.drawable(name, f"target {place + 1}")
            suffix = f"_{place + 1}" if len(self.targets) > 1 else ""
            each = {of: one[:, place] for of, one in mae.items()}
            drawn[f"error_by_horizon{suffix}"] = figures.forecast.error_by_horizon(
                each, self.ahead, target, title, unit=self.unit
            )
            is_dated = shown[name][0].times.dtype.kind == "M"
            drawn[f"forecasts{suffix}"] = figures.forecast.forecasts(
                shown[name],
                target,
                f"{title}: {subtitles[name]}",
                interval=interval,
                xlabel="" if is_dated else f"{self.unit} ahead",
            )
            drawn[f"errors{suffix}"] = figures.forecast.histogram(errors[:, :, place], target, title)
        return drawn
