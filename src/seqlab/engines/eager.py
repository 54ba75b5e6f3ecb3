"""The eager engine: a Program in PyTorch, its products hoisted and fused. Any device, no compiler."""

import operator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from seqlab.cells import Cell, State
from seqlab.engines.base import Engine, Steps, Weights, collect, register_engine, zero_state
from seqlab.engines.program import Program
from seqlab.engines.tape import TraceError, norm
from seqlab.engines.trace import KEPT, Trace, trace


@register_engine("eager")
class Eager(Engine):
    """Any cell whose step can be traced; float64, float32 and bfloat16."""

    def unsupported_reason(self, cell: Cell, dtype: torch.dtype, device: torch.device) -> str | None:  # noqa: ARG002
        try:
            trace(cell)
        except TraceError as error:
            return str(error)
        return None

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
        made = trace(cell, weights)
        return run_trace(made, cell, weights, x, state=state, lengths=lengths, need_state=need_state)


def run_trace(
    made: Trace,
    cell: Cell,
    weights: Weights,
    x: Tensor,
    *,
    state: State | None,
    lengths: Tensor | None,
    need_state: bool,
) -> tuple[Tensor, State | None]:
    """Run a step as it was traced; see ``Engine.run``."""
    step = _fused_step(made.program)
    U = [_stacked(weights, gates) for gates in step.products]
    steps = Steps(cell, lengths, x.shape[1])
    projected = functional.linear(steps.inputs(x), weights.W, weights.b).unbind(1)
    beside = {name: steps.inputs(value).unbind(1) for name, value in weights.inputs.items()}
    numbers = {name[2:]: value for name, value in made.constants.items()}
    results: list[dict[str, Tensor]] = []
    current: dict[str, Tensor] = state or zero_state(cell, weights, x)
    for time, wx in enumerate(projected):
        inputs = weights.by_gate(wx, dim=-1)
        given = {name: value[time] for name, value in beside.items()}
        values = {"x": inputs, "i": given, "s": current, "p": weights.own, "c": numbers}
        results.append(step.module(*[values[kind][name] for kind, name in step.arguments], *U))
        current = steps.next_state(time, current, results[-1])
    return collect(cell, results, lengths, need_state=need_state)


@dataclass(frozen=True)
class FusedStep:
    """A step in which all products with the same vector are one product.

    Attributes:
        module: the step as a function of ``arguments``, then of one matrix per group of products.
        arguments: ("x", gate), ("i", input), ("s", state), ("p", own parameter) or ("c", number) in order.
        products: the gates of each group, all of one width.
    """

    module: fx.GraphModule
    arguments: tuple[tuple[str, str], ...]
    products: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=KEPT)
def _fused_step(program: Program) -> FusedStep:
    graph = fx.Graph()
    copied: dict[fx.Node, fx.Node] = {}
    nodes = list(program.graph.nodes)
    names = [str(node.target) for node in nodes if node.op == "placeholder"]
    names += dict.fromkeys(f"p_{node.args[0]}" for node in nodes if node.target is norm)
    placeholders = {name: graph.placeholder(name) for name in names}
    for node in nodes:
        if node.op == "placeholder":
            copied[node] = placeholders[node.target]
    groups = [group for level in program.levels for group in level.groups]
    matrices = {calls: graph.placeholder(f"U_{number}") for number, (_, calls) in enumerate(groups)}
    for level in program.levels:
        for vector, calls in level.groups:
            fused = graph.call_function(functional.linear, (copied[vector], matrices[calls]))
            parts = graph.call_function(torch.chunk, (fused, len(calls), -1))
            for number, call in enumerate(calls):
                copied[call] = graph.call_function(operator.getitem, (parts, number))
        for node in level.pointwise:
            if node.target is norm:
                function, vector = placeholders[f"p_{node.args[0]}"], cast("fx.Node", node.args[1])
                copied[node] = graph.call_function(operator.call, (function, copied[vector]))
            else:
                copied[node] = graph.node_copy(node, lambda source: copied[source])
    graph.output({name: copied[node] for name, node in program.results.items()})
    return FusedStep(
        module=fx.GraphModule(nn.Module(), graph),
        arguments=tuple((name[0], name[2:]) for name in names),
        products=tuple(tuple(str(call.args[0]) for call in calls) for _, calls in groups),
    )


def _stacked(weights: Weights, wanted: tuple[str, ...]) -> Tensor:
    """Return the blocks of U of the gates ``wanted``, in that order; U itself if they are all of them."""
    if weights.U.ndim > 1 and weights.layout.recurrent == wanted:
        return weights.U
    blocks = weights.products()
    return torch.cat([blocks[gate] for gate in wanted])
