"""From equations to a Program: what depends on x alone, then, level by level, products and elementwise work.

The level of a value is the number of ``u`` calls on the longest path to it. All W x_t are one matrix product
before the loop over time; in a step, the products of one level that multiply the same vector are one product.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias, cast

from torch import fx

from seqlab.cells import Cell, Layout
from seqlab.engines.operations import NONLINEAR
from seqlab.engines.tape import NUMBER, Tape, norm, product
from seqlab.engines.widths import infer_widths, width_of

Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Level:
    """One stage of a step: the products that can be taken at once, then elementwise work.

    Attributes:
        products: the nodes ``product(gate, vector)``, by the vector that they multiply.
        pointwise: the elementwise and norm nodes that follow, in order.
    """

    products: dict[fx.Node, list[fx.Node]]
    pointwise: list[fx.Node]

    @property
    def groups(self) -> list[tuple[fx.Node, tuple[fx.Node, ...]]]:
        """The products that can be taken as one: of one vector, and of gates of one width."""
        found: list[tuple[fx.Node, tuple[fx.Node, ...]]] = []
        for vector, calls in self.products.items():
            widths = dict.fromkeys(width_of(call) for call in calls)
            found += [(vector, tuple(call for call in calls if width_of(call) == width)) for width in widths]
        return found


@dataclass(frozen=True, eq=False)
class Program:
    """A cell's step as a graph.

    Placeholders are named ``x_<gate>``, ``i_<input>``, ``s_<state>``, ``p_<own parameter>``, and ``c_0``,
    ``c_1``, … for the numbers of a ``Trace``; the output is a dict of nodes by the names that ``step``
    returns; ``node.meta["line"]`` is the line of the user's file, ``width_of(node)`` how wide its value is.

    Attributes:
        name: of the cell.
        state: names of its states.
        output: name of its output.
        layout: the blocks of W and U that the step uses.
        inputs: what it reads beside x.
        own: the cell's own parameters that it uses.
        norms: the norms that it uses.
        numbers: how many numbers it takes.
        graph: the step.
        levels: the step in stages; level 0 has no products.
        gate_values: the node of each gate's value: the first nonlinear function applied to its W x or U v.
    """

    name: str
    state: tuple[str, ...]
    output: str
    layout: Layout
    inputs: tuple[str, ...]
    own: tuple[str, ...]
    norms: tuple[str, ...]
    numbers: int
    graph: fx.Graph
    levels: tuple[Level, ...]
    gate_values: dict[str, fx.Node]

    @property
    def results(self) -> dict[str, fx.Node]:
        """The nodes of the states and the output after the step, by name."""
        return cast("dict[str, fx.Node]", self.graph.output_node().args[0])

    def evaluate(self, given: Mapping[str, Any], u: Function, norms: Function) -> dict[fx.Node, Any]:
        """Return the value of every node.

        Args:
            given: the values of placeholders by their names.
            u: returns U v, given a gate's name and a vector.
            norms: returns the normalised vector, given a norm's name and a vector.
        """
        meaning: dict[Any, Function] = {product: u, norm: norms}
        values: dict[fx.Node, Any] = {}
        for node in self.graph.nodes:
            if node.op == "placeholder":
                values[node] = given[str(node.target)]
            elif node.op == "call_function":
                args, kwargs = fx.map_arg((node.args, node.kwargs), values.__getitem__)
                values[node] = meaning.get(node.target, node.target)(*args, **kwargs)
        return values

    @classmethod
    def of(cls, tape: Tape) -> "Program":
        """Make a graph of a step that was recorded with its lines."""
        cell, graph = tape.cell, _graph(tape)
        columns = infer_widths(cell, graph)
        given = [str(node.target) for node in graph.find_nodes(op="placeholder")]
        results = cast("dict[str, fx.Node]", graph.output_node().args[0])
        norms = [str(node.args[0]) for node in graph.find_nodes(op="call_function", target=norm)]
        return cls(
            name=cell.name,
            state=tuple(cell.state),
            output=cell.output,
            layout=Layout.made(
                cell,
                {name[2:] for name in given if name.startswith("x_")},
                columns,
                width_of(results[cell.output]),
            ),
            inputs=tuple(name[2:] for name in given if name.startswith("i_")),
            own=tuple(name[2:] for name in given if name.startswith("p_")),
            norms=tuple(dict.fromkeys(norms)),
            numbers=len(tape.numbers),
            graph=graph,
            levels=_stages(graph, _levels(graph)),
            gate_values=_gate_values(cell, graph),
        )


def _graph(tape: Tape) -> fx.Graph:
    graph = fx.Graph()
    values: dict[str, fx.Node] = {}
    numbers = count()

    def node_of(argument: object) -> Any:
        if argument == NUMBER:
            return graph.placeholder(f"c_{next(numbers)}")
        return values.get(argument, argument) if isinstance(argument, str) else argument

    for index, (entry, line) in enumerate(zip(tape.entries, tape.lines or (), strict=True)):
        target, *arguments = entry
        if isinstance(target, str):
            node = graph.placeholder(target)
        else:
            named = arguments.pop() if isinstance(arguments[-1], tuple) else ()
            args = tuple(map(node_of, arguments))
            node = graph.call_function(target, args, {name: node_of(value) for name, value in named})
        node.meta["line"] = line
        values[f"%{index}"] = node
    graph.output({name: values[index] for name, index in tape.results.items()})
    graph.lint()
    return graph


def _levels(graph: fx.Graph) -> dict[fx.Node, int]:
    level: dict[fx.Node, int] = {}
    for node in graph.nodes:
        before = max((level[source] for source in node.all_input_nodes), default=0)
        level[node] = before + (node.target is product)
    return level


def _stages(graph: fx.Graph, level_of: dict[fx.Node, int]) -> tuple[Level, ...]:
    stages = [Level({}, []) for _ in range(max(level_of.values(), default=0) + 1)]
    for node in graph.nodes:
        if node.op != "call_function":
            continue
        stage = stages[level_of[node]]
        if node.target is product:
            stage.products.setdefault(node.args[1], []).append(node)
        else:
            stage.pointwise.append(node)
    return tuple(stages)


def _gate_values(cell: Cell, graph: fx.Graph) -> dict[str, fx.Node]:
    nonlinear = set(NONLINEAR.values())
    values: dict[str, fx.Node] = {}
    for gate in cell.gates:
        reached: set[fx.Node] = set()
        for node in graph.nodes:
            starts = node.target == f"x_{gate}" or (node.target is product and node.args[0] == gate)
            if starts or reached.intersection(node.all_input_nodes):
                reached.add(node)
                if node.op == "call_function" and node.target in nonlinear:
                    values[gate] = node
                    break
    return values
