"""What a caller hands to recurrent layers, looked at before an engine reads it."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from seqlab.engines.surroundings import watcher

AUTOCAST = (torch.float32, torch.float16, torch.bfloat16)
"""Types that autocast makes one of."""


def check_x(x: object, input_size: int) -> None:
    """Refuse inputs that are no dense tensor [B, T, I].

    Raises:
        TypeError: x is something else.
        ValueError: its shape does not fit.
    """
    if isinstance(x, PackedSequence):
        raise TypeError(
            "x is a PackedSequence; padded inputs are wanted: "
            "x, lengths = torch.nn.utils.rnn.pad_packed_sequence(x, batch_first=True)"
        )
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a tensor [B, T, {input_size}], got {_kind(x)}")
    if x.is_nested or x.layout != torch.strided:
        kind = "nested" if x.is_nested else x.layout
        raise TypeError(f"x must be a dense tensor [B, T, {input_size}] with lengths, got a {kind} one")
    if x.ndim != 3 or x.shape[2] != input_size or x.shape[1] < 1:  # noqa: PLR2004 ([B, T, I])
        raise ValueError(f"x must be [B, T, {input_size}] with T ≥ 1, got {list(x.shape)}")


def check_place(what: str, tensor: Tensor, x: Tensor) -> None:
    """Refuse a tensor on another device or of another dtype than x.

    Raises:
        TypeError: the dtypes differ, and no autocast makes them one.
        ValueError: the devices differ.
    """
    if tensor.device != x.device:
        raise ValueError(f"x is on {x.device} and {what} on {tensor.device}; move one with .to(device)")
    if tensor.dtype == x.dtype:
        return
    if not (torch.is_autocast_enabled(x.device.type) and {x.dtype, tensor.dtype} <= {*AUTOCAST}):
        raise TypeError(f"x is {x.dtype} and {what} {tensor.dtype}; convert one with .to(dtype)")


def checked_lengths(lengths: object, x: Tensor) -> Tensor | None:
    """Return lengths, [B], as int64 on the device of x.

    Raises:
        TypeError: they are no tensor of integers.
        ValueError: they are not one a sequence, each from 1 to T.
    """
    if lengths is None:
        return None
    wanted = f"lengths must be a tensor of {len(x)} integers, one a sequence"
    if not isinstance(lengths, Tensor):
        raise TypeError(f"{wanted}, got {_kind(lengths)}; use torch.tensor(lengths)")
    if lengths.dtype.is_floating_point or lengths.dtype.is_complex or lengths.dtype == torch.bool:
        raise TypeError(f"{wanted}, got {lengths.dtype}; use lengths.long()")
    if lengths.shape != x.shape[:1]:
        raise ValueError(f"{wanted}, got {list(lengths.shape)}")
    if lengths.is_meta and not x.is_meta:
        raise ValueError(f"{wanted}, got one without values, on the device meta")
    # Lengths on a GPU are not looked at: that would wait for the device at every call.
    if lengths.device.type == "cpu" and len(lengths) and watcher() is None:
        shortest, longest = map(int, lengths.long().aminmax())
        if shortest < 1 or longest > x.shape[1]:
            raise ValueError(f"lengths must be from 1 to {x.shape[1]}, got {shortest} to {longest}")
    return lengths.to(x.device, torch.long)


def check_state(state: object, x: Tensor, names: Collection[str], shape: tuple[int, int, int]) -> None:
    """Refuse a start state that is not one tensor [L·D, B, H] like x for each name.

    Raises:
        TypeError: it holds something else, or another dtype.
        ValueError: names, a shape or a device do not fit.
    """
    if state is None:
        return
    if not isinstance(state, Mapping):
        example = ", ".join(f"{name}=…" for name in names)
        raise TypeError(f"state must be seqlab.State({example}), each {list(shape)}, got {_kind(state)}")
    if set(state) != set(names):
        raise ValueError(f"state must hold {', '.join(names)}, got {', '.join(map(str, state)) or 'nothing'}")
    for name in names:
        value = state[name]
        if not isinstance(value, Tensor):
            raise TypeError(f"state {name} must be a tensor {list(shape)}, got {_kind(value)}")
        if tuple(value.shape) != shape:
            raise ValueError(f"state {name} must be {list(shape)}, got {list(value.shape)}")
        check_place(f"state {name}", value, x)


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
