"""The reference engine: calls ``step`` once per time step. All other engines are tested against it."""

from collections.abc import Callable

import torch
from torch import Tensor

from seqlab.cells import Cell, State
from seqlab.cells.base import Gates, Names
from seqlab.engines.base import Engine, Steps, Weights, collect, register_engine, zero_state


@register_engine("reference")
class Reference(Engine):
    """Runs any cell with any dtype on any device; ordinary autograd, so double backward works too."""

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
        layout = weights.layout
        state = state or zero_state(cell, weights, x)
        W = _blocks(weights.W, layout.inputs)
        b = _blocks(weights.b, layout.inputs)
        U = _blocks(weights.U, layout.recurrent)

        def product(gate: str) -> Callable[[Tensor], Tensor]:
            return lambda v: v @ U[gate].T

        def inputs(x_t: Tensor) -> Gates:
            return Names("x", layout.inputs, lambda gate: x_t @ W[gate].T + b[gate])

        bound = cell.bind(weights.own)
        u = Names("u", layout.recurrent, product)
        steps = Steps(cell, lengths, x.shape[1])
        results: list[State] = []
        for time, x_t in enumerate(steps.inputs(x).unbind(1)):
            results.append(bound.step(inputs(x_t), u, state))
            state = steps.next_state(time, state, results[-1])
        return collect(cell, results, lengths, need_state=need_state)


def _blocks(fused: Tensor, gates: tuple[str, ...]) -> dict[str, Tensor]:
    """Split a fused parameter into one block of H rows per gate."""
    return dict(zip(gates, fused.chunk(len(gates)), strict=True)) if gates else {}
