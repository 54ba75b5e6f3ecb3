"""The gates and states of a layer over time: are they open, closed, saturated?"""

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
"""Beyond these a value is saturated. The bounds of tanh match those of σ: tanh a = 2 σ(2a) − 1."""

_NAMES: dict[Any, str] = {function: name for name, function in NONLINEAR.items()}


@dataclass(frozen=True, eq=False)
class Activity:
    """The values of one gate or state at every step.

    Attributes:
        name: the name of the gate or state.
        is_gate: whether it is a gate; otherwise it is a state after the step.
        function: the nonlinear function that computes it, such as "sigmoid"; None for a sum or product.
        values: [B, T, H] in the layer's reading order.
        inside: the mask, [B, T]: false for padding, where values have no meaning.
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
        """The shares of values that are closed and open at every step, each [T].

        A sigmoid is closed below .05 and open above .95, a tanh below −.9 and above .9; None for others.
        """
        if self.function not in BOUNDS:
            return None
        low, high = BOUNDS[self.function]
        below, above = self.values < low, self.values > high
        return self._over_time(below.to(self.values.dtype)), self._over_time(above.to(self.values.dtype))

    def histogram(self, bins: int) -> tuple[Tensor, Tensor]:
        """Return the histogram of all finite values: counts [bins] and bin edges [bins + 1]."""
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
    """Return the gates of a layer that have a nonlinear function, then its states, by name.

    A state with the name of a gate is called "state <name>".

    Raises:
        TraceError: the cell's step cannot be traced, so its gates are unknown.
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
    """Return the value of every node, [B, T, H], at all steps at once, since the states are known."""
    weights = run.weights
    projected = weights.by_gate(functional.linear(run.x, weights.W, weights.b), dim=-1)
    given: dict[str, Any] = {f"x_{gate}": values for gate, values in projected.items()}
    given |= {f"i_{name}": values for name, values in weights.inputs.items()}
    for name in run.cell.state:
        given[f"s_{name}"] = torch.stack([state[name] for state in run.states[:-1]], dim=1)
    given |= made.constants
    given |= {f"p_{name}": value for name, value in weights.own.items() if isinstance(value, Tensor)}
    U = weights.products()
    return made.program.evaluate(
        given, lambda gate, vector: vector @ U[gate].T, lambda name, vector: weights.own[name](vector)
    )
