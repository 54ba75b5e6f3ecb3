"""Spans are counted as conlleval does: here by plain loops over tags, and by seqeval if it is there."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.tasks.spans import SpanCounts, span_scores, types_of

SCHEMES = {
    "IOB": ["O", "B-a", "I-a", "B-b", "I-b"],
    "BIOES": ["O", *(f"{prefix}-{kind}" for kind in "ab" for prefix in "BIES")],
    "BILOU": ["O", *(f"{prefix}-{kind}" for kind in "ab" for prefix in "BILU")],
}


def spans(tags: list[str]) -> set[tuple[int, int, str]]:
    """Return (first, last, type) of the spans of a sentence, read from left to right."""
    found, first = set(), None
    letters = [{"L": "E", "U": "S"}.get(tag[0], tag[0]) for tag in tags] + ["O"]
    kinds = [tag[2:] for tag in tags] + [""]
    for step, (letter, kind) in enumerate(zip(letters, kinds, strict=True)):
        before, kind_before = (letters[step - 1], kinds[step - 1]) if step else ("O", "")
        goes_on = letter in "IE" and before in "BI" and kind == kind_before
        if first is not None and not goes_on:
            found.add((first, step - 1, kind_before))
            first = None
        if letter != "O" and first is None:
            first = step
    return found


@st.composite
def sentences(draw) -> tuple[list[str], list[list[str]], list[list[str]]]:
    classes = SCHEMES[draw(st.sampled_from(sorted(SCHEMES)))]
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))
    tags = [[draw(st.sampled_from(classes)) for _ in range(length)] for length in lengths]
    others = [[tag if draw(st.booleans()) else draw(st.sampled_from(classes)) for tag in row] for row in tags]
    return classes, tags, others


def counted(classes: list[str], true: list[list[str]], predicted: list[list[str]]) -> torch.Tensor:
    """Count in two batches, padded with anything."""
    metric = SpanCounts(classes)
    for rows in (slice(None, 1), slice(1, None)):
        pairs = list(zip(true[rows], predicted[rows], strict=True))
        if not pairs:
            continue
        steps = max(len(row) for row, _ in pairs) + 1
        numbers = torch.full((2, len(pairs), steps), 1)
        inside = torch.zeros(len(pairs), steps) > 0
        for place, pair in enumerate(pairs):
            inside[place, : len(pair[0])] = True
            for which, row in enumerate(pair):
                numbers[which, place, : len(row)] = torch.tensor([classes.index(tag) for tag in row])
        metric.update(numbers[1], torch.where(inside, numbers[0], -1), inside)
    return metric.compute()


@settings(max_examples=200, deadline=None)
@given(drawn=sentences())
def test_counts_are_those_of_loops_over_the_tags(drawn):
    classes, true, predicted = drawn
    expected = []
    for kind in types_of(classes):
        wanted, found = (
            {(row, *span) for row, tags in enumerate(part) for span in spans(tags) if span[2] == kind}
            for part in (true, predicted)
        )
        expected.append([len(wanted & found), len(found), len(wanted)])
    assert counted(classes, true, predicted).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(drawn=sentences())
def test_scores_are_those_of_seqeval(drawn):
    metrics = pytest.importorskip("seqeval.metrics", reason="needs seqeval: pip install seqeval")
    classes, true, predicted = drawn
    if any(tag[0] in "LU" for tag in classes):
        return  # which seqeval reads in its strict mode alone
    found = span_scores(counted(classes, true, predicted).sum(0))
    assert float(found["f1"]) == pytest.approx(metrics.f1_score(true, predicted, zero_division=0))


# The example of the CoNLL-2000 shared task's page, shortened.
@pytest.mark.parametrize(
    ("true", "predicted", "f1"),
    [
        ("B-a I-a O B-a", "B-a I-a O B-a", 1.0),
        ("B-a I-a O B-a", "B-a O O B-a", 0.5),  # a span whose end is wrong is wrong
        ("I-a I-a O I-b", "B-a I-a O B-b", 1.0),  # IOB1 and IOB2 say the same
        ("S-a O B-b E-b", "B-a O B-b I-b", 1.0),  # and BIOES
        ("B-a B-a", "B-a I-a", 0.0),
        ("O O", "O O", 0.0),
    ],
)
def test_known_sentences(true, predicted, f1):
    classes = sorted({*true.split(), *predicted.split(), "B-a"})
    found = span_scores(counted(classes, [true.split()], [predicted.split()]).sum(0))
    assert float(found["f1"]) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("classes", "types"),
    [
        (["O", "B-LOC", "I-LOC", "B-PER"], ("LOC", "PER")),
        (["B-NP", "I-NP"], ("NP",)),
        (["NN", "VB", "O"], ()),
        (["O"], ()),
        (["B-X-Y", "O"], ("X-Y",)),
    ],
)
def test_tags_of_spans_are_known_by_their_prefixes(classes, types):
    assert types_of(classes) == types
