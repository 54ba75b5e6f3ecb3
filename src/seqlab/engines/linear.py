"""Is a cell a linear recurrence: are the new states affine in the old, with coefficients free of them?"""

import operator
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import fx

from seqlab.engines.program import Program

FREE, AFFINE, OTHER = range(3)
"""How a value depends on the states before the step."""

_SUMS = (operator.add, operator.sub, operator.neg)


def is_linear(program: Program) -> bool:
    """Return whether s' = A s + b unit by unit, with A and b of x and parameters alone.

    Such a recurrence needs no loop: a scan over A and b gives all states. A product u.<gate>(s) mixes units,
    so a step that has one in its states is none. A state that is of x alone delays x, and counts as x.
    """
    delayed: set[str] = set()
    while True:
        kinds = _kinds(program, delayed)
        found = {name for name, kind in kinds.items() if kind == FREE}
        if found == delayed:
            return max(kinds.values()) == AFFINE
        delayed = found


def _kinds(program: Program, delayed: set[str]) -> dict[str, int]:
    """Return how each new state depends on the old ones but for those that delay x."""
    known: dict[fx.Node, int] = {}
    for node in program.graph.nodes:
        name = str(node.target)
        if node.op == "placeholder":
            is_state = name.startswith("s_") and name.removeprefix("s_") not in delayed
            known[node] = AFFINE if is_state else FREE
        elif node.op == "call_function":
            known[node] = _degree(node, known)
    return {name: known[program.results[name]] for name in program.state}


def _degree(node: fx.Node, known: Mapping[fx.Node, int]) -> int:
    """Return how the value of an operation depends on the states."""
    if all(known[source] == FREE for source in node.all_input_nodes):
        return FREE
    of = list(_degrees(node.args, known))
    found = OTHER
    if node.target in _SUMS:
        found = max(of)
    elif node.target is operator.mul:
        found = sum(of)
    elif node.target is operator.truediv and of[1] == FREE:
        found = of[0]
    elif node.target is torch.where and of[0] == FREE:
        found = max(of[1:])
    elif node.target is torch.lerp and not node.kwargs:
        found = max(of[:2]) + of[2]
    return min(found, OTHER)


def _degrees(args: tuple[Any, ...], known: Mapping[fx.Node, int]) -> Iterator[int]:
    for arg in args:
        yield known[arg] if isinstance(arg, fx.Node) else FREE
