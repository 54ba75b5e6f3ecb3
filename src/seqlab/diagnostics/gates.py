"""What the gates and states of a layer do over time: open or shut, saturated or not."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx.node import Node
from torch.nn import functional

from seqlab.diagnostics.recording import LayerRun
from seqlab.engines.operations import NONLINEAR
from seqlab.engines.trace import Trace, trace
from seqlab.functional.lengths import mask

BOUNDS = {"sigmoid": (0.05, 0.95), "tanh": (-0.9, 0.9)}
"""Beyond these a value is saturated. Those of tanh are those of a sigmoid: tanh a = 2 σ(2a) − 1."""

_NAMES: dict[Any, str] = {function: name for name, function in NONLINEAR.items()}


@dataclass(frozen=True, eq=False)
class Activity:
    """The values of one gate or state at every step.

    Attributes:
        name: of the gate or state.
        is_gate: a gate, or else a state after the step.
        function: the nonlinear function whose value it is, such as "sigmoid"; None for a sum or product.
        values: [B, T, H] in the layer's reading order.
        inside: whether a step belongs to its sequence, [B, T]; other values mean nothing.
    """

    name: str
    is_gate: bool
    function: str | None
    values: Tensor
    inside: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean over sequences and units at every step, [T]; NaN where no sequence has the step."""
        return self._over_time(self.values)

    @property
    def saturation(self) -> tuple[Tensor, Tensor] | None:
        """The shares of values that are shut and open at every step, [T] each.

        For a sigmoid below .05 and above .95, for a tanh below −.9 and above .9; None for anything else.
        """
        if self.function not in BOUNDS:
            return None
        low, high = BOUNDS[self.function]
        below, above = self.values < low, self.values > high
        return self._over_time(below.to(self.values.dtype)), self._over_time(above.to(self.values.dtype))

    def histogram(self, bins: int) -> tuple[Tensor, Tensor]:
        """Count all finite values: counts [bins], and the edges between which they lie, [bins + 1]."""
        found = self.values[self.inside].detach().double().cpu()
        found = found[found.isfinite()]
        ranges = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
        extremes = (float(found.min()), float(found.max())) if len(found) else (0.0, 1.0)
        low, high = ranges.get(self.function or "", extremes)
        counts, edges = torch.histogram(found.flatten(), bins, range=(low, high))
        return counts.long(), edges

    def _over_time(self, values: Tensor) -> Tensor:
        return values.mean(2).where(self.inside, torch.nan).nanmean(0)


def activities(run: LayerRun) -> dict[str, Activity]:
    """Return the gates of a layer that have a nonlinear function, by name, and then its states.

    A state that is called as a gate is goes by "state <name>".

    Raises:
        TraceError: the cell's step cannot be traced, so that its gates have no names.
    """
    made = trace(run.cell, run.weights)
    program = made.program
    with torch.no_grad():
        values = _evaluate(made, run)
    inside = mask(run.lengths, run.x.shape[1])

    def activity(name: str, node: Node, *, is_gate: bool) -> Activity:
        return Activity(name, is_gate, _NAMES.get(node.target), values[node], inside)

    found = {name: activity(name, node, is_gate=True) for name, node in program.gate_values.items()}
    for name in run.cell.state:
        key = f"state {name}" if name in found else name
        found[key] = activity(name, program.results[name], is_gate=False)
    return found


def _evaluate(made: Trace, run: LayerRun) -> dict[Node, Tensor]:
    """Return the value of every node of the step, [B, T, H], at all steps at once: the states are known."""
    weights, layout = run.weights, run.weights.layout
    projected = functional.linear(run.x, weights.W, weights.b).chunk(max(len(layout.inputs), 1), dim=-1)
    given: dict[str, Any] = dict(zip((f"x_{gate}" for gate in layout.inputs), projected, strict=False))
    for name in run.cell.state:
        given[f"s_{name}"] = torch.stack([state[name] for state in run.states[:-1]], dim=1)
    given |= made.constants
    given |= {f"p_{name}": value for name, value in weights.own.items() if isinstance(value, Tensor)}
    U = dict(zip(layout.recurrent, weights.U.chunk(max(len(layout.recurrent), 1)), strict=False))
    return made.program.evaluate(
        given, lambda gate, vector: vector @ U[gate].T, lambda name, vector: weights.own[name](vector)
    )
