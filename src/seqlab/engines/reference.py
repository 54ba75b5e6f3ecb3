"""The reference engine: calls ``step`` once per time step. All other engines are tested against it."""

from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import Tensor

from seqlab.cells import Cell, State
from seqlab.cells.base import Gates, Names, Products
from seqlab.cells.layout import line_of_step, mixed_sizes
from seqlab.cells.masks import MasksAreNumbers, as_numbers
from seqlab.engines.base import Engine, Steps, Weights, collect, register_engine, zero_state
from seqlab.errors import CellError


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
        W, b = weights.by_gate(weights.W), weights.by_gate(weights.b)
        U = weights.products()
        names = (*cell.gates, *weights.inputs)

        def product(gate: str) -> Callable[[Tensor], Tensor]:
            if gate not in layout.recurrent:
                raise _other_branch(f"u.{gate}")
            return lambda v: v @ U[gate].T

        def inputs(time: int, x_t: Tensor) -> Gates:
            def given(name: str) -> Tensor:
                if name in beside:
                    return beside[name][:, time]
                if name not in layout.inputs:
                    raise _other_branch(f"x.{name}")
                return x_t @ W[name].T + b[name]

            return Names("x", names, given)

        bound = cell.bind(weights.own)
        u = Names("u", cell.gates, product)
        steps, masks = Steps(cell, lengths, x.shape[1]), MasksAreNumbers(x.dtype)
        beside = {name: steps.inputs(value) for name, value in weights.inputs.items()}
        results: list[State] = []
        for time, x_t in enumerate(steps.inputs(x).unbind(1)):
            with masks if masks.met or not time else nullcontext():
                returned = _stepped(bound, inputs(time, x_t), u, state)
            results.append(as_numbers(returned, x.dtype))
            state = steps.next_state(time, state, results[-1])
        return collect(cell, results, lengths, need_state=need_state)


def _stepped(cell: Cell, x: Gates, u: Products, s: State) -> State:
    """Return what a step returns; sizes of its own that fit no layer of these sizes are a mistake in it."""
    try:
        return cell.step(x, u, s)
    except CellError as error:
        raise CellError(f"cell '{cell.name}': {error} ({line_of_step(error)})") from error
    except RuntimeError as error:
        sizes = mixed_sizes(str(error))
        if not sizes:
            raise
        what = "the step mixes vectors of the sizes {} and {}".format(*sizes)
        raise CellError(f"cell '{cell.name}': {what} ({line_of_step(error)})") from error


def _other_branch(what: str) -> CellError:
    return CellError(
        f"{what} has no weights, since the step did without it when they were made; use every gate whatever "
        "the values are, and choose with torch.where"
    )
