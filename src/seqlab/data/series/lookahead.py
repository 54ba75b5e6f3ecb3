"""Columns that are known ahead, as a network reads them: at every step, their values of the whole horizon."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Self

import torch
from torch import Tensor

from seqlab.data.sequences.side_inputs import MASK
from seqlab.data.series.spec import SeriesSettings


class Lookahead:
    """Puts the next values of some columns among a step's own.

    x ends with them, and so does a mask, which is as wide as x and says where they were measured.

    Args:
        known: places of the columns that are known ahead.
        width: a step's own columns of x.
        sources: what the side inputs are that stand behind x.
        horizon: steps that are read ahead.

    Attributes:
        places: of all P columns that are read ahead, among a step's own C.
    """

    def __init__(self, known: Sequence[int], width: int, sources: Collection[str], horizon: int) -> None:
        self.horizon = horizon
        self.places: list[int] = []
        self._parts: list[tuple[slice, slice]] = []
        first = 0
        for source in (MASK, *sources):  # x comes first, and is as wide as a mask
            size, ahead = (width, list(known)) if source == MASK else (1, [])
            before = len(self.places)
            self.places += [first + place for place in ahead]
            self._parts.append((slice(first, first + size), slice(before, len(self.places))))
            first += size

    @classmethod
    def of(cls, settings: SeriesSettings) -> Self:
        """Return that of a network."""
        known = [settings.columns.index(name) for name in settings.known]
        return cls(known, settings.present, settings.side_inputs.values(), settings.horizon_steps)

    def following(self, values: Tensor) -> Tensor:
        """Return what is read ahead at each step that has a whole horizon, [N − horizon, P, horizon].

        Args:
            values: the steps' own columns, [N, C].
        """
        return values[:, self.places].unfold(0, self.horizon, 1)[1:]

    def joined(self, own: Tensor, following: Tensor) -> Tensor:
        """Return steps as a network reads them, of their own columns and the values that follow.

        Args:
            own: [..., C].
            following: [..., P, horizon].
        """
        parts = [
            part
            for mine, its in self._parts
            for part in (own[..., mine], following[..., its, :].flatten(start_dim=-2))
        ]
        return torch.cat(parts, -1)


def with_known(settings: SeriesSettings, known: Sequence[str]) -> SeriesSettings:
    """Return settings with the next values of the columns that are known ahead."""
    columns, horizon = settings.columns, settings.horizon_steps
    ahead = Lookahead(
        [columns.index(name) for name in known], settings.width, settings.side_inputs.values(), horizon
    )
    places = torch.tensor(ahead.places, dtype=torch.int64)
    of = ahead.joined(torch.arange(len(columns)), places[:, None].repeat(1, horizon)).tolist()
    steps = torch.arange(1, horizon + 1).repeat(len(places), 1)
    later = ahead.joined(torch.zeros(len(columns), dtype=torch.int64), steps).tolist()
    return replace(
        settings,
        known=tuple(known),
        columns=tuple(
            f"{columns[place]} +{step}" if step else columns[place]
            for place, step in zip(of, later, strict=True)
        ),
        means=tuple(settings.means[place] for place in of),
        scales=tuple(settings.scales[place] for place in of),
    )
