"""Recording what a network computes step by step: inputs, states and outputs of every layer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from seqlab.cells import Cell, State
from seqlab.engines import Engine, Weights
from seqlab.engines.base import collect, zero_state
from seqlab.engines.reference import Reference
from seqlab.nn import Recurrent

_reference = Reference()


@dataclass(frozen=True, eq=False)
class LayerRun:
    """One layer and direction over a batch, in its reading order: a backward one starts at the end.

    Attributes:
        cell: the equations.
        weights: the parameters.
        x: inputs, [B, T, I].
        lengths: steps of each sequence, [B].
        states: T + 1 states, the one before the first step and those after every step, each [B, H].
        outputs: T outputs, each [B, H].
    """

    cell: Cell
    weights: Weights
    x: Tensor
    lengths: Tensor
    states: tuple[State, ...]
    outputs: tuple[Tensor, ...]

    def step(self, time: int, state: State) -> State:
        """Return the state after step ``time``, 0 to T − 1, from a state before it, each [B, H]."""
        return _step(self.cell, _at(self.weights, time), self.x[:, time], state)[1]


class _Recorder(Engine):
    """The reference engine, which keeps the state after every step."""

    name = "recorder"

    def __init__(self) -> None:
        self.runs: list[LayerRun] = []

    def unsupported_reason(self, cell: Cell, dtype: torch.dtype, device: torch.device) -> str | None:  # noqa: ARG002
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
        states = [state or zero_state(cell, weights, x)]
        outputs: list[Tensor] = []
        for time, x_t in enumerate(x.unbind(1)):
            output, after = _step(cell, _at(weights, time), x_t, states[-1])
            outputs.append(output)
            states.append(after)
        steps = lengths if lengths is not None else torch.full((len(x),), x.shape[1], device=x.device)
        self.runs.append(LayerRun(cell, weights, x, steps, tuple(states), tuple(outputs)))
        returned: list[Mapping[str, Tensor]] = [
            {**after, cell.output: output} for after, output in zip(states[1:], outputs, strict=True)
        ]
        return collect(cell, returned, lengths, need_state=need_state)


@contextmanager
def recording(recurrent: Recurrent) -> Iterator[list[LayerRun]]:
    """Within the context, run a network step by step and collect the runs of its layers, in their order.

    Example:
        >>> network = Recurrent("lstm", input_size=2, hidden_size=3)
        >>> with recording(network) as runs:
        ...     outputs, _ = network(torch.zeros(1, 4, 2))
        >>> len(runs[0].states), runs[0].states[-1].c.shape
        (5, torch.Size([1, 3]))
    """
    recorder = _Recorder()
    with recurrent.running_on(recorder):
        yield recorder.runs


def _at(weights: Weights, time: int) -> Weights:
    """Return the weights with what is given beside x at one step only."""
    if not weights.inputs:
        return weights
    inputs = {name: values[:, time : time + 1] for name, values in weights.inputs.items()}
    return replace(weights, inputs=inputs)


def _step(cell: Cell, weights: Weights, x_t: Tensor, state: State) -> tuple[Tensor, State]:
    """Return the output and the state after one step, each [B, H]."""
    outputs, after = _reference.run(cell, weights, x_t[:, None], state, None, need_state=True)
    assert after is not None  # noqa: S101 (need_state=True)
    # Copies are independent variables: a gradient by c then excludes the effect of c on h within this step.
    state = State({name: value.clone() for name, value in after.items()})
    return state.get(cell.output, outputs[:, 0]), state
