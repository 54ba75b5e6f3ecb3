"""The windows on a page of forecasts, with what was read and when."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from seqlab.data import WindowSamples
from seqlab.data.series.zone import local
from seqlab.tasks.horizon import Forecasts
from seqlab.tasks.intervals import Ends, Interval
from seqlab.tasks.window import Window


class Past(NamedTuple):
    """What some windows have read.

    Attributes:
        names: of the windows.
        values: of the targets, in their units, [N, T, K].
        times: of all steps, [N, T + horizon]: datetime64, or numbers.
    """

    names: Sequence[str]
    values: Tensor
    times: np.ndarray

    @classmethod
    def none(cls, names: Sequence[str], ahead: Sequence[float], targets: int) -> Self:
        """Return nothing, and how far ahead the steps of the horizon are."""
        return cls(names, torch.empty(len(names), 0, targets), np.tile(ahead, (len(names), 1)))

    @classmethod
    def of(cls, windows: WindowSamples, values: Tensor) -> Self:
        """Return what windows have read, with the times; rows are counted from the last one read."""
        count, read = values.shape[:2]
        if windows.times.dtype.kind != "M":
            names = [f"after {windows.last_read(row)}" for row in range(count)]
            ahead = np.arange(1 - read, windows.all_times().shape[1] - read + 1)
            return cls(names, values, np.tile(ahead, (count, 1)))
        times = local(windows.all_times(), windows.zone)
        last = times[:, read - 1].astype("datetime64[m]").astype(str)
        return cls([f"after {time.replace('T', ' ')}" for time in last], values, times)


def windows_of(
    targets: Sequence[str], found: Forecasts, past: Past, bands: Sequence[Ends]
) -> dict[str, list[Window]]:
    """Return the windows of each target as they are drawn.

    Args:
        targets: their names.
        found: the forecasts of the windows, in the units of the targets.
        past: what the windows have read.
        bands: intervals of the forecasts, likewise, the widest first.
    """
    return {
        target: [
            Window(
                past.names[row],
                past.values[row, :, place].numpy(),
                found.true[row, :, place].numpy(),
                found.predicted[row, :, place].numpy(),
                past.times[row],
                [(low[row, :, place].numpy(), high[row, :, place].numpy()) for low, high in bands],
            )
            for row in range(len(past.names))
        ]
        for place, target in enumerate(targets)
    }


def subtitles(
    metrics: Mapping[str, float], targets: Sequence[str], interval: Interval | None
) -> dict[str, str]:
    """Return the errors of each target, and how much its intervals hold, in words."""
    found = {}
    for target in targets:
        suffix = f"/{target}" if len(targets) > 1 else ""
        said = f"mean abs. error {metrics[f'mae{suffix}']:.3g}, median {metrics[f'median_ae{suffix}']:.3g}"
        if interval and f"coverage{suffix}" in metrics:
            said += f", {interval.label} holds {100 * metrics[f'coverage{suffix}']:.3g} %"
        found[target] = said
    return found
