"""Labels that are no classes are recognised, and classes are not doubted."""

import pytest

from seqlab.data.text.doubts import doubts


@pytest.mark.parametrize(
    ("classes", "texts", "said"),
    [
        (
            [f"Je suis {number}." for number in range(60)],
            60,
            ["60 classes in 60 texts", "sequence to sequence"],
        ),
        ([f"{number / 10}" for number in range(71)], 80, ["71 classes in 80 texts", "task=regression"]),
        ([str(number) for number in range(30)], 80, ["30 classes in 80 texts", "task=regression"]),
        ([f"{number / 10}" for number in range(71)], 8000, ["task=regression"]),
        (
            ["rude", "threat", "rude|threat"],
            80,
            ["'rude|threat', which task=multilabel data.label_separator=pipe"],
        ),
        (["Comedy, Drama", "Comedy", "Drama, War"], 800, ["data.label_separator=comma"]),
        ([f"id-{number}" for number in range(50)], 60, ["is data.label the right column?"]),
    ],
)
def test_what_speaks_against_classes_is_said_with_what_to_do(classes, texts, said):
    found = doubts(classes, texts)
    assert len(found) == len(said)
    assert all(part in one for part, one in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("classes", "texts"),
    [
        (["1", "2", "3", "4", "5"], 100),
        ([str(number) for number in range(150)], 22_500),
        (["New York, NY", "Boston, MA", "Buffalo, NY"], 90),
        (["Health; Safety", "Sports"], 90),
        (["a", "b", "c"], 9),
        ([f"intent {number}" for number in range(77)], 9_000),
    ],
)
def test_classes_are_not_doubted(classes, texts):
    assert doubts(classes, texts) == []
