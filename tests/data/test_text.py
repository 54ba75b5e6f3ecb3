"""Vocabulary, folding, and splits."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data.text import Shares, Vocabulary, fold_to_ascii, sample, split_grouped, split_random

SPECIALS = ("<pad>", "<unk>", "<begin>", "<end>")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ślusàrski", "Slusarski"),
        ("O'Néàl", "O'Neal"),
        ("O’Brien", "O'Brien"),
        ("Łukasz Wołek", "Lukasz Wolek"),
        ("Grüßner", "Grussner"),
        ("Ærø", "AEro"),
        ("Đorđe", "Dorde"),
        ("Ðuro Garðar", "Duro Gardar"),
        ("Yıldız", "Yildiz"),
        ("Þór Œuvre", "Thor OEuvre"),
        ("Nguyễn", "Nguyen"),
        ("van der Berg-2", "van der Berg-2"),
        ("李", ""),
        ("", ""),
    ],
)
def test_folding_drops_accents_and_what_is_not_ascii(text, folded):
    assert fold_to_ascii(text) == folded


def test_the_special_symbols_come_first_and_the_others_are_sorted():
    assert Vocabulary.of(["ca", "b", "ab"]).symbols == (*SPECIALS, "a", "b", "c")
    assert len(Vocabulary.of(["ca", "b", "ab"])) == 7


@pytest.mark.parametrize(
    ("marks", "rows"),
    [(True, [[2, 6, 4, 5, 3], [2, 1, 4, 3]]), (False, [[6, 4, 5], [1, 4]])],
)
def test_texts_become_numbers_with_or_without_marks(marks, rows):
    samples = Vocabulary((*SPECIALS, "a", "b", "c")).encode(["cab", "xa"], [1, 0], marks=marks)
    assert samples.tokens.tolist() == rows[0] + rows[1]
    assert samples.lengths.tolist() == [len(rows[0]), len(rows[1])]
    assert samples.y.tolist() == [1, 0]


def test_a_symbol_that_looks_like_a_special_one_is_not_taken_for_it():
    vocabulary = Vocabulary.of([["<pad>", "word"]])
    assert vocabulary.encode([["word"]], [0], marks=False).tokens.tolist() == [
        vocabulary.symbols.index("word")
    ]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("count", "val", "test"), [(100, 10, 10), (1000, 100, 100), (7, 1, 1), (4, 0, 0), (1, 0, 0)]
)
def test_a_random_split_holds_every_number_once_in_the_shares(count, val, test, seed):
    parts = split_random(count, Shares(val=0.1, test=0.1), np.random.default_rng(seed))
    assert {part: len(numbers) for part, numbers in parts.items()} == {
        "train": count - val - test,
        "val": val,
        "test": test,
    }
    assert sorted(number for numbers in parts.values() for number in numbers) == list(range(count))


def test_validation_and_test_may_have_different_shares():
    parts = split_random(200, Shares(val=0.05, test=0.3), np.random.default_rng(0))
    assert (len(parts["val"]), len(parts["test"])) == (10, 60)


@settings(deadline=None)
@given(
    groups=st.lists(st.integers(0, 15), min_size=1, max_size=60),
    seed=st.integers(0, 5),
    data=st.data(),
)
def test_a_group_is_never_in_two_splits_and_no_sample_is_lost(groups, seed, data):
    strata = data.draw(st.lists(st.sampled_from("abc"), min_size=len(groups), max_size=len(groups)))
    parts = split_grouped(groups, strata, Shares(val=0.2, test=0.2), seed)
    assert list(parts) == ["train", "val", "test"]
    assert sorted(number for numbers in parts.values() for number in numbers) == list(range(len(groups)))
    found = {part: {groups[number] for number in numbers} for part, numbers in parts.items()}
    assert sum(len(spellings) for spellings in found.values()) == len(set(groups))
    assert all(list(numbers) == sorted(numbers) for numbers in parts.values())


def test_every_stratum_has_the_same_shares():
    strata = ["large"] * 1000 + ["middle"] * 100 + ["small"] * 10
    parts = split_grouped(range(1110), strata, Shares(val=0.1, test=0.2), seed=0)
    counts = {
        part: [
            sum(strata[number] == stratum for number in numbers) for stratum in ("large", "middle", "small")
        ]
        for part, numbers in parts.items()
    }
    assert counts == {"train": [700, 70, 7], "val": [100, 10, 1], "test": [200, 20, 2]}


def test_a_group_of_two_strata_counts_as_the_rarer_one():
    # Ten groups of the rare stratum, each with a sample of the common one; a tenth of them is one group.
    groups = [*range(10), *range(10), *range(10, 40)]
    strata = ["rare"] * 10 + ["common"] * 40
    parts = split_grouped(groups, strata, Shares(val=0.1, test=0.1), seed=0)
    for part in ("val", "test"):
        assert sum(groups[number] < 10 for number in parts[part]) == 2
        assert sum(groups[number] >= 10 for number in parts[part]) == 3


@pytest.mark.parametrize("split", ["grouped", "random"])
def test_a_split_is_a_function_of_its_seed(split):
    def draw(seed: int) -> list[list[int]]:
        shares = Shares(val=0.1, test=0.1)
        parts = (
            split_grouped(range(200), ["a"] * 200, shares, seed)
            if split == "grouped"
            else split_random(200, shares, np.random.default_rng(seed))
        )
        return [numbers.tolist() for numbers in parts.values()]

    assert draw(0) == draw(0)
    assert draw(0) != draw(1)


def test_a_sample_is_a_random_subset_in_ascending_order():
    numbers = np.array(random.Random(0).sample(range(1000), 100))
    drawn = sample(numbers, 30, seed=0).tolist()
    assert len(set(drawn)) == 30
    assert set(drawn) < set(numbers.tolist())
    assert drawn == sorted(drawn)
    assert drawn == sample(numbers, 30, seed=0).tolist()
    assert drawn != sample(numbers, 30, seed=1).tolist()
    assert drawn not in (numbers[:30].tolist(), sorted(numbers[:30].tolist()), sorted(numbers.tolist())[:30])


@pytest.mark.parametrize("limit", [None, 5, 9])
def test_no_limit_or_one_that_is_not_reached_takes_all(limit):
    assert sample(np.array([8, 1, 5, 3, 2]), limit, seed=0).tolist() == [1, 2, 3, 5, 8]
