"""Splits into training, validation and test data: grouped (equal samples together), random, or by time."""

import logging
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

log = logging.getLogger(__name__)

SPLITS = ("train", "val", "test")
HELD_OUT = {"val": "validation", "test": "test"}
"""What the splits are called that are not learnt from."""


@dataclass(frozen=True)
class Shares:
    """The fractions of the data for validation and for testing; the rest is for training."""

    val: float
    test: float

    def without(self, given: Container[str]) -> "Shares":
        """Return the fractions of the remaining data if some splits are given separately: 0 for these."""
        return Shares(0.0 if "val" in given else self.val, 0.0 if "test" in given else self.test)


def split_grouped(groups: np.ndarray, strata: np.ndarray, shares: Shares, seed: int) -> dict[str, np.ndarray]:
    """Split so that the samples of a group stay together, with the same fractions in every stratum.

    A group whose samples belong to several strata counts as part of the rarest one. Where strata are so small
    that a split would have no sample, all are split together.

    Args:
        groups: group of each sample, such as a hash of its spelling, [N].
        strata: stratum of each sample, such as its class, [N] in 0 to S − 1.
        shares: the fractions for validation and testing.
        seed: of the assignment of groups.

    Returns:
        The numbers of the samples in "train", "val" and "test", each in ascending order.
    """
    group, first = _numbered(groups)
    as_they_come = np.argsort(first)
    sizes = np.bincount(strata)
    rank = np.argsort(np.lexsort((np.arange(len(sizes)), sizes))).astype(np.int32)
    rarest = np.full(len(first), len(sizes), dtype=np.int32)
    np.minimum.at(rarest, group, rank[strata])
    part = np.empty(len(first), dtype=np.int8)
    random = np.random.default_rng(seed)
    for stratum in range(len(sizes)):
        drawn = as_they_come[rarest[as_they_come] == rank[stratum]]
        for number, places in enumerate(split_random(len(drawn), shares, random).values()):
            part[drawn[places]] = number
    found = {split: np.flatnonzero(part[group] == number) for number, split in enumerate(SPLITS)}
    if len(sizes) > 1 and any(share and not len(found[split]) for split, share in vars(shares).items()):
        log.warning("the classes are so small that a split would be empty; all samples are split together")
        return split_grouped(groups, np.zeros_like(strata), shares, seed)
    return found


def _numbered(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each sample's group, [N], and the first sample of each group.

    The same as ``np.unique``, with a third of its memory.
    """
    order = np.argsort(groups, kind="stable")
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = groups[order[1:]] != groups[order[:-1]]
    numbers = np.empty(len(order), dtype=np.int32)
    numbers[order] = np.cumsum(begins, dtype=np.int32) - 1
    return numbers, order[begins]


def strata_of(labels: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Return a number for each sample's combination of labels, in the order of their numbers, [N].

    Args:
        labels: the labels of each sample, [N, columns].
        sizes: how many different labels each column has.
    """
    combined = np.ravel_multi_index(tuple(labels.T), tuple(sizes))
    occurring = np.bincount(combined) > 0
    found: np.ndarray = (np.cumsum(occurring, dtype=np.int32) - 1)[combined]
    return found


def split_random(count: int, shares: Shares, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Split ``count`` samples at random."""
    val, test = round(count * shares.val), round(count * shares.test)
    order = random.permutation(count)
    return {"train": order[val + test :], "val": order[:val], "test": order[val : val + test]}


def split_by_time(count: int, shares: Shares) -> dict[str, range]:
    """Split ``count`` steps in their order: the first for training, the last for testing."""
    test = count - round(count * shares.test)
    val = test - round(count * shares.val)
    return {"train": range(val), "val": range(val, test), "test": range(test, count)}


def warn_of_shared(
    groups: np.ndarray, rows: Mapping[str, np.ndarray], given: Container[str], noun: str
) -> None:
    """Warn of samples of given splits that occur in training too.

    Args:
        groups: group of each sample, [N]; samples of a group count as equal.
        rows: the samples of each split.
        given: the splits that are given.
        noun: what a sample is called.
    """
    for split, name in HELD_OUT.items():
        if split not in given:
            continue
        if shared := int(np.isin(groups[rows[split]], groups[rows["train"]]).sum()):
            total = f"{shared:,} of {len(rows[split]):,} given {name} {noun}s"
            log.warning("%s also occur in training, which flatters the scores", total)


def sample(numbers: np.ndarray, limit: int | None, seed: int) -> np.ndarray:
    """Return ``limit`` of the numbers, chosen at random, in ascending order; all of them if None."""
    if limit is None or limit >= len(numbers):
        return np.sort(numbers)
    return np.sort(np.random.default_rng(seed).permutation(numbers)[:limit])
