"""Labels that are none: where every step has one, shorter sequences are padded, by -1 or as torch by -100."""

import logging
from collections.abc import Container, Sequence
from itertools import takewhile
from pathlib import Path

from seqlab.errors import DataError

log = logging.getLogger(__name__)

MISSING = "nan"
"""The label of a step at the end of a row of an array where none is."""
WORDS = {MISSING, "none", "pad", "<pad>", "[pad]", "padding"}
"""Labels that say that there is none, in lower case."""
AS_CLASS = "data.padding=none takes it for a class"


def unpadded(path: Path, rows: Sequence[Sequence[str]], padding: str) -> list[int]:
    """Return how many steps of each sequence are left without padding, [N], and say what was cut off.

    Args:
        path: the file, for messages.
        rows: the label of each step of each sequence.
        padding: the label that pads; "auto" to recognise it, "none" if all labels are classes.

    Raises:
        DataError: it is not clear whether a label pads, or it does not only pad.
    """
    lengths = [len(row) for row in rows]
    if padding == "none":
        return lengths
    rows = [[label.strip() for label in row] for row in rows]
    spellings = {label for row in rows for label in row}
    label = _recognised(path, rows, spellings) if padding == "auto" else padding
    if label is None:
        return lengths
    same = _spelled(label, spellings)
    left = [length - _run(row, same) for row, length in zip(rows, lengths, strict=True)]
    for number, (row, length) in enumerate(zip(rows, left, strict=True), start=1):
        if not length:
            raise DataError(f"{path}: sequence {number} has only the label '{label}', its padding; remove it")
        if not same.isdisjoint(row[:length]):
            raise _unclear(path, label, f"stands before other labels, as in sequence {number}")
    cut = sum(length < len(row) for row, length in zip(rows, left, strict=True))
    log.warning(
        "%s: label '%s' ends %s of %s sequences and is cut off as padding; %s",
        *(path, label, f"{cut:,}", f"{len(rows):,}", AS_CLASS),
    )
    return left


def _recognised(path: Path, rows: Sequence[Sequence[str]], spellings: set[str]) -> str | None:
    """Return the label that pads, None if none looks so.

    Raises:
        DataError: one may be padding, or may be a class.
    """
    if words := [label for label in spellings if label.lower() in WORDS]:
        return words[0] if len(words) == 1 and _only_pads(rows, {*words}) else None
    try:
        numbers = sorted({float(label) for label in spellings})
    except ValueError:
        return None
    first, last, others = numbers[0], numbers[-1], numbers[:-1]
    if first < 0 and (numbers[1:2] or [0])[0] >= 0:
        label = f"{first:g}"
        if _only_pads(rows, _spelled(label, spellings)):
            return label
        if (first, last) != (-1, 1):
            raise _unclear(path, label, "stands before other labels")
        log.warning("%s: label '%s' is taken for a class, as it stands before other labels", path, label)
    counted = others in ([*range(len(others))], [*range(1, len(others) + 1)])
    if counted and len(others) > 1 and last > others[-1] + 1:
        label = f"{last:g}"
        if _only_pads(rows, _spelled(label, spellings)):
            raise _unclear(path, label, f"stands only at ends; data.padding={label} cuts it off as padding")
    return None


def _unclear(path: Path, label: str, found: str) -> DataError:
    return DataError(f"{path}: label '{label}' {found}; {AS_CLASS}, or leave steps without a label out")


def _only_pads(rows: Sequence[Sequence[str]], same: Container[str]) -> bool:
    """Return whether no other label follows a label."""
    return not any(label in same for row in rows for label in row[: len(row) - _run(row, same)])


def _run(row: Sequence[str], same: Container[str]) -> int:
    """Return how many steps at the end of a sequence have a label."""
    return sum(1 for _ in takewhile(lambda label: label in same, reversed(row)))


def _spelled(label: str, spellings: set[str]) -> set[str]:
    """Return the spellings of a label: of a number all that mean it, as -1 and -1.0."""
    number = _number(label)
    return {one for one in spellings if one == label or (number is not None and _number(one) == number)}


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None
