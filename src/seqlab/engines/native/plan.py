"""A Program in the order in which the native kernel runs it.

A stage begins with functions of the kernel's headers, matrix products and the standardizing of rows, and ends
with generated elementwise code for one row. A value that another stage reads has a location in memory.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from torch import fx

from seqlab.cells import Layout
from seqlab.cells.declared import Width
from seqlab.engines.widths import width_of


class Location(NamedTuple):
    """A slot in a row: of its gates, of what is given beside x, of the results before or after the step, ….

    A number of the step, which is the same for all rows and units, has a location too.
    """

    kind: Literal["gates", "given", "before", "after", "saved", "own", "numbers"]
    slot: int


@dataclass(frozen=True)
class Product:
    """U_g v for gates of one width in adjacent slots; if ``added``, each is added to the W x + b there."""

    vector: fx.Node
    calls: tuple[fx.Node, ...]
    slot: int
    added: bool

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates whose blocks of U are multiplied."""
        return tuple(str(call.args[0]) for call in self.calls)


@dataclass(frozen=True)
class Standardized:
    """A row ``source``, standardized into ``result``; ``eps`` is the slot of that number."""

    source: fx.Node
    result: fx.Node
    eps: int


@dataclass(frozen=True)
class Stage:
    """Products and standardized rows, then elementwise nodes of one width; others need the ``outputs``."""

    width: Width = "H"
    products: list[Product] = field(default_factory=list)
    norms: list[Standardized] = field(default_factory=list)
    nodes: list[fx.Node] = field(default_factory=list)
    outputs: list[fx.Node] = field(default_factory=list)

    @property
    def inputs(self) -> list[fx.Node]:
        """The nodes outside the stage that its elementwise nodes read."""
        inside = set(self.nodes)
        read = (source for node in self.nodes for source in node.all_input_nodes)
        return [node for node in dict.fromkeys(read) if node not in inside]


@dataclass(frozen=True, eq=False)
class Plan:
    """A whole step.

    Attributes:
        stages: in order; the first one has no products.
        locations: the location of every node that more than one stage uses.
        states: their names.
        results: those names, then the output if it is not a state.
        inputs: the gates of the first slots, which begin with W x + b.
        slots: the widths of all slots of gates.
        given: what is given beside x, each in a slot.
        widths: those of slots, the first of them (): a number fills its slot with copies of itself, and its
            gradient is the sum of its slot's.
        own: the rows of the cell's own parameters, as (name, "weight", "bias" or "").
        numbers: how many numbers there are; the eps of each norm follows them.
    """

    stages: tuple[Stage, ...]
    locations: dict[fx.Node, Location]
    states: tuple[str, ...]
    results: tuple[str, ...]
    inputs: tuple[str, ...]
    slots: tuple[Width, ...]
    given: tuple[str, ...]
    own: tuple[tuple[str, str], ...]
    numbers: int
    layout: Layout

    @cached_property
    def widths(self) -> tuple[Width, ...]:
        """The widths of slots, () first."""
        names = [f"s_{name}" for name in self.states] + [f"p_{name}" for name, _ in self.own]
        names += [f"i_{name}" for name in self.given] + [f"u_{gate}" for gate in self.layout.recurrent]
        found = [self.layout.width(name) for name in names] + [*self.slots, *map(width_of, self.locations)]
        return tuple(dict.fromkeys([(), *found]))

    def width(self, name: str) -> int:
        """Return the number of a width, by the name in a layout of what has it."""
        return self.widths.index(self.layout.width(name))

    @property
    def result_widths(self) -> list[int]:
        """The number of each result's width."""
        kinds = {True: "s", False: "o"}
        return [self.width(f"{kinds[name in self.states]}_{name}") for name in self.results]

    @property
    def saved(self) -> int:
        """How many slots of "saved" are taken by values that later stages read."""
        return sum(location.kind == "saved" for location in self.locations.values())

    @property
    def products(self) -> list[Product]:
        """All products in order."""
        return [product for stage in self.stages for product in stage.products]

    @property
    def norms(self) -> list[Standardized]:
        """All standardized rows in order."""
        return [norm for stage in self.stages for norm in stage.norms]


def is_number(node: fx.Node) -> bool:
    """Return whether a node is one of the step's numbers."""
    return node.op == "placeholder" and str(node.target).startswith("c_")
