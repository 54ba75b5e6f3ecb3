"""Is a table one of tagged sentences, with a token in each row?"""

from collections.abc import Sequence

from seqlab.data.inspection.columns import Column
from seqlab.data.inspection.suggestion import Suggestion
from seqlab.data.sequences.layout import LABELS

TAGS = frozenset({*LABELS, "tag", "tags", "ner", "ner_tag", "pos", "pos_tag"})
"""What a column of the tags of tokens is often called."""


def of_tokens(columns: Sequence[Column]) -> Suggestion | None:
    """Return how a table of tagged sentences is read; None if it is something else."""
    sentence = next((one for one in columns if _tells_sentences(one)), None)
    others = [one for one in columns if one is not sentence and not one.is_counted]
    words = [one for one in others if one.kind in ("name", "text") and not one.missing]
    if sentence is None or len(words) < 2 or any(one.kind in ("number", "time", "clock") for one in others):  # noqa: PLR2004
        return None
    token = max(words, key=lambda one: len(one.counts))
    tags = [one for one in words if one is not token and 1 < len(one.counts) < len(token.counts)]
    if not tags:
        return None
    tag = min(tags, key=lambda one: (one.name.lower() not in TAGS, len(one.counts)))
    what = f"a token in each row, '{sentence.name}' says of which sentence"
    settings = {"data.sentence": sentence.name, "data.token": token.name, "data.label": tag.name}
    return Suggestion(what, "tagged", {**settings})


def _tells_sentences(column: Column) -> bool:
    """Return whether rows one after the other share a value, or only the first of them has it."""
    if not column.name or not column.cells[0] or not 1 < len(column.counts) <= len(column.cells) / 2:
        return False
    begins = [
        now for before, now in zip(("", *column.cells), column.cells, strict=False) if now not in ("", before)
    ]
    is_named = "sent" in column.name.lower()
    return len(begins) == len(column.counts) and (is_named or 2 * column.missing > len(column.cells))
