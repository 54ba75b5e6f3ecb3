"""Splits keep groups together, in the same shares of every stratum, and by time."""

import random
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data.splits import (
    Shares,
    sample,
    split_by_time,
    split_grouped,
    split_random,
    warn_of_shared,
)


def naive_split(groups: list[int], strata: list[int], shares: Shares, seed: int) -> dict[str, list[int]]:
    """Split with dictionaries and lists, group by group."""
    members = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    by_stratum = defaultdict(list)
    for numbers in members.values():
        rarest = min((strata[number] for number in numbers), key=lambda name: (strata.count(name), name))
        by_stratum[rarest].append(numbers)
    generator = np.random.default_rng(seed)
    parts: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for stratum in sorted(by_stratum):
        drawn = by_stratum[stratum]
        for part, places in split_random(len(drawn), shares, generator).items():
            parts[part] += [number for place in places for number in drawn[place]]
    if any(strata) and not (parts["val"] and parts["test"]):
        return naive_split(groups, [0] * len(strata), shares, seed)
    return {part: sorted(numbers) for part, numbers in parts.items()}


@settings(deadline=None)
@given(
    groups=st.lists(st.integers(0, 15), min_size=1, max_size=60),
    seed=st.integers(0, 5),
    data=st.data(),
)
def test_the_grouped_split_is_what_a_naive_one_gives(groups, seed, data):
    strata = data.draw(st.lists(st.integers(0, 3), min_size=len(groups), max_size=len(groups)))
    shares = Shares(val=0.2, test=0.2)
    parts = split_grouped(np.array(groups), np.array(strata), shares, seed)
    expected = naive_split(groups, strata, shares, seed)
    assert {part: numbers.tolist() for part, numbers in parts.items()} == expected


def test_classes_too_small_for_a_share_of_each_are_split_together(caplog):
    strata = np.repeat(np.arange(5), 4)
    parts = split_grouped(np.arange(20), strata, Shares(val=0.1, test=0.1), seed=0)
    assert [len(rows) for rows in parts.values()] == [16, 2, 2]
    assert "all samples are split together" in caplog.text
    assert len(split_grouped(np.arange(20), strata, Shares(val=0.0, test=0.25), seed=0)["test"]) == 5


@pytest.mark.parametrize("count", [1, 7, 100])
def test_a_split_by_time_has_no_overlap_and_the_test_comes_last(count):
    parts = split_by_time(count, Shares(val=0.1, test=0.2))
    assert [number for part in parts.values() for number in part] == list(range(count))
    assert list(parts) == ["train", "val", "test"]
    assert len(parts["test"]) == round(count * 0.2)


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
    strata = data.draw(st.lists(st.integers(0, 2), min_size=len(groups), max_size=len(groups)))
    parts = split_grouped(np.array(groups), np.array(strata), Shares(val=0.2, test=0.2), seed)
    assert list(parts) == ["train", "val", "test"]
    assert sorted(number for numbers in parts.values() for number in numbers) == list(range(len(groups)))
    found = {part: {groups[number] for number in numbers} for part, numbers in parts.items()}
    assert sum(len(spellings) for spellings in found.values()) == len(set(groups))
    assert all(list(numbers) == sorted(numbers) for numbers in parts.values())


def test_every_stratum_has_the_same_shares():
    strata = [0] * 1000 + [1] * 100 + [2] * 10
    parts = split_grouped(np.arange(1110), np.array(strata), Shares(val=0.1, test=0.2), seed=0)
    counts = {
        part: [sum(strata[number] == stratum for number in numbers) for stratum in range(3)]
        for part, numbers in parts.items()
    }
    assert counts == {"train": [700, 70, 7], "val": [100, 10, 1], "test": [200, 20, 2]}


def test_a_group_of_two_strata_counts_as_the_rarer_one():
    # Ten groups of the rare stratum, each with a sample of the common one; a tenth of them is one group.
    groups = [*range(10), *range(10), *range(10, 40)]
    strata = [0] * 10 + [1] * 40
    parts = split_grouped(np.array(groups), np.array(strata), Shares(val=0.1, test=0.1), seed=0)
    for part in ("val", "test"):
        assert sum(groups[number] < 10 for number in parts[part]) == 2
        assert sum(groups[number] >= 10 for number in parts[part]) == 3


@pytest.mark.parametrize("split", ["grouped", "random"])
def test_a_split_is_a_function_of_its_seed(split):
    def draw(seed: int) -> list[list[int]]:
        shares = Shares(val=0.1, test=0.1)
        parts = (
            split_grouped(np.arange(200), np.zeros(200, int), shares, seed)
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


def test_nothing_is_taken_for_a_split_that_is_given():
    assert Shares(0.1, 0.2).without({"test": 1}) == Shares(0.1, 0.0)
    assert Shares(0.1, 0.2).without(()) == Shares(0.1, 0.2)


def test_samples_of_a_given_split_that_are_in_training_are_counted(caplog):
    rows = {"train": np.arange(3), "val": np.array([3, 4]), "test": np.array([5, 6, 7])}
    groups = np.array([1, 2, 3, 1, 9, 2, 8, 3])
    warn_of_shared(groups, rows, ("train", "test"), "text")
    assert caplog.messages == ["2 of 3 given test texts also occur in training, which flatters the scores"]
    warn_of_shared(groups, rows, ("val",), "text")
    assert caplog.messages[1].startswith("1 of 2 given validation texts")
