"""One layer in one direction as one ONNX Scan, whose body is the cell's Program."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

import numpy as np
import torch
from onnx import helper, numpy_helper
from torch import Tensor, fx

from seqlab.engines.base import Weights
from seqlab.engines.operations import NONLINEAR
from seqlab.engines.program import Program
from seqlab.engines.tape import norm
from seqlab.engines.trace import Trace, trace
from seqlab.errors import ExportError
from seqlab.export.graph import FLOAT, Graph
from seqlab.export.operations import operation_name, unsupported_reason, writer
from seqlab.nn.recurrent import Layer

Function: TypeAlias = Callable[..., Any]

GATE, STATE = "gate ", "state "
"""How the names of what leaves a step begin."""


class Scanned(NamedTuple):
    """What a Scan computes at every step: the outputs, [B, T, H], and those of the states that are kept.

    Attributes:
        outputs: the name of the outputs.
        states: the names of the states after each step, [B, T, width], by the cell's names.
    """

    outputs: str
    states: dict[str, str]


def add_scan(
    graph: Graph,
    layer: Layer,
    x: str,
    beside: Mapping[str, str],
    prefix: str,
    *,
    is_carried: bool = False,
    is_watched: bool = False,
    keeps_states: bool = False,
    begin: Mapping[str, str] | None = None,
) -> Scanned:
    """Add a layer in one direction, forwards over time.

    Args:
        graph: the graph to add to.
        layer: the layer, with its cell and parameters.
        x: the name of the inputs, [B, T, I].
        beside: the names of what the data give beside x, [B, T, width], by the cell's names.
        prefix: the prefix of the names of the layer's parameters.
        is_carried: whether states come in and go out.
        is_watched: whether gates and states of every step are outputs of the graph.
        keeps_states: whether the states are returned.
        begin: the names of the states to start from, [B, width]; None for those of the cell.

    Returns:
        What it computes at every step, unspecified past a sequence's length.

    Raises:
        ExportError: ONNX cannot express the step.
        TraceError: the step cannot be traced.
    """
    cell = layer.cell
    step = torch.zeros_like(layer.b)[None, None, :0]
    with torch.no_grad():
        weights = layer.weights(step, dict.fromkeys(beside, step))
    made = trace(cell, weights)
    given = {"x": x, **beside} if "x" in cell.inputs else dict(beside)
    sequences = [x, *given.values()]
    if layer.layout.inputs:
        W = graph.constant(f"{prefix}.W transposed", array(weights.W.T))
        b = graph.constant(f"{prefix}.b", array(weights.b))
        sequences[0] = graph.add("Add", graph.add("MatMul", x, W), b)
    batch = graph.add("Shape", x, start=0, end=1)
    begins = {name: _own(graph, parameter, weights, prefix) for name, parameter in cell.start.items()}
    if is_carried:
        begins = {name: _past(graph, weights, name, begins.get(name), prefix) for name in cell.state}
    start = (
        [begin[name] for name in cell.state]
        if begin
        else [_start(graph, batch, weights, name, begins.get(name)) for name in cell.state]
    )
    body = _Body(graph, made, layer, weights, given=given, prefix=prefix)
    kept = _kept(made.program, has_states=is_carried or keeps_states, is_watched=is_watched)
    made_outputs = graph.add_many(
        "Scan",
        *start,
        *sequences,
        outputs=len(start) + 1 + len(kept),
        body=body.proto(kept),
        num_scan_inputs=len(sequences),
        scan_input_axes=[1] * len(sequences),
        scan_output_axes=[1] * (1 + len(kept)),
    )
    outputs, *values = made_outputs[len(start) :]
    sequences_of = dict(zip(kept, values, strict=True))
    if is_carried:
        for name in cell.state:
            graph.present(f"{prefix}.{name}", sequences_of[STATE + name], weights.size(f"s_{name}"))
    if is_watched:
        for name, sequence in sequences_of.items():
            graph.watch(f"{prefix}.{name}", sequence, _function(kept[name]))
    states = {name: sequences_of[STATE + name] for name in cell.state} if keeps_states else {}
    return Scanned(outputs, states)


def _kept(program: Program, *, has_states: bool, is_watched: bool) -> dict[str, fx.Node]:
    """Return what leaves a Scan of every step beside the output, by "gate …" and "state …"."""
    gates = {GATE + name: node for name, node in program.gate_values.items()} if is_watched else {}
    states = {STATE + name: program.results[name] for name in program.state}
    return gates | states if has_states or is_watched else {}


def _function(node: Any) -> str:
    """Return the name of the nonlinear function that computes a value; "" if it is another."""
    target = node.target if isinstance(node, fx.Node) else None
    return next((name for name, function in NONLINEAR.items() if function is target), "")


def array(values: Tensor) -> np.ndarray:
    """Return a parameter's values."""
    return values.detach().cpu().numpy()


def _start(graph: Graph, batch: str, weights: Weights, name: str, parameter: str | None) -> str:
    """Add the state that all sequences start from, [B, width]."""
    shape = graph.add("Concat", batch, graph.integers(weights.size(f"s_{name}")), axis=0)
    value = graph.number(0) if parameter is None else parameter
    return graph.add("Expand", value, shape)


def _past(graph: Graph, weights: Weights, name: str, parameter: str | None, prefix: str) -> str:
    """Add a state as an input, which is where sequences begin if it is left out."""
    start = np.zeros(1) if parameter is None else numpy_helper.to_array(graph.constants[parameter])
    whole = np.broadcast_to(start, (1, weights.size(f"s_{name}"))).astype(np.float32)
    return graph.past(f"{prefix}.{name}", whole)


def _own(graph: Graph, name: str, weights: Weights, prefix: str) -> str:
    return graph.constant(f"{prefix}.own.{name}", array(weights.own[name]))


