"""What is computed for one row in one stage, forwards and backwards, as plain elementwise operations.

``make_fx`` traces a stage together with its vector-Jacobian product into one graph. From it the forward row
keeps what the backward row cannot cheaply compute again.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any, cast

import torch
from torch import Tensor, fx
from torch._decomp import core_aten_decompositions
from torch.fx.experimental.proxy_tensor import make_fx

from seqlab.engines.native.plan import Place, Plan, Stage, is_number

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
"""Operations whose results are saved for the backward row; all others are computed again."""


@dataclass(frozen=True)
class RowCode:
    """Elementwise work on a row.

    Attributes:
        values: the nodes whose values are read, with their places.
        gradients: the nodes that are gradients of what stands in a place; none in a forward row.
        nodes: what is computed, in order.
        writes: what is left, with its place; in a backward row the gradients of the places.
    """

    values: dict[fx.Node, Place]
    gradients: dict[fx.Node, Place]
    nodes: list[fx.Node]
    writes: list[tuple[Place, fx.Node]]


def stage_rows(plan: Plan, stage: Stage, saved: int) -> tuple[RowCode, RowCode]:
    """Return a stage's forward and backward row; the former saves values in slots from ``saved`` on."""
    if not stage.outputs:
        return RowCode({}, {}, [], []), RowCode({}, {}, [], [])
    sources = [plan.places[node] for node in stage.inputs]
    differentiated = [place for place in sources if place.kind != "numbers"]
    results = [plan.places[node] for node in stage.outputs]
    graph = joint(stage)
    placeholders = list(graph.find_nodes(op="placeholder"))
    values = dict(zip(placeholders, sources, strict=False))
    tangents = dict(zip(placeholders[len(sources) :], results, strict=True))
    returned = cast("Sequence[fx.Node]", graph.output_node().args[0])
    writes = list(zip(results, returned, strict=False))
    gradients = list(zip(differentiated, returned[len(results) :], strict=True))
    kept = {node: place for place, node in writes}
    kept |= {node: place for node, place in values.items() if place.kind != "gates"}
    for node in _wanted(graph, [node for _, node in gradients], kept, tangents):
        kept[node] = Place("saved", saved)
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
        # Every example is a tensor of its own: the trace takes one that is passed twice for one input.
        examples = [torch.ones(1, dtype=torch.float32, device="cpu") for _ in (*inputs, *outputs)]
        traced = make_fx(torch.func.functionalize(both), decomposition_table=_decompositions())
        return traced(*examples).graph

    # In a thread of its own: what surrounds the first call (a transform, autocast, inference) stays outside.
    with _TRACING, ThreadPoolExecutor(1) as thread:
        graph = thread.submit(trace).result()
    graph.eliminate_dead_code()
    return graph


# make_fx patches torch while it traces, for all threads.
_TRACING = Lock()


@cache
def _decompositions() -> dict[Any, Any]:
    return dict(core_aten_decompositions())


def _wanted(
    graph: fx.Graph, ends: Sequence[fx.Node], kept: Mapping[fx.Node, Place], tangents: Mapping[fx.Node, Place]
) -> list[fx.Node]:
    """Return the values of the forward row, in order, from which ``ends`` are cheaply computed."""
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
    values: Mapping[fx.Node, Place],
    gradients: Mapping[fx.Node, Place],
    writes: list[tuple[Place, fx.Node]],
) -> RowCode:
    """Keep what ``writes`` need."""
    needed: set[fx.Node] = set()
    pending = [node for _, node in writes]
    while pending:
        node = pending.pop()
        if node not in needed:
            needed.add(node)
            pending += [] if node in values else node.all_input_nodes
    return RowCode(
        values={node: place for node, place in values.items() if node in needed},
        gradients={node: place for node, place in gradients.items() if node in needed},
        nodes=[
            node
            for node in graph.nodes
            if node in needed and node not in values and node.op == "call_function"
        ],
        writes=writes,
    )


def operation_name(node: fx.Node) -> str:
    """Return what ATen calls the operation: "add" for aten.add.Tensor; "" for a placeholder."""
    packet = getattr(node.target, "overloadpacket", None)
    return str(packet).rpartition(".")[2] if packet is not None else ""
