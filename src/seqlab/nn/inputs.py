"""Checking the inputs of recurrent layers before an engine reads them."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from seqlab.cells import Bernoulli, Cell, Input
from seqlab.cells.declared import Width
from seqlab.engines.surroundings import watcher

AUTOCAST = (torch.float32, torch.float16, torch.bfloat16)
"""Types that autocast converts to one."""


def check_x(x: object, input_size: int) -> None:
    """Refuse inputs that are not a dense tensor [B, T, I].

    Raises:
        TypeError: x is something else.
        ValueError: its shape is wrong.
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
        alone = "; one sequence [T, I] is a batch of one: x[None]" if x.ndim == 2 else ""  # noqa: PLR2004
        raise ValueError(f"x must be [B, T, {input_size}] with T ≥ 1, got {list(x.shape)}{alone}")
    if not x.is_floating_point():
        raise TypeError(
            f"x must be of a floating type, got {x.dtype}; use x.to(dtype), or embed tokens first"
        )


def check_place(what: str, tensor: Tensor, x: Tensor) -> None:
    """Refuse a tensor on another device or of another dtype than x.

    Raises:
        TypeError: the dtypes differ, and autocast does not convert them.
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
        TypeError: they are not a tensor of integers.
        ValueError: there is not one for each sequence, from 1 to T.
    """
    if lengths is None:
        return None
    wanted = f"lengths must be a tensor of {len(x)} integers, one per sequence"
    if not isinstance(lengths, Tensor):
        raise TypeError(f"{wanted}, got {_kind(lengths)}; use torch.tensor(lengths)")
    if lengths.dtype.is_floating_point or lengths.dtype.is_complex or lengths.dtype == torch.bool:
        raise TypeError(f"{wanted}, got {lengths.dtype}; use lengths.long()")
    if lengths.shape != x.shape[:1]:
        raise ValueError(f"{wanted}, got {list(lengths.shape)}")
    if lengths.is_meta and not x.is_meta:
        raise ValueError(f"{wanted}, got one without values, on the device meta")
    # Lengths on a GPU are not checked: that would wait for the device at every call.
    if lengths.device.type == "cpu" and len(lengths) and watcher() is None:
        shortest, longest = map(int, lengths.long().aminmax())
        if shortest < 1 or longest > x.shape[1]:
            raise ValueError(f"lengths must be from 1 to {x.shape[1]}, got {shortest} to {longest}")
    return lengths.to(x.device, torch.long)


def check_state(state: object, x: Tensor, shapes: Mapping[str, tuple[int, int]]) -> None:
    """Refuse a start state that is not one tensor like x for each name.

    Args:
        state: what the caller gives.
        x: inputs, [B, T, I].
        shapes: how many layers and directions each tensor has, L·D, and its width: it is [L·D, B, width].

    Raises:
        TypeError: it contains something else, or has another dtype.
        ValueError: names, a shape or a device are wrong.
    """
    if state is None:
        return
    wanted = {name: [layers, len(x), size] for name, (layers, size) in shapes.items()}
    if not isinstance(state, Mapping):
        example = ", ".join(f"{name}=…" for name in wanted)
        either = " or ".join(dict.fromkeys(map(str, wanted.values())))
        raise TypeError(f"state must be seqlab.State({example}), each {either}, got {_kind(state)}")
    if set(state) != set(wanted):
        raise ValueError(
            f"state must hold {', '.join(wanted)}, got {', '.join(map(str, state)) or 'nothing'}"
        )
    for name, shape in wanted.items():
        value = state[name]
        if not isinstance(value, Tensor):
            raise TypeError(f"state {name} must be a tensor {shape}, got {_kind(value)}")
        if list(value.shape) != shape:
            raise ValueError(f"state {name} must be {shape}, got {list(value.shape)}")
        check_place(f"state {name}", value, x)


def given_inputs(declared: Mapping[str, Input]) -> list[str]:
    """Return the names of the inputs that the caller gives: all but x itself and what the layer draws."""
    return [name for name, one in declared.items() if name != "x" and not isinstance(one, Bernoulli)]


def required_inputs(declared: Mapping[str, Input]) -> list[str]:
    """Return the names of the inputs that the caller must give, since they have no default."""
    return [name for name in given_inputs(declared) if declared[name].default is None]


def of_one_cell(inputs: Any, cell: Cell, known: Collection[str]) -> Any:
    """Return what is given beside x without what only the cells of other layers read, which are ``known``."""
    if not isinstance(inputs, Mapping):
        return inputs
    return {name: value for name, value in inputs.items() if name in cell.inputs or name not in known}


def checked_inputs(
    inputs: object, x: Tensor, declared: Mapping[str, Input], sizes: Mapping[Width, int], cell: str
) -> dict[str, Tensor]:
    """Return what is given beside x, each [B, T, size] of the type of x; [B, T] is taken for a number a step.

    Raises:
        TypeError: it holds something else than tensors, or another floating type.
        ValueError: one without a default is missing, one is unknown, or a shape or device does not fit.
    """
    names = given_inputs(declared)
    example = ", ".join(f"'{name}': …" for name in names)
    if inputs is not None and not isinstance(inputs, Mapping):
        raise TypeError(f"inputs must be a dict {{{example}}} for cell '{cell}', got {_kind(inputs)}")
    given = inputs or {}
    if not set(required_inputs(declared)) <= set(given) <= set(names):
        wanted = f"inputs={{{example}}}" if names else "no inputs"
        found = ", ".join(map(str, given)) or "none"
        raise ValueError(f"cell '{cell}' wants {wanted} with every step beside x, got {found}")
    return {name: _checked_input(name, given[name], x, sizes[declared[name].width]) for name in given}


def _checked_input(name: str, value: object, x: Tensor, size: int) -> Tensor:
    shape = (*x.shape[:2], size)
    wanted = f"input {name} must be a tensor {list(shape)}" + (f" or {list(shape[:2])}" if size == 1 else "")
    if not isinstance(value, Tensor):
        raise TypeError(f"{wanted}, got {_kind(value)}")
    if size == 1 and value.shape == shape[:2]:
        value = value[:, :, None]
    if tuple(value.shape) != shape:
        raise ValueError(f"{wanted}, got {list(value.shape)}")
    value = value if value.is_floating_point() else value.to(x.dtype)
    check_place(f"input {name}", value, x)
    return value


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
