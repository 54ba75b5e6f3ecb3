"""Differences between groups on the same test samples, with intervals by the bootstrap.

Test samples and seeds are both drawn again with replacement: the same samples for all groups, since an
easy sample is easy for all; seeds for each group on its own. A window is drawn with all its targets. Windows
begin one step after the other and share most of their steps, so they are drawn in blocks of neighbours. A
tagged sentence or sequence is drawn whole; the score stays the share of its steps.

Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13 (percentile interval);
Künsch, The Jackknife and the Bootstrap for General Stationary Observations, 1989 (blocks);
Davison, Hinkley, Bootstrap Methods and their Application, 1997, section 3.8 (whole sentences).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from seqlab.comparison.groups import Benchmark
from seqlab.comparison.measured import CLUSTERS, SCORES, Measured, measure
from seqlab.comparison.words import deciding
from seqlab.errors import RunError

DRAWS, LEVEL, SEED = 2000, 0.95, 0
"""How often samples and seeds are drawn, the level of the interval, and the seed of the draws."""


@dataclass(frozen=True)
class Difference:
    """The score of a group minus that of another.

    Attributes:
        first: the label of the group.
        second: the label of the other one.
        mean: the difference of their means over samples and seeds.
        low: the lower end of its interval.
        high: the upper end.
    """

    first: str
    second: str
    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def differences(benchmark: Benchmark) -> tuple[list[Difference], str]:
    """Return the differences of all pairs of groups, and what they are of, or why there are none.

    Groups whose predictions are missing, or are of other samples than those of the best, are left out.
    """
    score = deciding(benchmark)
    if score not in SCORES or len(benchmark.groups) < 2:  # noqa: PLR2004 (a pair)
        return [], ""
    found: dict[str, np.ndarray] = {}
    first: Measured | None = None
    for group in benchmark.groups:
        try:
            measured = [measure(run, score) for run in group.runs]
        except (RunError, ValueError):
            continue  # the gallery of single predictions names the damage
        first = first or measured[0]
        if all(one.samples == first.samples for one in measured):
            found[group.label] = np.stack([one.values for one in measured])
    if first is None or len(found) < 2:  # noqa: PLR2004 (a pair)
        return [], "No two groups have predictions of the same test samples, so no pair is compared."
    drawn = draws(list(found.values()), first.block, first.sizes)
    means = {label: np.average(values, axis=1, weights=first.sizes).mean() for label, values in found.items()}
    pairs = [
        _difference((one, two), means[one] - means[two], _apart(drawn[i], drawn[j]))
        for (i, one), (j, two) in combinations(enumerate(found), 2)
    ]
    heading = benchmark.criteria.score(score).heading
    return pairs, _told(heading, found, first)


def draws(groups: list[np.ndarray], block: int = 1, sizes: np.ndarray | None = None) -> np.ndarray:
    """Return the means of groups over samples and seeds that are drawn again, [G, draws].

    Args:
        groups: for each group its values, [seeds, N].
        block: how many neighbours of the N are drawn together.
        sizes: how many samples each of the N has, whose mean it is, [N]; None for one.
    """
    random = np.random.default_rng(SEED)
    count = groups[0].shape[1]
    starts = -(-count // block)
    offsets = np.arange(block)
    means = np.empty((len(groups), DRAWS))
    for number in range(DRAWS):
        chosen = (random.integers(count, size=starts)[:, None] + offsets).ravel()[:count] % count
        weights = np.bincount(chosen, minlength=count) * (1 if sizes is None else sizes)
        weights = weights / weights.sum()
        for group, values in enumerate(groups):
            seeds = random.integers(len(values), size=len(values))
            means[group, number] = (values @ weights)[seeds].mean()
    return means


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return differences; of means that are equal but for rounding they are 0."""
    return np.where(np.isclose(one, other, rtol=1e-12, atol=0), 0, one - other)


def _difference(names: tuple[str, str], mean: float, drawn: np.ndarray) -> Difference:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Difference(*names, float(mean), float(low), float(high))


def _told(heading: str, found: dict[str, np.ndarray], measured: Measured) -> str:
    seeds = {len(values) for values in found.values()}
    alone = " Groups of one seed: how much another seed would change is not in the interval." * (1 in seeds)
    drawn = "samples"
    if measured.unit in CLUSTERS:
        drawn = f"{len(measured.sizes):,} whole {measured.unit}s"
    elif measured.block > 1:
        drawn = f"samples, in blocks of {measured.block} neighbouring windows,"
    count, of_all, thinned = int(measured.sizes.sum()), "", ""
    if count < measured.tested:
        of_all = f" of {measured.tested:,}"
        thinned = " The other predictions were not written, so means are not quite those of the table."
    return (
        f"{heading} of the first minus that of the second, on the same {count:,}{of_all} test samples."
        f"{thinned} The interval ({LEVEL:.0%}) is by the bootstrap, {DRAWS:,} draws of {drawn} and of seeds. "
        f"A difference is clear if 0 is outside; of many pairs one in twenty is so by chance.{alone}"
    )
