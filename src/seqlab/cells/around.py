"""Cells around cells: regularisers and resets that live inside a step, for any cell on any engine.

Each declares what the inner cell declares and what it adds, so names and shapes of parameters stay those of
the inner cell. They nest: ``Zoneout(RecurrentDropout(LSTM(), 0.2), h=0.1)``.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Self, cast

import torch

from seqlab.cells.base import Cell, Gates, Names, Products, State, as_cell
from seqlab.cells.declared import Gate, Width
from seqlab.cells.inputs import Bernoulli, Input, Interval
from seqlab.cells.layout import Layout
from seqlab.errors import CellError, near


class Around(Cell):
    """A cell around another. A subclass adds inputs or gates, and changes what the step returns.

    Args:
        cell: the inner one: a cell made with options, a Cell class, or a registered name.
    """

    def __init__(self, cell: str | type[Cell] | Cell) -> None:
        super().__init__()
        self.inner = cell = as_cell(cell)
        self.name = f"{type(self).__name__}({cell.name})"
        self.gates, self.state, self.start = cell.gates, cell.state, cell.start
        self.inputs, self.output, self.bookkeeping = cell.inputs, cell.output, cell.bookkeeping
        self.W, self.U, self.weight_drop = cell.W, cell.U, cell.weight_drop

    def add(self, name: str, declared: Width | Input) -> str:
        """Declare one more input; return its name, which is another where the inner cell has that one."""
        free = free_name(name, (*self.gates, *self.inputs))
        self.inputs = {**self.inputs, free: declared}
        return free

    def declared(self, kind: type[Any]) -> dict[str, Any]:
        """Return the inner cell's own parameters or norms."""
        return self.inner.declared(kind)

    @property
    def options(self) -> dict[str, Any]:
        """The inner cell's options."""
        return self.inner.options

    def take(self, values: Mapping[str, Any]) -> None:
        """Give the inner cell its own parameters and norms."""
        self.inner.take(values)

    def bind(self, values: Mapping[str, Any]) -> Self:
        """Return a copy around a copy that is bound to the layer's tensors and norms."""
        bound = copy.copy(self)
        bound.inner = self.inner.bind(values)
        return bound

    def step(self, x: Gates, u: Products, s: State) -> State:
        return self.inner.step(x, u, s)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r}{''.join(f', {text}' for text in self.settings())})"

    def settings(self) -> list[str]:
        """Return what is shown beside the inner cell."""
        return []


class Zoneout(Around):
    """States that keep their value with a probability, sampled for each unit and step (Krueger et al. 2017).

    s' = k ⊙ s + (1 − k) ⊙ s'    with k from {0, 1}, in evaluation its mean

    Args:
        cell: the inner one.
        p: a probability by name of the state: ``Zoneout(LSTM(), h=0.1, c=0.5)``.
    """

    def __init__(self, cell: str | type[Cell] | Cell, **p: float) -> None:
        super().__init__(cell)
        cell, widths = self.inner, self.inner.widths
        if not p:
            raise CellError(f"Zoneout: give a state its probability, such as {next(iter(cell.state))}=0.1")
        for name in p:
            if name not in cell.state:
                raise CellError(
                    f"Zoneout: cell '{cell.name}' has no state '{name}'; {near(name, cell.state)}"
                )
        self.p = p
        self.keep = tuple(
            (name, self.add(f"keep_{name}", Bernoulli(q, widths[f"s_{name}"]))) for name, q in p.items()
        )

    def step(self, x: Gates, u: Products, s: State) -> State:
        new = self.inner.step(x, u, s)
        kept = {name: x[keep] * s[name] + (1 - x[keep]) * new[name] for name, keep in self.keep}
        return State({**new, **kept})

    def settings(self) -> list[str]:
        """Return the probabilities."""
        return [f"{name}={p}" for name, p in self.p.items()]


class Dropping(Around):
    """A cell around another that leaves out a share of its numbers while training.

    Args:
        cell: the inner one.
        p: share that is dropped, 0 to below 1.
    """

    def __init__(self, cell: str | type[Cell] | Cell, p: float) -> None:
        super().__init__(cell)
        self.p = checked_share(type(self).__name__, p)

    def settings(self) -> list[str]:
        """Return the share."""
        return [f"p={self.p}"]


