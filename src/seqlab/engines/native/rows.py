"""What is computed for one row in one stage, forwards and backwards, as elementwise operations.

``make_fx`` traces a stage together with its vector-Jacobian product into one graph. The forward row saves
those values of it that the backward row cannot cheaply compute again.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, cast

import torch
from torch import Tensor, fx
from torch.fx.experimental.proxy_tensor import make_fx

from seqlab.compat.torch import core_aten_decompositions, start_autograd
from seqlab.engines.native.plan import Location, Plan, Stage, is_number

EXPENSIVE = frozenset(
    (
        "atan",
        "cos",
        "div",
        "erf",
        "exp",
        "expm1",
        "log",
        "log1p",
        "pow",
        "reciprocal",
        "rsqrt",
        "sigmoid",
        "sin",
    )
).union(("sqrt", "tanh"))
"""Operations whose results are saved for the backward row; all others are recomputed."""


@dataclass(frozen=True)
class RowCode:
    """Elementwise code for one row.

    Attributes:
        values: the nodes whose values are read, with their locations.
        gradients: the nodes that are gradients of the value at a location; none in a forward row.
        nodes: the operations, in order.
        writes: the locations and the nodes that are stored there; in a backward row, gradients.
    """

    values: dict[fx.Node, Location]
    gradients: dict[fx.Node, Location]
    nodes: list[fx.Node]
    writes: list[tuple[Location, fx.Node]]


def stage_rows(plan: Plan, stage: Stage, saved: int) -> tuple[RowCode, RowCode]:
    """Return a stage's forward and backward row; the former saves values in slots from ``saved`` on."""
    if not stage.outputs:
        return RowCode({}, {}, [], []), RowCode({}, {}, [], [])
    sources = [plan.locations[node] for node in stage.inputs]
    differentiated = [location for location in sources if location.kind != "numbers"]
    results = [plan.locations[node] for node in stage.outputs]
    graph = joint(stage)
    placeholders = list(graph.find_nodes(op="placeholder"))
    values = dict(zip(placeholders, sources, strict=False))
    tangents = dict(zip(placeholders[len(sources) :], results, strict=True))
    returned = cast("Sequence[fx.Node]", graph.output_node().args[0])
    writes = list(zip(results, returned, strict=False))
    gradients = list(zip(differentiated, returned[len(results) :], strict=True))
    kept = {node: location for location, node in writes}
    kept |= {node: location for node, location in values.items() if location.kind != "gates"}
    for node in _wanted(graph, [node for _, node in gradients], kept, tangents):
        kept[node] = Location("saved", saved)
        writes.append((kept[node], node))
        saved += 1
    return _row(graph, values, {}, writes), _row(graph, kept, tangents, gradients)


def joint(stage: Stage) -> fx.Graph:
    """Trace a stage as a function of its inputs and of the gradients of its outputs; numbers have none."""
    inputs, outputs = stage.inputs, stage.outputs
    differentiated = [node for node in inputs if not is_number(node)]

    def step(known: dict[fx.Node, Any]) -> tuple[Tensor, ...]:
        for node in stage.nodes:
            args, kwargs = fx.map_arg((node.args, node.kwargs), lambda source: known[source])
            known[node] = cast("Callable[..., Tensor]", node.target)(*args, **kwargs)
        return tuple(known[node] for node in outputs)

    def both(*arguments: Tensor) -> tuple[Tensor, ...]:
        given = dict(zip(inputs, arguments, strict=False))
        vjp: Any = torch.func.vjp(
            lambda *values: step(given | dict(zip(differentiated, values, strict=True))),
            *(given[node] for node in differentiated),
        )
        made, product = vjp
        return (*made, *product(arguments[len(inputs) :]))

    def trace() -> fx.Graph:
        # Every example is a separate tensor: a trace would treat a tensor that is passed twice as one input.
        examples = [torch.ones(1, dtype=torch.float32, device="cpu") for _ in (*inputs, *outputs)]
        start_autograd()
        traced = make_fx(torch.func.functionalize(both), decomposition_table=_decompositions())
        return traced(*examples).graph

    # In a separate thread, where no transform, autocast or inference mode of the first call is active.
    with _TRACING, ThreadPoolExecutor(1) as thread:
        graph = thread.submit(trace).result()
    graph.eliminate_dead_code()
    return graph


# While it traces, make_fx patches torch for all threads.
_TRACING = Lock()


@cache
def _decompositions() -> dict[Any, Any]:
    return dict(core_aten_decompositions())


def _wanted(
    graph: fx.Graph,
    ends: Sequence[fx.Node],
    kept: Mapping[fx.Node, Location],
    tangents: Mapping[fx.Node, Location],
) -> list[fx.Node]:
    """Return the values of the forward row, in order, from which ``ends`` can be computed cheaply."""
    backward = set(tangents)
    for node in graph.nodes:
        if backward.intersection(node.all_input_nodes):
            backward.add(node)
    wanted: set[fx.Node] = set()
    seen: set[fx.Node] = set()
    pending = [end for end in ends if isinstance(end, fx.Node)]
    while pending:
        node = pending.pop()
        if node in seen or node in kept or node in tangents:
            continue
        seen.add(node)
        if node not in backward and (node.op == "placeholder" or operation_name(node) in EXPENSIVE):
            wanted.add(node)
        else:
            pending += node.all_input_nodes
    return [node for node in graph.nodes if node in wanted]


def _row(
    graph: fx.Graph,
    values: Mapping[fx.Node, Location],
    gradients: Mapping[fx.Node, Location],
    writes: list[tuple[Location, fx.Node]],
) -> RowCode:
    """Return the code with only the nodes that ``writes`` need."""
    needed: set[fx.Node] = set()
    pending = [node for _, node in writes]
    while pending:
        node = pending.pop()
        if node not in needed:
            needed.add(node)
            # What is filled like a tensor does not depend on it.
            pending += [] if node in values or operation_name(node) == "full_like" else node.all_input_nodes
    return RowCode(
        values={node: location for node, location in values.items() if node in needed},
        gradients={node: location for node, location in gradients.items() if node in needed},
        nodes=[
            node
            for node in graph.nodes
            if node in needed and node not in values and node.op == "call_function"
        ],
        writes=writes,
    )


def operation_name(node: fx.Node) -> str:
    """Return ATen's name of the operation: "add" for aten.add.Tensor; "" for a placeholder."""
    packet = getattr(node.target, "overloadpacket", None)
    return str(packet).rpartition(".")[2] if packet is not None else ""
