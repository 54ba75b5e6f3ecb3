"""What an engine is given and what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from seqlab.cells import Cell, Layout, State


@dataclass(frozen=True)
class Weights:
    """The fused parameters of one layer in one direction; blocks stand in the order of ``layout``.

    Shapes: W [G_x·H, I], b [G_x·H], U [G_u·H, H]; ``own`` holds vectors [H], scalars [] and norms by name.
    """

    layout: Layout
    W: Tensor
    U: Tensor
    b: Tensor
    own: Mapping[str, Any]


class Engine(ABC):
    """A way to run any cell it serves over a right-padded batch. It keeps no state between calls."""

    name: ClassVar[str]

    @abstractmethod
    def refusal(self, cell: Cell, dtype: torch.dtype, device: torch.device) -> str | None:
        """Return why this engine cannot run the cell here, or None if it can."""

    @abstractmethod
    def run(
        self,
        cell: Cell,
        weights: Weights,
        x: Tensor,
        state: State,
        lengths: Tensor | None,
        *,
        need_state: bool,
    ) -> tuple[Tensor, State | None]:
        """Run over all time steps, forwards.

        Args:
            cell: the equations.
            weights: the parameters.
            x: inputs, [B, T, I].
            state: the state before the first step, each [B, H].
            lengths: steps of each sequence, [B] in 1…T, or None if all have T.
            need_state: whether the final state is wanted.

        Returns:
            Outputs [B, T, H], unspecified past a sequence's length; and the state after each sequence's last
            step, each [B, H], or None if it was not wanted.
        """
