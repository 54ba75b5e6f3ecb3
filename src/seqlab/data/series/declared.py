"""What a series declares."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from seqlab.data.series.grid import Grid
from seqlab.data.series.seasons import derive
from seqlab.data.series.spec import SeriesSettings
from seqlab.data.series.step import Row, step_named
from seqlab.data.spec import DataSpec, register_spec
from seqlab.data.splits import SPLITS

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.data.batches import Followed, Unlabelled
    from seqlab.data.dataset import Dataset
    from seqlab.data.series.dataset import SeriesData
    from seqlab.export.graph import Graph


@register_spec("series")
@dataclass(frozen=True, kw_only=True)
class SeriesSpec(DataSpec):
    """Windows of a series that is forecast.

    Attributes:
        series: what the columns are, and how they are scaled.
        is_carried: whether the rows of a batch go on where those of the batch before ended.
    """

    series: SeriesSettings
    is_carried: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns of x."""
        return self.series.columns

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the columns that are forecast."""
        return self.series.targets

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        series = self.series
        return (
            (self.task, self.kind) == ("forecasting", "features")
            and self.input_size == len(series.columns) == len(series.means) == len(series.scales)
            and all(map(math.isfinite, (series.step_minutes, *series.means, *series.scales, *series.naive)))
            and len(series.naive) in (0, len(series.targets))
            and min(series.scales) > 0
            and len(series.targets) > 0
            and _is_step(series)
            and min(series.input_steps, series.horizon_steps) > 0
            and self.side_inputs == series.widths
            and 0 < series.width == len(series.columns) - sum(series.widths.values())
            and set(series.known) <= set(series.columns[: max(series.present, 0)]) - set(series.targets)
            and _ends_with_derived(series)
            and _are_members(series, self.sizes)
        )

    def scaled(self, x: "Tensor") -> "Tensor":
        """Return columns in their own units, [B, T, F] in float64, as a network reads them, in float32."""
        from seqlab.data.series.prepared import scale  # noqa: PLC0415 (torch)

        return scale(x.numpy(), self.series)

    def add_scaling(self, graph: "Graph", x: str) -> str:
        """Add the scaling of columns, in float64 and then rounded, to an ONNX graph."""
        means = graph.constant("means", self.series.means)
        scales = graph.constant("scales", self.series.scales)
        return graph.cast(graph.add("Div", graph.add("Sub", x, means), scales), graph.FLOAT)

    def unlabelled(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Unlabelled":
        """Return the latest rows of the series in a file, with the times that are forecast."""
        from seqlab.data.series.unlabelled import unlabelled  # noqa: PLC0415 (imports torch)

        return unlabelled(self, cast("SeriesData", data), texts, file)

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":
        """Return the latest rows of the series in a file."""
        from seqlab.data.series.unlabelled import follow  # noqa: PLC0415 (imports torch)

        return follow(self, cast("SeriesData", data), text, file)

    def recorded(self) -> dict[str, Any]:
        """Return what run.json says of the data: of a series its columns too."""
        return super().recorded() | {"series": self.as_dict()["series"]}


def _are_members(series: SeriesSettings, sizes: Mapping[str, int]) -> bool:
    """Return whether several series make up all windows, and have scales for all columns or for none."""
    members = series.members
    if not members:
        return not series.series_id
    counts = [sum(member.windows[place] for member in members) for place in range(len(SPLITS))]
    columns = {len(numbers) for member in members for numbers in (member.means, member.scales)}
    every = [number for member in members for number in (*member.means, *member.scales, *member.naive)]
    return (
        len({member.name for member in members}) == len(members)
        and counts == [sizes.get(split) for split in SPLITS]
        and (
            columns == {0}
            or (len(columns) == 1 and columns <= set(range(len(series.targets), len(series.columns) + 1)))
        )
        and all(map(math.isfinite, every))
        and {len(member.naive) for member in members} <= {0, len(series.targets)}
        and all(scale > 0 for member in members for scale in member.scales)
    )


def _is_step(series: SeriesSettings) -> bool:
    """Return whether the step is one, of the length that is said."""
    if series.step is None:
        return series.step_minutes > 0
    try:
        return math.isclose(step_named(series.step).seconds, 60 * series.step_minutes)
    except (ValueError, OverflowError):
        return False


def _ends_with_derived(series: SeriesSettings) -> bool:
    """Return whether the last columns of x are those that calendar and climatology make of the targets."""
    targets = Grid(Row(), np.zeros(1, "datetime64[us]"), np.zeros((1, len(series.targets))), series.targets)
    try:
        columns = derive(targets, series.calendar, series.targets, series.climatology).columns
    except (KeyError, ValueError):
        return False
    derived = columns[len(series.targets) :]
    read = series.columns[: series.present]
    first = len(read) - len(derived)
    return read[first:] == derived and set(series.targets) <= set(read[:first])
