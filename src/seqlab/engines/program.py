"""From equations to a Program: what depends on x alone, then level by level products and what follows.

The level of a value is the number of ``u`` calls on the longest path to it. All W x_t are one matrix product
before the loop over time; in a step, the products of one level that multiply the same vector are one product.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from torch import Tensor, fx, nn

from seqlab.cells import Cell, Norm, Scalar, State, Vector
from seqlab.cells.base import Names
from seqlab.cells.layout import line_of_step
from seqlab.engines.operations import ARITHMETIC, NONLINEAR, OPERATIONS, operation
from seqlab.errors import CellError


class TraceError(CellError):
    """The step cannot be traced, so that only the reference engine can run the cell."""


def product(gate: str, vector: Tensor) -> Tensor:
    """Stand in a Program for U_gate vector; an engine puts its own matrix product there."""
    raise NotImplementedError(f"product({gate}, {vector}) has a meaning only inside a Program")


def norm(name: str, vector: Tensor) -> Tensor:
    """Stand in a Program for the cell's norm ``name``."""
    raise NotImplementedError(f"norm({name}, {vector}) has a meaning only inside a Program")


@dataclass(frozen=True, eq=False)
class Level:
    """One stage of a step: the products that can be taken at once, then elementwise work.

    Attributes:
        products: by the vector they multiply, the nodes ``product(gate, vector)``.
        pointwise: the elementwise and norm nodes that follow, in order.
    """

    products: dict[fx.Node, list[fx.Node]]
    pointwise: list[fx.Node]


@dataclass(frozen=True, eq=False)
class Program:
    """A cell's step as a graph.

    Placeholders are named ``x_<gate>``, ``s_<state>`` and ``p_<own parameter>``; the output is a dict of
    nodes by the names that ``step`` returns; ``node.meta["line"]`` is the line of the user's file.

    Attributes:
        cell: the cell that was traced.
        graph: the step.
        levels: the step in stages; level 0 has no products.
        gate_values: for each gate the node of its value: the first nonlinear function behind its W x or U v.
    """

    cell: Cell
    graph: fx.Graph
    levels: tuple[Level, ...]
    gate_values: dict[str, fx.Node]

    @property
    def results(self) -> dict[str, fx.Node]:
        """The nodes of the states and the output after the step, by name."""
        return cast("dict[str, fx.Node]", self.graph.output_node().args[0])

    @staticmethod
    def of(cell: Cell) -> "Program":
        """Trace the cell; the same class with the same values is traced once.

        Raises:
            TraceError: the step does more than elementwise functions and norms, works in place, or decides by
                values. The message names the operation and the line.
        """
        # By value: a cell may hold what its own __init__ set, beside its options.
        key = (type(cell), repr(sorted(vars(cell).items())))
        if key not in _PROGRAMS:
            _PROGRAMS[key] = _trace(cell)
        return _PROGRAMS[key]


_PROGRAMS: dict[tuple[type[Cell], str], Program] = {}


def _trace(cell: Cell) -> Program:
    tracer = _Tracer(cell)
    returned = cast("dict[str, fx.Proxy]", tracer.run())
    graph = tracer.graph
    graph.output({name: value.node for name, value in returned.items()})
    graph.lint()
    level_of = _levels(graph)
    return Program(cell, graph, _stages(graph, level_of), _gate_values(cell, graph))


class _Value(fx.Proxy):
    """A value in a step. ``a += b`` changes a tensor for everyone who holds it, so it is refused."""

    tracer: "_Tracer"

    def _in_place(self, _other: object) -> NoReturn:
        self.tracer.refuse("an in-place operation (write a = a + b)")

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = _in_place


class _Tracer(fx.Tracer):
    """Runs a step on proxies; every operation passes here and is checked."""

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell
        self.graph = fx.Graph(tracer_cls=_Tracer)
        self.root = nn.Module()
        self._placeholders: dict[str, fx.Proxy] = {}

    def run(self) -> State:
        """Return what the step returns, as proxies."""
        cell = self.cell
        x = Names("x", cell.gates, lambda gate: self._placeholder(f"x_{gate}"))
        u = Names("u", cell.gates, lambda gate: self._function(product, gate))
        state = {name: self._placeholder(f"s_{name}") for name in cell.state}
        own: dict[str, Any] = {
            name: self._placeholder(f"p_{name}") for name in (*cell.own(Vector), *cell.own(Scalar))
        }
        own |= {name: self._function(norm, name) for name in cell.own(Norm)}
        try:
            return cell.bind(own).step(cast("Any", x), cast("Any", u), cast("Any", State(cast("Any", state))))
        except CellError:
            raise
        except Exception as error:  # noqa: BLE001 (it is the user's code)
            self.refuse(f"{type(error).__name__}: {str(error).splitlines()[0]}", line_of_step(error))

    def create_proxy(
        self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any, **more: Any
    ) -> fx.Proxy:
        """Admit an operation under its one name, or refuse it."""
        if kind in ("call_function", "call_method") and target not in (product, norm):
            allowed = operation(target)
            name = target if isinstance(target, str) else getattr(target, "__name__", repr(target))
            if allowed is None:
                self.refuse(f"'{name}'")
            if "inplace" in kwargs:
                self.refuse(f"'{name}' with inplace")
            if allowed in ARITHMETIC.values() and kwargs:
                self.refuse(f"'{name}' with {', '.join(kwargs)}")
            kind, target = "call_function", allowed
        proxy = super().create_proxy(kind, target, args, kwargs, *rest, **more)
        proxy.node.meta["line"] = self._line_of_step()
        return proxy

    def create_arg(self, a: Any) -> Any:
        """Refuse tensors that the step makes or finds elsewhere: a Program has no place for them."""
        if isinstance(a, Tensor):
            self.refuse("a tensor of its own (use a number, an option, a Vector or a Scalar)")
        return super().create_arg(a)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Wrap a node so that in-place operators are refused."""
        return _Value(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:  # noqa: ARG002 (fx names it)
        """Refuse if and while on values."""
        self.refuse("a decision by values (if, while, and, or, not)")

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:  # noqa: ARG002 (fx names it)
        """Refuse loops over the numbers of a tensor."""
        self.refuse("a loop over a tensor")

    def refuse(self, what: str, line: str | None = None) -> NoReturn:
        """Raise the error that names ``what`` and the line of the step."""
        raise TraceError(
            f"cell '{self.cell.name}' cannot be traced: {what} at {line or self._line_of_step()}; "
            f"a step may use {', '.join(OPERATIONS)}, u and norms"
        ) from None

    def _placeholder(self, name: str) -> fx.Proxy:
        if name not in self._placeholders:
            self._placeholders[name] = self.create_proxy("placeholder", name, (), {})
        return self._placeholders[name]

    def _function(self, target: Callable[..., Any], name: str) -> Callable[[Any], Any]:
        return lambda vector: self.create_proxy("call_function", target, (name, vector), {})

    def _line_of_step(self) -> str:
        code = type(self.cell).step.__code__
        frame = sys._getframe()  # noqa: SLF001 (the documented way to the caller's line)
        while frame.f_back is not None and frame.f_code is not code:
            frame = frame.f_back
        return f"{code.co_filename}:{frame.f_lineno if frame.f_code is code else code.co_firstlineno}"


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
