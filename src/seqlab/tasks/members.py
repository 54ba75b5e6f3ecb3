"""Several series in one run: the series of each window, and its units."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seqlab.tasks.base import STAGES


class Members:
    """The M series of a run; a single one has the name "".

    Args:
        series: the settings of the series, as simple values.
        places: the index of each target among the input columns, [K].

    Attributes:
        names: the names of the series, [M].
        means: the mean of each series and target, [M, K]; 0 unless each series has its own scale.
        scales: the scale of each series and target, [M, K]; 1 unless each series has its own scale.
        naive: the error of a naive forecast in training, of each series and target, [M, K]; NaN where it is
            unknown or 0.
        ends: for each stage the number of windows up to the end of each series, [stages, M].
    """

    def __init__(self, series: Mapping[str, Any], places: Sequence[int]) -> None:
        members = series.get("members") or [{"name": "", "windows": (0, 0, 0)}]
        self.names = [member["name"] for member in members]
        self.means, self.scales = (
            torch.tensor(
                [
                    [member[key][place] for place in places] if member.get(key) else [usual] * len(places)
                    for member in members
                ],
                dtype=torch.float64,
            )
            for key, usual in (("means", 0.0), ("scales", 1.0))
        )
        unknown = [math.nan] * len(places)
        naive = torch.tensor(
            [member.get("naive") or series.get("naive") or unknown for member in members], dtype=torch.float64
        )
        self.naive = torch.where(naive > 0, naive, math.nan)
        windows = torch.tensor([member["windows"] for member in members])  # [M, 3]
        self.ends = windows.cumsum(0).T[[0, 1, 2, 0]].contiguous()  # "balanced" are training windows
        assert len(self.ends) == len(STAGES)  # noqa: S101 (one row per stage)

    def __len__(self) -> int:
        return len(self.names)

    def of(self, stage: str, ids: Tensor) -> Tensor:
        """Return the number of the series of each window, [N], from their numbers in the split."""
        return series_of(self.ends[STAGES.index(stage)], ids.cpu())

    def named(self, names: Sequence[str]) -> Tensor:
        """Return the numbers of series by their names, [N]; 0 for series that training did not have."""
        numbers = {name: number for number, name in enumerate(self.names)}
        return torch.tensor([numbers.get(name, 0) for name in names])

    def in_units(self, values: Tensor, series: Tensor) -> Tensor:
        """Convert values that are scaled by series, [N, horizon, K], to the units of the targets."""
        return values * self.scales[series][:, None] + self.means[series][:, None]


def series_of(ends: Tensor, ids: Tensor) -> Tensor:
    """Return the number of the series of each window.

    Args:
        ends: the number of windows up to the end of each series, [M].
        ids: numbers of windows in their split, [N]; −1, for rows that fill up a batch, counts as 0.
    """
    return torch.searchsorted(ends, ids.clamp(min=0), right=True).clamp(max=len(ends) - 1)