class RecurrentDropout(Dropping):
    """Dropout of what every U multiplies, one mask for a whole sequence (Gal & Ghahramani 2016).

    u.g(v) = U_g (m ⊙ v)    with m from {0, 1/(1 − p)}, in evaluation 1
    """

    def __init__(self, cell: str | type[Cell] | Cell, p: float) -> None:
        super().__init__(cell, p)
        layout = Layout.of(self.inner)
        columns = {gate: layout.width(f"u_{gate}") for gate in layout.recurrent}
        masks = {
            width: self.add(f"mask_{number}", Bernoulli(1 - p, width, each="sequence", scale=1 - p))
            for number, width in enumerate(dict.fromkeys(columns.values()))
        }
        self.masks = tuple((gate, masks[width]) for gate, width in columns.items())

    def step(self, x: Gates, u: Products, s: State) -> State:
        masks = dict(self.masks)
        masked = Names("u", masks, lambda gate: lambda v: u[gate](v * x[masks[gate]]))
        return self.inner.step(x, masked, s)


class WeightDrop(Dropping):
    """Dropout of the numbers in U, sampled once for each forward pass (DropConnect: Merity et al. 2018)."""

    def __init__(self, cell: str | type[Cell] | Cell, p: float) -> None:
        super().__init__(cell, p)
        self.weight_drop = 1 - (1 - self.inner.weight_drop) * (1 - p)


class Episodes(Around):
    """Resets within a sequence, as reinforcement learning needs: where ``reset`` is not 0 a step starts anew.

    The layer is given ``inputs={"reset": …}``, [B, T]. A state starts at 0, or as the cell's ``start`` says.
    """

    begun: dict[str, torch.Tensor]

    def __init__(self, cell: str | type[Cell] | Cell) -> None:
        super().__init__(cell)
        self.reset = self.add("reset", Interval())
        self.starts = tuple(self.start.items())  # what a step reads are tuples, which it cannot change

    def bind(self, values: Mapping[str, Any]) -> Self:
        """Return a bound copy, which keeps the tensors that states begin with."""
        bound = super().bind(values)
        bound.begun = {}
        bound.take(values)
        return bound

    def take(self, values: Mapping[str, Any]) -> None:
        """Give the inner cell its own parameters and norms, and keep those that states begin with."""
        super().take(values)
        self.begun.update({state: values[own] for state, own in self.starts if own in values})

    def step(self, x: Gates, u: Products, s: State) -> State:
        is_first = x[self.reset] > 0
        zeros = {name: torch.zeros_like(value) for name, value in s.items()}
        first = {**zeros, **{name: zeros[name] + self.begun[name] for name, _ in self.starts}}
        states = {name: torch.where(is_first, first[name], value) for name, value in s.items()}
        return self.inner.step(x, u, State(states))


class Residual(Around):
    """A shortcut past the cell: its output plus a linear map of x (He et al. 2016).

    y = output + V x
    """

    def __init__(self, cell: str | type[Cell] | Cell) -> None:
        super().__init__(cell)
        cell = self.inner
        layout = Layout.of(cell)
        self.skip = free_name("skip", (*self.gates, *self.inputs))
        self.names = tuple(cell.state)  # what a step reads are tuples, which it cannot change
        skip = Gate(layout.output(cell), bias=False)
        self.gates = {**{name: cell.gate(name) for name in cell.gates}, self.skip: skip}
        self.output = free_name("y", (*cell.state, cell.output))

    def step(self, x: Gates, u: Products, s: State) -> State:
        new = self.inner.step(x, u, s)
        states = {name: new[name] for name in self.names}
        return State({**states, self.output: new[self.inner.output] + x[self.skip]})


def regularized(
    cell: Cell, *, zoneout: float, recurrent_dropout: float, weight_drop: float, restarts: bool = False
) -> Cell:
    """Return a cell with the regularisers whose share is not 0 around it, and ``Episodes`` if it restarts.

    Zoneout is of every state that is a memory.
    """
    if weight_drop:
        cell = WeightDrop(cell, weight_drop)
    if recurrent_dropout:
        cell = RecurrentDropout(cell, recurrent_dropout)
    if zoneout:
        memories = [name for name in cell.state if name not in cell.bookkeeping]
        cell = Zoneout(cell, **dict.fromkeys(memories, zoneout))
    return Episodes(cell) if restarts else cell


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name, with a number behind it if it is taken."""
    names, number, found = set(taken), 2, name
    while found in names:
        found, number = f"{name}_{number}", number + 1
    return found


def checked_share(what: str, p: Any) -> float:
    """Return a share, 0 to below 1.

    Raises:
        CellError: it is something else.
    """
    if isinstance(p, bool) or not isinstance(p, int | float) or not 0 <= p < 1:
        raise CellError(f"{what}: p must be 0 to below 1, got {p!r}")
    return cast("float", p)
