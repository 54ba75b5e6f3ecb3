"""What may be in a checkpoint: plain values and dense tensors, no more of them than its bytes can say."""

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from seqlab.errors import RunError
from seqlab.io.safe_read import DEEPEST, UnreadableError
from seqlab.io.seal import DAMAGED

PLAIN = (type(None), bool, int, float, str)
DICTS, LISTS = (dict, OrderedDict), (list, tuple)
NUMBERS = frozenset(
    [
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    ]
)
"""What the numbers of a tensor may be."""


def check_contents(content: Any, most_values: int, most_bytes: int) -> None:
    """Refuse values that are not plain, and those that grow when they are walked through.

    A list that holds itself, or one list a thousand times a thousand times, is small only as long as nobody
    walks through it; so is a tensor of 10¹² numbers that all are the same one.

    Args:
        content: what was in a checkpoint.
        most_values: values that there may be, a shared one counted wherever it is.
        most_bytes: bytes that all tensors together may have.

    Raises:
        UnreadableError: with the reason.
    """
    tensors: dict[int, Tensor] = {}
    _walk([content], tensors, most_values)
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors.values()) > most_bytes:
        raise UnreadableError("holds tensors that are larger than the file")


def _walk(values: Collection[Any], tensors: dict[int, Tensor], left: int, depth: int = 0) -> int:
    """Look at values and what they hold, note the tensors; return how many more values there may be."""
    left -= len(values)
    if left < 0:
        raise UnreadableError("holds more values than it has bytes")
    if depth > DEEPEST:
        raise UnreadableError("is nested too deeply")
    for value in values:
        kind = type(value)
        if kind in DICTS and all(type(key) in PLAIN for key in value):
            left = _walk(value.values(), tensors, left, depth + 1)
        elif kind in LISTS:
            left = _walk(value, tensors, left, depth + 1)
        elif kind is Tensor and value.layout == torch.strided and value.device.type == "cpu":
            tensors[id(value)] = value
        elif kind is str:
            _check_text(value)
        elif kind not in PLAIN:
            raise UnreadableError(f"holds a {kind.__name__:.40} that is no plain value")
    return left


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnreadableError("holds a text with half a character") from error


def check_sums(content: Any, written: Sequence[tuple[int, int]]) -> None:
    """Refuse tensors whose bytes are not those that were written, which torch does not look at.

    Args:
        content: what was in a checkpoint, its tensors mapped from the file; it is known to be plain.
        written: size in bytes and CRC-32 of the memory of all tensors, in the order of the file.

    Raises:
        UnreadableError: with the name of the tensor.
    """
    memory: dict[int, tuple[str, torch.UntypedStorage]] = {}
    for name, tensor in _tensors(content):
        storage = tensor.untyped_storage()
        if storage.nbytes():
            memory.setdefault(storage.data_ptr(), (name, storage))
    in_order = [memory[address] for address in sorted(memory)]
    if [storage.nbytes() for _, storage in in_order] != [size for size, _ in written]:
        raise UnreadableError("has parts that are not the memory of its tensors")
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
    """Yield what a value of dicts, lists and tuples holds, with its name."""
    kind = type(value)
    if kind not in (*DICTS, *LISTS):
        yield name, value
        return
    for key, inside in value.items() if kind in DICTS else enumerate(value):
        if type(key) not in PLAIN:
            yield f"{name}, a key,".lstrip("."), key
        yield from _leaves(inside, f"{name}.{key}".lstrip("."))


def check_savable(content: Any, name: str) -> None:
    """Refuse what a checkpoint could not be read with again, before it is written.

    Args:
        content: what is to be saved; a callback, an optimizer or a schedule of the user's may have given it.
        name: what it is called.

    Raises:
        RunError: with its place in there.
    """
    for place, value in _leaves(content, name):
        if type(value) is Tensor:
            is_savable = value.layout == torch.strided and value.dtype in NUMBERS
        else:
            is_savable = type(value) in PLAIN
        if not is_savable:
            what = f"tensor of {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
            raise RunError(
                f"{place} is a {what}, which a checkpoint does not hold; use None, bool, int, float, str, "
                "dense tensors of real numbers, and lists, tuples and dicts of them"
            )
