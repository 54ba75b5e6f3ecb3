"""Several series in one run: whose a window is, and in which units it was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seqlab.tasks.base import STAGES


class Members:
    """The series of a run; one without a name if there is one.

    Args:
        series: the settings of the series, as plain values.
        places: where each target stands among the input columns, [K].

    Attributes:
        names: of the series, M of them.
        means: of each series and target, [M, K]; 0 unless the series have scales of their own.
        scales: of each series and target, [M, K]; else 1.
        ends: for each stage, how many windows there are up to the end of each series, [stages, M].
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
        windows = torch.tensor([member["windows"] for member in members])  # [M, 3]
        self.ends = windows.cumsum(0).T[[0, 1, 2, 0]].contiguous()  # "balanced" are training windows
        assert len(self.ends) == len(STAGES)  # noqa: S101 (a stage more needs a row more)

    def __len__(self) -> int:
        return len(self.names)

    def of(self, stage: str, ids: Tensor) -> Tensor:
        """Return the number of the series of each window, [N], from their numbers in the split."""
        return whose(self.ends[STAGES.index(stage)], ids.cpu())

    def named(self, names: Sequence[str]) -> Tensor:
        """Return the numbers of series by their names, [N]; of those unknown to training, any."""
        numbers = {name: number for number, name in enumerate(self.names)}
        return torch.tensor([numbers.get(name, 0) for name in names])

    def in_units(self, values: Tensor, series: Tensor) -> Tensor:
        """Return values that are scaled by their series, [N, horizon, K], in the targets' own units."""
        return values * self.scales[series][:, None] + self.means[series][:, None]


def whose(ends: Tensor, ids: Tensor) -> Tensor:
    """Return the number of the series of each window.

    Args:
        ends: how many windows there are up to the end of each series, [M].
        ids: numbers of windows in their split, [N]; of those that only fill up a batch, the series is any.
    """
    return torch.searchsorted(ends, ids.clamp(min=0), right=True).clamp(max=len(ends) - 1)
