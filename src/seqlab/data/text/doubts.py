"""Labels that are probably not classes: numbers, sets of labels, texts."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from seqlab.data.table.dialect import SEPARATORS

FEW = 4
"""Texts per class; with fewer, the labels are probably not classes."""
MANY = 20
"""Distinct numbers; so many, if some are fractional, are probably not classes."""


def are_few(classes: int, count: int) -> bool:
    """Return whether there are too few samples for so many classes."""
    return classes * FEW > count and classes > FEW


def doubts(classes: Sequence[str], count: int, noun: str = "text") -> list[str]:
    """Return why labels are probably not classes, and what to do, to follow "column 'label'" in a message.

    Args:
        classes: the distinct labels.
        count: the number of samples.
        noun: what a sample is called.
    """
    said = []
    is_many = are_few(len(classes), count)
    if is_many:
        said.append(f"has {len(classes):,} classes in {count:,} {noun}s (is data.label the right column?)")
    numbers = [_number(name) for name in classes] if is_many or len(classes) >= MANY else [math.nan]
    if all(map(math.isfinite, numbers)) and (is_many or not all(map(float.is_integer, numbers))):
        said.append("holds numbers, which task=regression predicts")
    if is_many and sum(" " in name for name in classes) * 2 > len(classes):
        said.append("holds texts, and answering a text with a text (sequence to sequence) is not supported")
    said.extend(
        f"holds '{example:.80}', which task=multilabel data.label_separator={word} reads as several labels"
        for word, example in sets_in(classes)
    )
    return said


def _number(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return math.nan


def sets_in(classes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the names of separators that split labels into parts, half of which recur, with an example."""
    for word, separator in SEPARATORS.items():
        parts = [{part.strip() for part in name.split(separator)} - {""} for name in classes]
        several = [place for place, found in enumerate(parts) if len(found) > 1]
        counts = Counter(part for found in parts for part in found)
        among = {part for place in several for part in parts[place]}
        if several and sum(counts[part] > 1 for part in among) * 2 >= len(among):
            yield word, classes[several[0]]
