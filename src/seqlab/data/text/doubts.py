"""Labels that may be something else than classes: numbers, sets of labels, texts."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from seqlab.data.table.dialect import SEPARATORS

FEW = 4
"""Texts a class below which the labels may be no classes."""
MANY = 20
"""Different numbers, some of them fractional, from which on they may be no classes."""


def are_few(classes: int, count: int) -> bool:
    """Return whether there are hardly enough samples for so many classes."""
    return classes * FEW > count and classes > FEW


def doubts(classes: Sequence[str], count: int, noun: str = "text") -> list[str]:
    """Return what speaks against classes, and what to do, as the rest of "column 'label' …".

    Args:
        classes: the different labels.
        count: how many samples have them.
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
    """Yield a separator by name, and a class with it, if at least half of its parts are elsewhere too."""
    for word, separator in SEPARATORS.items():
        parts = [{part.strip() for part in name.split(separator)} - {""} for name in classes]
        several = [place for place, found in enumerate(parts) if len(found) > 1]
        counts = Counter(part for found in parts for part in found)
        among = {part for place in several for part in parts[place]}
        if several and sum(counts[part] > 1 for part in among) * 2 >= len(among):
            yield word, classes[several[0]]
