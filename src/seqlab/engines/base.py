"""What an engine is given and what it returns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from seqlab.cells import Cell, Layout, State
from seqlab.cells.declared import Width
from seqlab.functional.lengths import last_step, mask, with_last_step_repeated, without_padding
from seqlab.registry.catalog import engines


@dataclass(frozen=True)
class Weights:
    """The parameters of a layer in one direction, in ``layout``'s order, and what comes beside x.

    Matrices are plain tensors here, of any kind.

    Attributes:
        layout: the blocks, and how wide everything is.
        W: [R, I], a block of rows a gate.
        U: [G·H, H] of a plain cell; else one block [rows, columns] a gate, flat, one after the other.
        b: [R], 0 where a gate has none.
        own: the cell's vectors [H], numbers [] and norms by name.
        sizes: how many numbers each width is.
        inputs: what comes with every step beside x by name, [B, T, width].
    """

    layout: Layout
    W: Tensor
    U: Tensor
    b: Tensor
    own: Mapping[str, Any]
    sizes: Mapping[Width, int]
    inputs: Mapping[str, Tensor] = field(default_factory=dict)

    def size(self, name: str) -> int:
        """Return how many numbers something is, by its name in a layout: ``x_<gate>``, ``s_<state>``, …."""
        return self.sizes[self.layout.width(name)]

    @property
    def rows(self) -> list[int]:
        """How many rows of W each gate has."""
        return [self.size(f"x_{gate}") for gate in self.layout.inputs]

    def by_gate(self, rows: Tensor, dim: int = 0) -> dict[str, Tensor]:
        """Return the parts of W, b or W x + b by gate."""
        parts = torch.split(rows, self.rows, dim) if self.rows else ()
        return dict(zip(self.layout.inputs, parts, strict=True))

    def products(self) -> dict[str, Tensor]:
        """Return U by gate, each [rows, columns]."""
        layout = self.layout
        if self.U.ndim > 1:
            return dict(zip(layout.recurrent, self.U.chunk(max(len(layout.recurrent), 1)), strict=False))
        shapes = [(self.size(f"x_{gate}"), self.size(f"u_{gate}")) for gate in layout.recurrent]
        flat = torch.split(self.U, [rows * columns for rows, columns in shapes])
        return {
            gate: block.view(shape) for gate, block, shape in zip(layout.recurrent, flat, shapes, strict=True)
        }


def zero_state(cell: Cell, weights: Weights, x: Tensor) -> State:
    """Return the state that a sequence starts from unless the caller passes one, each [B, width]."""
    sizes = {name: weights.size(f"s_{name}") for name in cell.state}
    zeros = {size: x.new_zeros(len(x), size) for size in sizes.values()}
    return State({name: zeros[size] for name, size in sizes.items()})


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
        """Return x or what comes beside it, [B, T, I], with its padding replaced."""
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
            state: the state before the first step, each [B, its width]; None for zeros.
            lengths: steps of each sequence, [B] in 1…T, or None if all have T.
            need_state: whether the final state is wanted.

        Returns:
            Outputs [B, T, the output's width], 0 past a sequence's length; and the state after each
            sequence's last step, each [B, its width], or None if it was not wanted.
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
