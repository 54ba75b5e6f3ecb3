"""Made-up data: Chinese shopping reviews from a small grammar, in the schema of online_shopping_10_cats.

Nobody wrote them, and no shop sold the goods. Columns, categories, proportions and the order of the rows are
the real file's. Some reviews say nothing of the product, and some praise and blame it alike, as people do.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

from seqlab.data.samples.review_phrases import (
    CATEGORIES,
    HOTEL,
    LATER,
    OPENINGS,
    REMARKS,
    SILENT,
    UNDECIDED,
    VERDICTS,
)

_SEED = 20180402
_ROWS = 4000


def write_reviews(path: Path) -> None:
    """Write 4,000 made-up reviews to ``path``, the same bytes at every call.

    The columns are ``cat``, ``label`` (1 praise, 0 blame; half and half in every category) and ``review``.

    Args:
        path: the CSV file, overwritten if it is there.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("cat", "label", "review"))
        writer.writerows(_rows())


def _rows() -> Iterator[tuple[str, int, str]]:
    """Yield the rows by category, praise first, in the proportions of the real file."""
    random = Random(_SEED)  # noqa: S311 (no secret depends on it)
    seen: set[str] = set()
    writers = [_Writer(block, random, seen) for block in CATEGORIES.strip().split("\n\n")]
    total = sum(writer.weight for writer in writers)
    rows = weight = 0
    for writer in writers:
        weight += writer.weight
        count = round(_ROWS * weight / total) - rows
        rows += count
        for row in range(count):
            praise = row < count / 2
            yield writer.name, int(praise), writer.review(praise=praise)


class _Writer:
    """Whoever writes the reviews of one category."""

    def __init__(self, block: str, random: Random, seen: set[str]) -> None:
        first, *lines = block.splitlines()
        self.name, weight, *self.things = first.split()
        self.weight = int(weight)
        self.aspects = [line.split(" ", 1) for line in lines]
        self.pool = "hotel" if self.name == HOTEL else "goods"
        self.random, self.seen = random, seen

    def review(self, *, praise: bool) -> str:
        kind = self.random.choices((self._plain, self._silent, self._mixed), (87, 8, 5))[0]
        text = kind(praise=praise)
        # The real file repeats a review now and then; so does this one, but seldom.
        while text in self.seen and self._chance(0.9):
            text = kind(praise=praise)
        self.seen.add(text)
        return text

    def _plain(self, *, praise: bool) -> str:
        """Say what the label says: perhaps an opening, some aspects, perhaps remarks and a verdict."""
        wordy = self._chance(0.25)
        aspects = self._aspects(self.random.choices(range(7), (10, 20, 26, 20, 12, 7, 5))[0] + wordy)
        clauses = self._said(aspects, praise=praise, twice=wordy)
        if len(clauses) > 1 and self._chance(0.25):
            clauses[-1] = f"而且{clauses[-1]}"
        if clauses and self._chance(0.5):
            opening = self.random.choice(OPENINGS[self.pool].split())
            clauses[0] = f"{opening.format(self.random.choice(self.things))}，{clauses[0]}"
        remarks = _side(REMARKS[self.pool], praise=praise)
        count = self.random.choices(range(3), (50, 35, 15))[0] + wordy
        clauses += [
            remark.format(self.random.randint(4, 20)) for remark in self.random.sample(remarks, count)
        ]
        first, last = self.random.sample(_side(VERDICTS[self.pool], praise=praise), 2)
        if not clauses or self._chance(0.3):
            clauses.insert(0, first)
        if self._chance(0.35):
            clauses.append(last)
        return self._punctuated(clauses)

    def _silent(self, *, praise: bool) -> str:  # noqa: ARG002 (which is the point)
        """Say nothing of the product."""
        who, why = self.random.choice(SILENT[self.pool]).split("|")
        clauses = [self.random.choice(who.split()), self.random.choice(why.split())]
        if self._chance(0.8):
            clauses.append(self.random.choice(LATER.split()))
        return self._punctuated(clauses)

    def _mixed(self, *, praise: bool) -> str:  # noqa: ARG002 (either label would do)
        """Praise and blame alike, in either order."""
        good, count = self._chance(0.5), self.random.randint(1, 2)
        aspects = self._aspects(2 * count)
        first = self._said(aspects[:count], praise=good)
        then = self._said(aspects[count:], praise=not good)
        then[0] = self.random.choice(("但是", "不过", "只是")) + then[0]
        undecided = [self.random.choice(UNDECIDED.split())] if self._chance(0.6) else []
        return "，".join(first + then + undecided) + "。"

    def _aspects(self, count: int) -> list[list[str]]:
        return self.random.sample(self.aspects, min(count, len(self.aspects)))

    def _said(self, aspects: list[list[str]], *, praise: bool, twice: bool = False) -> list[str]:
        chosen = [(name, self.random.sample(_side(said, praise=praise), 1 + twice)) for name, said in aspects]
        return [name + "，".join(predicates) for name, predicates in chosen]

    def _punctuated(self, clauses: list[str]) -> str:
        """Join the clauses to sentences; some people leave out the last full stop."""
        text = clauses[0]
        for clause in clauses[1:]:
            text += self.random.choices("，。！", (70, 22, 8))[0] + clause
        return text + self.random.choices(("。", "！", ""), (60, 20, 20))[0]

    def _chance(self, share: float) -> bool:
        return self.random.random() < share


def _side(phrases: str, *, praise: bool) -> list[str]:
    """Return the phrases before the bar, or those behind it."""
    good, bad = phrases.split("|")
    return (good if praise else bad).split()
