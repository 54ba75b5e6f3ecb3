"""What may be in a checkpoint: plain values and dense tensors, no more of them than its bytes can say."""

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from seqlab.io.safe_read import DEEPEST, UnreadableError
from seqlab.io.seal import DAMAGED

PLAIN = (type(None), bool, int, float, str)


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
        if kind in (dict, OrderedDict) and all(type(key) in PLAIN for key in value):
            left = _walk(value.values(), tensors, left, depth + 1)
        elif kind in (list, tuple):
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


def _tensors(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors in a value with their names, such as state_dict.model.head.linear.bias."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield from _tensors(inside, f"{name}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, inside in enumerate(value):
            yield from _tensors(inside, f"{name}.{number}".lstrip("."))
