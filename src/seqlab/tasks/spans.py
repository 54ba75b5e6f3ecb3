"""Spans of tags such as B-LOC, I-LOC, O: counted as conlleval of the CoNLL shared tasks does.

A span is right if its type, its first and its last token are (Tjong Kim Sang & Buchholz 2000). IOB1, IOB2 and
BIOES, or BILOU, are read alike: a span begins at B and S, after O, E or S, and where the type changes.
"""

import re
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional
from torchmetrics import Metric

SPAN = re.compile(r"([BIESLU])-(.+)")
OUTSIDE, BEGIN, INSIDE, END, SINGLE = range(5)
PREFIXES = {"B": BEGIN, "I": INSIDE, "E": END, "L": END, "S": SINGLE, "U": SINGLE}


def types_of(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the types of spans, sorted; none if the tags are not tags of spans."""
    found = [SPAN.fullmatch(name) for name in classes if name != "O"]
    return tuple(sorted({match[2] for match in found if match})) if all(found) else ()


class SpanCounts(Metric):
    """Counts of right, predicted and true spans by type, summed exactly over batches and ranks.

    Args:
        classes: the tags in the order of their numbers: tags of spans, or O.
    """

    full_state_update = False
    counts: Tensor
    prefixes: Tensor
    kinds: Tensor

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__()
        self.types = types_of(classes)
        matches = [SPAN.fullmatch(name) for name in classes]
        # The last one is for steps outside of a sequence.
        prefixes = [PREFIXES[match[1]] if match else OUTSIDE for match in matches] + [OUTSIDE]
        kinds = [self.types.index(match[2]) if match else -1 for match in matches] + [-1]
        self.register_buffer("prefixes", torch.tensor(prefixes), persistent=False)
        self.register_buffer("kinds", torch.tensor(kinds), persistent=False)
        counts = torch.zeros(len(self.types), 3, dtype=torch.int64)
        self.add_state("counts", counts, dist_reduce_fx="sum")

    def update(self, predicted: Tensor, true: Tensor, inside: Tensor) -> None:
        """Count a batch.

        Args:
            predicted: the tag of each step, [B, T].
            true: the tag of each step, [B, T].
            inside: the mask, [B, T]: the first steps of a row, or none of them.
        """
        starts, lasts, kinds = self._spans(predicted.where(inside, -1))
        true_starts, true_lasts, true_kinds = self._spans(true.where(inside, -1))
        right = starts & true_starts & (lasts == true_lasts) & (kinds == true_kinds)
        for place, (found, of) in enumerate(((right, kinds), (starts, kinds), (true_starts, true_kinds))):
            self.counts[:, place].index_add_(0, of.clamp(min=0).flatten(), found.flatten().long())

    def compute(self) -> Tensor:
        """Return right, predicted and true spans of each type, [types, 3]."""
        return self.counts

    def _spans(self, tags: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return where spans begin, the last step of the span at each step, and its type, each [B, T]."""
        prefix, kind = self.prefixes[tags], self.kinds[tags]
        before, kind_before = (
            _shifted(part, 1, outside) for part, outside in ((prefix, OUTSIDE), (kind, -1))
        )
        after, kind_after = (_shifted(part, -1, outside) for part, outside in ((prefix, OUTSIDE), (kind, -1)))
        is_in = prefix != OUTSIDE
        starts = is_in & (
            _is(prefix, BEGIN, SINGLE) | _is(before, OUTSIDE, END, SINGLE) | (kind != kind_before)
        )
        ends = is_in & (_is(prefix, END, SINGLE) | _is(after, OUTSIDE, BEGIN, SINGLE) | (kind != kind_after))
        steps = torch.arange(tags.shape[1], device=tags.device).expand_as(tags)
        lasts = torch.where(ends, steps, tags.shape[1]).flip(1).cummin(1).values.flip(1)
        return starts, lasts, kind


def span_scores(counts: Tensor) -> dict[str, Tensor]:
    """Return precision, recall and F1 of spans, each [...] in float64, from counts [..., 3], or 0."""
    right, predicted, true = counts.double().unbind(-1)
    return {
        "precision": right / predicted.clamp(min=1),
        "recall": right / true.clamp(min=1),
        "f1": 2 * right / (predicted + true).clamp(min=1),
    }


def _shifted(values: Tensor, steps: int, outside: int) -> Tensor:
    """Return the values of the step before, [B, T], or for −1 of the step after."""
    padded = functional.pad(values, (1, 1), value=outside)
    return padded[:, :-2] if steps > 0 else padded[:, 2:]


def _is(prefix: Tensor, *wanted: int) -> Tensor:
    found = prefix == wanted[0]
    for one in wanted[1:]:
        found = found | (prefix == one)
    return found
