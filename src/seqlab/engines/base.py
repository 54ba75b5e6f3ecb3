"""What an engine is given and what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from seqlab.cells import Cell, Layout, State
from seqlab.functional.lengths import last_step, mask, with_last_step_repeated, without_padding
from seqlab.registry.catalog import engines


@dataclass(frozen=True)
class Weights:
    """The fused parameters of one layer in one direction; the blocks are in the order of ``layout``.

    Shapes: W [G_x·H, I], b [G_x·H], U [G_u·H, H]; ``own`` holds vectors [H], scalars [] and norms by name.
    """

    layout: Layout
    W: Tensor
    U: Tensor
    b: Tensor
    own: Mapping[str, Any]


def zero_state(cell: Cell, weights: Weights, x: Tensor) -> State:
    """Return the state that a sequence starts from unless the caller passes one, each [B, H]."""
    return State(dict.fromkeys(cell.state, x.new_zeros(len(x), weights.U.shape[1])))


class Steps:
    """The steps of a batch for an engine that computes all rows at every step.

    Past its length a sequence repeats its last step: the same inputs from the same state. So whatever the
    padding holds, and however long it is, the values computed there are as finite as those of the last step
    and add exactly 0 to every gradient.
    """

    def __init__(self, cell: Cell, lengths: Tensor | None, steps: int) -> None:
        self.cell, self.lengths = cell, lengths
        self._goes_on = None if lengths is None else mask(lengths - 1, steps)[:, :, None].unbind(1)

    def inputs(self, x: Tensor) -> Tensor:
        """Return x, [B, T, I], with its padding replaced."""
        return with_last_step_repeated(x, self.lengths)

    def next_state(self, time: int, before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> State:
        """Return the state from which the step after ``time`` starts, each [B, H]."""
        if self._goes_on is None:
            return State({name: after[name] for name in self.cell.state})
        goes_on = self._goes_on[time]
        return State({name: torch.where(goes_on, after[name], before[name]) for name in self.cell.state})


def collect(
    cell: Cell, steps: Sequence[Mapping[str, Tensor]], lengths: Tensor | None, *, need_state: bool
) -> tuple[Tensor, State | None]:
    """Return an engine's result, made of what the cell's step returned at every time step."""
    outputs = without_padding(torch.stack([step[cell.output] for step in steps], dim=1), lengths)
    if not need_state:
        return outputs, None
    if lengths is None:
        return outputs, State({name: steps[-1][name] for name in cell.state})
    history = {name: torch.stack([step[name] for step in steps], dim=1) for name in cell.state}
    return outputs, State({name: last_step(values, lengths) for name, values in history.items()})


class Engine(ABC):
    """A way to run any cell it serves over a right-padded batch. It keeps no state between calls.

    Attributes:
        name: what ``engine=`` calls it.
        in_one_piece: whether it computes outside torch's single operations, or in operations that torch.func
            and forward-mode differentiation do not support.
    """

    name: ClassVar[str]
    in_one_piece: ClassVar[bool] = False

    @abstractmethod
    def unsupported_reason(self, cell: Cell, dtype: torch.dtype, device: torch.device) -> str | None:
        """Return why this engine cannot run the cell here, or None if it can."""

    def prepare(self, cell: Cell, dtype: torch.dtype) -> None:  # noqa: B027 (most have nothing to do)
        """Do what is needed once before the first run of a cell that the engine does not refuse.

        Raises:
            EngineError: the preparation fails, so the engine cannot run the cell here.
        """

    @abstractmethod
    def run(
        self,
        cell: Cell,
        weights: Weights,
        x: Tensor,
        state: State | None,
        lengths: Tensor | None,
        *,
        need_state: bool,
    ) -> tuple[Tensor, State | None]:
        """Run over all time steps, forwards.

        Args:
            cell: the equations.
            weights: the parameters.
            x: inputs, [B, T, I].
            state: the state before the first step, each [B, H]; None for zeros.
            lengths: steps of each sequence, [B] in 1…T, or None if all have T.
            need_state: whether the final state is wanted.

        Returns:
            Outputs [B, T, H], 0 past a sequence's length; and the state after each sequence's last
            step, each [B, H], or None if it was not wanted.
        """


def register_engine(name: str) -> Callable[[type[Engine]], type[Engine]]:
    """Register an engine class: ``@register_engine("native")``, then ``engine=native``.

    Raises:
        ConfigError: another class has the name.
    """

    def enter(cls: type[Engine]) -> type[Engine]:
        engines.register(name)(cls)
        cls.name = name
        return cls

    return enter