def _split(graph: Graph, value: str, sizes: list[int]) -> list[str]:
    """Split a value along its last axis."""
    if len(set(sizes)) <= 1:
        return graph.split(value, len(sizes))
    return graph.add_many("Split", value, graph.integers(*sizes), outputs=len(sizes), axis=-1)


class _Body:
    """A step in ONNX: the states before it and W x_t + b in, the states after it and the output out."""

    def __init__(
        self, outer: Graph, made: Trace, layer: Layer, weights: Weights, *, given: Iterable[str], prefix: str
    ) -> None:
        self.graph = Graph(outer)
        self.program, self.constants = made.program, made.constants
        self.layer, self.weights, self.prefix = layer, weights, prefix
        self.given = {name: f"{prefix} input {name}" for name in given}
        self.values: dict[fx.Node, str] = {}

    def proto(self, kept: Mapping[str, fx.Node]) -> Any:
        """Return the graph; the values in ``kept`` are outputs of every step too."""
        cell, graph = self.layer.cell, self.graph
        before = {name: f"{self.prefix} {name} before" for name in cell.state}
        x = f"{self.prefix} x"
        gates = self.layer.layout.inputs
        known = {f"s_{name}": value for name, value in before.items()}
        parts = _split(graph, x, self.weights.rows) if gates else []
        known |= {f"x_{gate}": part for gate, part in zip(gates, parts, strict=True)}
        known |= {f"i_{name}": value for name, value in self._inputs().items()}
        known |= {f"p_{name}": _own(graph, name, self.weights, self.prefix) for name in self.layer.own}
        known |= {name: graph.number(value) for name, value in self.constants.items()}
        for node in self.program.graph.nodes:
            if node.op == "placeholder":
                self.values[node] = known[node.target]
        for level in self.program.levels:
            for vector, calls in level.groups:
                self._multiply(vector, calls)
            for node in level.pointwise:
                self.values[node] = self._norm(node) if node.target is norm else self._compute(node)
        # The outputs of a graph must be separate values, even if a step returns an input.
        after = [graph.add("Identity", self._number(self.program.results[name])) for name in cell.state]
        made = [
            graph.add("Identity", self._number(node))
            for node in (self.program.results[cell.output], *kept.values())
        ]
        sizes = [self.weights.size(f"s_{name}") for name in cell.state]
        widths = [self.weights.sizes[self.layer.layout.output(cell)], *[None] * len(kept)]
        called = [*(STATE + name for name in cell.state), "output", *kept]

        rows = f"batch {next(graph.numbers)}"  # channels and segments are rows of their own

        def info(name: str, size: int | None, called: str = "") -> Any:
            return helper.make_tensor_value_info(name, FLOAT, [rows, size], doc_string=called)

        inputs = [info(name, size) for name, size in zip(before.values(), sizes, strict=True)]
        inputs += [info(x, None), *(info(name, None) for name in self.given.values())]
        ends = zip((*after, *made), (*sizes, *widths), called, strict=True)
        outputs = [info(name, size, said) for name, size, said in ends]
        return helper.make_graph(graph.nodes, f"{cell.name} step", inputs, outputs)

    def _inputs(self) -> dict[str, str]:
        """Return what stands beside x: what is given, and the default of the rest, the mean of noise."""
        usual = {name: one for name, one in self.layer.cell.side_inputs.items() if name not in self.given}
        constants = {
            name: np.full((1, self.weights.size(f"i_{name}")), one.default, dtype=np.float32)
            for name, one in usual.items()
        }
        return self.given | {
            name: self.graph.constant(f"{self.prefix} default {name}", values)
            for name, values in constants.items()
        }

    def _multiply(self, vector: fx.Node, calls: tuple[fx.Node, ...]) -> None:
        """Add the products with one vector as one product."""
        gates = [str(call.args[0]) for call in calls]
        U = self.weights.products()
        blocks = [array(U[gate]) for gate in gates]
        matrix = self.graph.constant(
            f"{self.prefix}.U {' '.join(gates)} transposed", np.concatenate(blocks).T
        )
        product = self.graph.add("MatMul", self._number(vector), matrix)
        self.values |= zip(calls, self.graph.split(product, len(calls)), strict=True)

    def _norm(self, node: fx.Node) -> str:
        name, vector = cast("tuple[str, fx.Node]", node.args)
        norm_layer: Any = self.layer.norms[name]
        parameters = [
            self.graph.constant(f"{self.prefix}.norms.{name}.{kind}", array(getattr(norm_layer, kind)))
            for kind in ("weight", "bias")
        ]
        return self.graph.add(
            "LayerNormalization", self._number(vector), *parameters, axis=-1, epsilon=norm_layer.eps
        )

    def _compute(self, node: fx.Node) -> str:
        function, args, kwargs = cast("Function", node.target), node.args, dict(node.kwargs)
        self._check(node)
        named = {name: self._number(value) for name, value in kwargs.items()}
        return writer(function)(self.graph, *map(self._number, args), **named)

    def _check(self, node: fx.Node) -> None:
        """Refuse an operation that ONNX does not have in this form."""
        function, args, kwargs = cast("Function", node.target), node.args, dict(node.kwargs)
        if reason := unsupported_reason(writer(function), args, kwargs):
            name, cell, line = operation_name(function), self.layer.cell.name, node.meta["line"]
            raise ExportError(f"cell '{cell}' cannot be exported to ONNX: '{name}' at {line} ({reason})")

    def _number(self, value: Any) -> Any:
        """Return the name of a node's value, or of a number; a word stays as it is."""
        if isinstance(value, fx.Node):
            return self.values[value]
        return value if value is None or isinstance(value, str) else self.graph.number(value)
