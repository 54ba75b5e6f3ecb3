"""What the layers of a network are, from the lowest to the last: cells, widths and states, no parameters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor

from seqlab.cells import Cell, Layout, State
from seqlab.cells.declared import Width
from seqlab.errors import CellError
from seqlab.nn.directions import Directions
from seqlab.nn.inputs import checked_inputs, given_inputs, of_one_cell

Inputs: TypeAlias = list[dict[str, Tensor]]
"""What comes beside x, by name, for each direction as it reads."""


@dataclass(frozen=True)
class Level:
    """One layer, in all its directions.

    Attributes:
        cell: the equations.
        layout: which blocks they use.
        input_size: width I of what it reads.
        hidden_size: width H of every gate and state that is not declared another.
    """

    cell: Cell
    layout: Layout
    input_size: int
    hidden_size: int

    @cached_property
    def sizes(self) -> dict[Width, int]:
        """How many numbers each of the cell's widths is."""
        return self.cell.sizes(self.input_size, self.hidden_size)

    @property
    def output_size(self) -> int:
        """The width of the outputs of one direction."""
        return self.sizes[self.layout.output(self.cell)]

    @cached_property
    def state_sizes(self) -> dict[str, int]:
        """The width of each state."""
        return {name: self.sizes[self.cell.widths[f"s_{name}"]] for name in self.cell.state}


@dataclass(frozen=True)
class Stack:
    """The layers, each reading the merged outputs of the one below, and how their states are one.

    Layers with the same states have one tensor for each name, [L·D, B, width] in the order of torch.nn.LSTM.
    Those of others are told apart by the number of the layer: ``h_l0``, ``h_l1``, …, each [D, B, width].

    Attributes:
        levels: from the lowest to the last.
        ways: the directions in which each reads.
    """

    levels: tuple[Level, ...]
    ways: Directions

    @classmethod
    def of(
        cls, cells: Sequence[Cell], hidden_sizes: Sequence[int], input_size: int, ways: Directions
    ) -> "Stack":
        """Return the layers with these cells and widths, one each a layer.

        Raises:
            CellError: a cell's declaration and its step do not match, or what the caller gives
                to several layers is not as wide in all of them.
        """
        layouts = {id(cell): Layout.of(cell) for cell in {id(cell): cell for cell in cells}.values()}
        levels: list[Level] = []
        for cell, hidden_size in zip(cells, hidden_sizes, strict=True):
            read = ways.merged_size(levels[-1].output_size) if levels else input_size
            levels.append(Level(cell, layouts[id(cell)], read, hidden_size))
        _check_given(levels, input_size)
        return cls(tuple(levels), ways)

    @property
    def output_sizes(self) -> list[int]:
        """The width of each layer's merged outputs."""
        return [self.ways.merged_size(level.output_size) for level in self.levels]

    @cached_property
    def has_equal_states(self) -> bool:
        """Whether the states of all layers have the same names and widths."""
        return all(level.state_sizes == self.levels[0].state_sizes for level in self.levels)

    @cached_property
    def state_shapes(self) -> dict[str, tuple[int, int]]:
        """How many layers and directions each tensor of the state has, and its width."""
        if self.has_equal_states:
            return {
                name: (len(self.levels) * len(self.ways), size)
                for name, size in self.levels[0].state_sizes.items()
            }
        return {
            f"{name}_l{depth}": (len(self.ways), size)
            for depth, level in enumerate(self.levels)
            for name, size in level.state_sizes.items()
        }

    def given(self, inputs: Any, x: Tensor, lengths: Tensor | None) -> list[Inputs]:
        """Return what the caller gives beside x, for each layer: what its cell reads.

        Raises:
            TypeError: it holds something else than tensors, or another floating type.
            ValueError: one without a default is missing, none of the cells reads one, or it does not fit.
        """
        cells = {id(level.cell): level.cell for level in self.levels}
        if not inputs and not any(cell.inputs for cell in cells.values()):
            return [[{}] * len(self.ways)] * len(self.levels)
        known = {name for cell in cells.values() for name in cell.inputs}
        made: dict[int, Inputs] = {}
        for level in self.levels:
            if id(cell := level.cell) not in made:
                declared, own = cell.side_inputs, of_one_cell(inputs, cell, known)
                values = checked_inputs(own, x, declared, level.sizes, cell.name).items()
                made[id(cell)] = [
                    {
                        name: declared[name].backwards(value, lengths) if turned else value
                        for name, value in values
                    }
                    for turned in self.ways.turned
                ]
        return [made[id(level.cell)] for level in self.levels]

    def split(self, state: State | None) -> list[State | None]:
        """Return the state of each layer and direction, in their order; None for zeros."""
        if state is None:
            return [None] * (len(self.levels) * len(self.ways))
        return [
            State({name: state[key][row] for name, key in self._keys(depth).items()})
            for depth in range(len(self.levels))
            for row in range(self._first(depth), self._first(depth) + len(self.ways))
        ]

    def joined(self, finals: Iterable[State]) -> State:
        """Return the state of all layers and directions, given in their order."""
        rows: dict[str, list[Tensor]] = {key: [] for key in self.state_shapes}
        for number, final in enumerate(finals):
            for name, key in self._keys(number // len(self.ways)).items():
                rows[key].append(final[name])
        return State({key: torch.stack(tensors) for key, tensors in rows.items()})

    def _keys(self, depth: int) -> dict[str, str]:
        """Return under which name each state of a layer is kept."""
        return {
            name: name if self.has_equal_states else f"{name}_l{depth}"
            for name in self.levels[depth].cell.state
        }

    def _first(self, depth: int) -> int:
        """Return the row of a layer's first direction."""
        return depth * len(self.ways) if self.has_equal_states else 0


def _check_given(levels: Sequence[Level], input_size: int) -> None:
    """Refuse something given that is not as wide in all layers: each of them is given the same.

    What is as wide as the inputs is as wide as those of the network.
    """
    known: dict[str, int] = {}
    for number, level in enumerate(levels, 1):
        cell, here = level.cell, f"layer {number} of {len(levels)}"
        for name in given_inputs(cell.side_inputs):
            width = cell.widths[f"i_{name}"]
            if width == "I" and level.input_size != input_size:
                raise CellError(
                    f"'{name}' of cell '{cell.name}' is as wide as the inputs, {input_size}, and "
                    f"{here} reads {level.input_size}; "
                    "use this cell in the lowest layer only, or sizes that are equal"
                )
            if known.setdefault(name, level.sizes[width]) != level.sizes[width]:
                raise CellError(
                    f"'{name}' of cell '{cell.name}' is {level.sizes[width]} wide in {here}, and "
                    f"{known[name]} in one below; give layers that read it the same width"
                )
