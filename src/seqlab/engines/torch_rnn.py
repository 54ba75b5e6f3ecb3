"""The torch engine: nn.LSTM, nn.GRU and nn.RNN (cuDNN, oneDNN) for the cells with the same equations."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqlab.cells import GRU, LSTM, RNN, Cell, RNNReLU, State
from seqlab.compat.torch import uncompiled
from seqlab.engines.base import Engine, Weights, register_engine, zero_state
from seqlab.engines.trace import trace
from seqlab.errors import CellError, EngineError
from seqlab.functional.lengths import last_step, with_last_step_repeated, without_padding

# Exact classes: a subclass has equations of its own.
COUNTERPARTS: dict[type[Cell], Callable[..., tuple[Tensor, ...]]] = {
    LSTM: torch.lstm,
    GRU: torch.gru,
    RNN: torch.rnn_tanh,
    RNNReLU: torch.rnn_relu,
}


_PROGRAMS = {counterpart: trace(counterpart()).program for counterpart in COUNTERPARTS}
_CHANGED = "the step of cell '{}' was changed, so it no longer computes what torch's does"


def _is_changed(cell: Cell) -> bool:
    """Return whether the equations of one of these cells were replaced."""
    try:
        return trace(cell).program is not _PROGRAMS[type(cell)]
    except CellError:
        return True


@register_engine("torch")
class Torch(Engine):
    """Runs torch's own recurrent functions, one call per layer and direction."""

    in_one_piece = True

    def unsupported_reason(self, cell: Cell, dtype: torch.dtype, device: torch.device) -> str | None:  # noqa: ARG002
        if type(cell) not in COUNTERPARTS:
            counterparts = ", ".join(counterpart.name for counterpart in COUNTERPARTS)
            return f"torch does not have cell '{cell.name}' (it has {counterparts})"
        if _is_changed(cell):
            return _CHANGED.format(cell.name)
        if not dtype.is_floating_point:
            return f"it needs floating-point inputs, got {dtype}"
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
        if _is_changed(cell):
            raise EngineError(_CHANGED.format(cell.name))
        if x.is_meta or not len(x):
            lengths = None  # which torch cannot pack, and of which nothing depends here
        state = state or zero_state(cell, weights, x)
        hidden = tuple(state[name][None] for name in cell.state)
        # Padding spoils the final states other than the output, and relu may overflow in it: only then is the
        # slower packing needed. On a GPU packing waits for the device; a rare overflow does not justify that.
        needs_packing = need_state and tuple(cell.state) != (cell.output,)
        if lengths is not None and (needs_packing or (isinstance(cell, RNNReLU) and x.device.type == "cpu")):
            outputs, packed_state = uncompiled(_packed)(cell, weights, x, hidden, lengths)
            return outputs, packed_state if need_state else None
        outputs, *final = _call(cell, weights, with_last_step_repeated(x, lengths), hidden)
        outputs = without_padding(outputs, lengths)
        if not need_state:
            return outputs, None
        if lengths is not None:
            return outputs, State({cell.output: last_step(outputs, lengths)})
        return outputs, _state(cell, final)


def _packed(
    cell: Cell, weights: Weights, x: Tensor, hidden: tuple[Tensor, ...], lengths: Tensor
) -> tuple[Tensor, State]:
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    hidden = tuple(part.index_select(1, cast("Tensor", packed.sorted_indices)) for part in hidden)
    data, *final = _call(cell, weights, packed.data, hidden, batch_sizes=packed.batch_sizes)
    outputs, _ = pad_packed_sequence(packed._replace(data=data), batch_first=True, total_length=x.shape[1])
    final = [part.index_select(1, cast("Tensor", packed.unsorted_indices)) for part in final]
    return outputs, _state(cell, final)


def _call(
    cell: Cell,
    weights: Weights,
    x: Tensor,
    hidden: tuple[Tensor, ...],
    batch_sizes: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """Call torch's function as nn.RNNBase does: one layer, one direction, no dropout, with biases."""
    function = COUNTERPARTS[type(cell)]
    # torch adds two biases where a cell has one; nn.GRU's second bias acts inside the reset gate.
    second = torch.zeros_like(weights.b)
    if isinstance(cell, GRU):
        second = torch.cat([second[: -len(weights.own["b_hn"])], weights.own["b_hn"]])
    parameters = [weights.W, weights.U, weights.b, second]
    surroundings: AbstractContextManager[Any] = nullcontext()
    if x.is_cuda:
        x, hidden, parameters = for_cudnn(x, hidden, parameters)
        surroundings = torch.autocast(x.device.type, enabled=False)
    start: Any = hidden if isinstance(cell, LSTM) else hidden[0]
    # cuDNN has a backward pass only for calls in training mode; without dropout nothing else depends on it.
    train = torch.is_grad_enabled()
    with surroundings:
        if batch_sizes is None:
            return function(x, start, parameters, True, 1, 0.0, train, False, True)  # noqa: FBT003
        return function(x, batch_sizes, start, parameters, True, 1, 0.0, train, False)  # noqa: FBT003


def for_cudnn(
    x: Tensor, hidden: tuple[Tensor, ...], parameters: list[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...], list[Tensor]]:
    """Return inputs, states and weights in autocast's dtype, the weights in one contiguous block.

    Autocast gives cuDNN float16 even where bfloat16 is requested (AutocastRNN.cpp of torch 2.13). If weights
    are not contiguous, torch copies them into one block itself, at every call and with a warning.
    """
    device_type, dtype = x.device.type, x.dtype
    if torch.is_autocast_enabled(device_type) and dtype != torch.float64:
        dtype = torch.get_autocast_dtype(device_type)
    flat = torch.cat([parameter.flatten() for parameter in parameters]).to(dtype)
    pieces = torch.split(flat, [parameter.numel() for parameter in parameters])
    whole = [piece.view_as(parameter) for piece, parameter in zip(pieces, parameters, strict=True)]
    return x.to(dtype), tuple(part.to(dtype) for part in hidden), whole


def _state(cell: Cell, final: list[Tensor]) -> State:
    return State({name: part[0] for name, part in zip(cell.state, final, strict=True)})
