"""The values that a checkpoint may contain: simple ones and dense tensors, no more than its size allows."""

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from seqlab.errors import RunError
from seqlab.io.safe_read import DEEPEST, UnreadableError
from seqlab.io.seal import DAMAGED

SIMPLE = (type(None), bool, int, float, str)
DICTS, LISTS = (dict, OrderedDict), (list, tuple)
NUMBERS = frozenset(
    [
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    ]
)
"""The types that the numbers of a tensor may have."""


def check_contents(content: Any, most_values: int, most_bytes: int) -> None:
    """Refuse values that are not simple, and those that expand when they are traversed.

    Examples are a list that contains itself, or contains one list thousands of times, and a tensor of 10¹²
    numbers that share one element of memory.

    Args:
        content: the content of a checkpoint.
        most_values: the maximum number of values; a shared one counts at every place.
        most_bytes: the maximum number of bytes of all tensors together.

    Raises:
        UnreadableError: the content is refused; the message is the reason.
    """
    tensors: dict[int, Tensor] = {}
    _walk([content], tensors, most_values)
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > most_bytes:
        raise UnreadableError("contains tensors that are larger than the file")


def _walk(values: Collection[Any], tensors: dict[int, Tensor], left: int, depth: int = 0) -> int:
    """Check values recursively and collect the tensors; return how many more values are allowed."""
    left -= len(values)
    if left < 0:
        raise UnreadableError("contains more values than its size allows")
    if depth > DEEPEST:
        raise UnreadableError("is nested too deeply")
    for value in values:
        kind = type(value)
        if kind in DICTS and all(type(key) in SIMPLE for key in value):
            left = _walk(value.values(), tensors, left, depth + 1)
        elif kind in LISTS:
            left = _walk(value, tensors, left, depth + 1)
        elif kind is Tensor and value.layout == torch.strided and value.device.type == "cpu":
            tensors[id(value)] = value
        elif kind is str:
            _check_text(value)
        elif kind not in SIMPLE:
            raise UnreadableError(f"contains a {kind.__name__:.40}, which is not a simple value")
    return left


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnreadableError("contains a text with half a character") from error


def check_sums(content: Any, written: Sequence[tuple[int, int]]) -> None:
    """Refuse tensors whose bytes were changed, which torch does not check.

    Args:
        content: the checked content of a checkpoint, its tensors mapped from the file.
        written: size in bytes and CRC-32 of the memory of all tensors, in the order of the file.

    Raises:
        UnreadableError: a tensor is damaged; the message has its name.
    """
    memory: dict[int, tuple[str, torch.UntypedStorage]] = {}
    for name, tensor in _tensors(content):
        storage = tensor.untyped_storage()
        if storage.nbytes():
            memory.setdefault(storage.data_ptr(), (name, storage))
    in_order = [memory[address] for address in sorted(memory)]
    if [storage.nbytes() for _, storage in in_order] != [size for size, _ in written]:
        raise UnreadableError("has entries that do not match its tensors")
    for (name, storage), (_, expected) in zip(in_order, written, strict=True):
        if checksum(torch.empty(0, dtype=torch.uint8).set_(storage)) != expected:
            raise UnreadableError(f"tensor '{name:.80}' {DAMAGED}")


def checksum(tensor: Tensor) -> int:
    """Return the CRC-32 of a tensor's numbers, which are contiguous."""
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data)


def _tensors(value: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in a value with their names, such as state_dict.model.head.linear.bias."""
    return ((name, inside) for name, inside in _leaves(value, "") if isinstance(inside, Tensor))


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested dicts, lists and tuples, with their names."""
    kind = type(value)
    if kind not in (*DICTS, *LISTS):
        yield name, value
        return
    for key, inside in value.items() if kind in DICTS else enumerate(value):
        if type(key) not in SIMPLE:
            yield f"{name}, a key,".lstrip("."), key
        yield from _leaves(inside, f"{name}.{key}".lstrip("."))


def check_savable(content: Any, name: str) -> None:
    """Refuse values that could not be read again from a checkpoint, before it is written.

    Args:
        content: the values to save; some may come from a user's callback, optimizer or schedule.
        name: the name of the content, for the message.

    Raises:
        RunError: a value is refused; the message has its place.
    """
    for place, value in _leaves(content, name):
        if type(value) is Tensor:
            is_savable = value.layout == torch.strided and value.dtype in NUMBERS
        else:
            is_savable = type(value) in SIMPLE
        if not is_savable:
            what = f"tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
            raise RunError(
                f"{place} is a {what}, which a checkpoint cannot contain; use None, bool, int, float, str, "
                "dense tensors of real numbers, and lists, tuples and dicts of them"
            )
