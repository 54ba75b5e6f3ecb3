"""Further tables of a page: the scores of every class, and the differences between groups."""

from seqlab.comparison.files import read_table, to_number
from seqlab.comparison.groups import Benchmark, Group
from seqlab.comparison.paired import differences
from seqlab.comparison.table import Sheet
from seqlab.comparison.words import deciding
from seqlab.errors import RunError

OF_CLASSES = ("precision", "recall", "f1", "samples")
"""The numbers in classes.csv."""


def details(benchmark: Benchmark) -> list[Sheet]:
    """Return the tables for which a benchmark's runs have what is needed."""
    return [sheet for sheet in (_differences(benchmark), _classes(benchmark)) if sheet]


def _differences(benchmark: Benchmark) -> Sheet | None:
    pairs, note = differences(benchmark)
    score = deciding(benchmark)
    if not note or score is None:
        return None
    digits = benchmark.criteria.score(score).digits
    rows = [
        [
            pair.first,
            pair.second,
            f"{pair.mean:+.{digits}f}",
            f"{pair.low:+.{digits}f} to {pair.high:+.{digits}f}",
            "yes" if pair.is_clear else "no",
        ]
        for pair in pairs
    ]
    columns = ["group", "minus", "difference", "95 % interval", "clear"]
    return Sheet("Pairs of groups", columns, rows, frozenset({"difference", "95 % interval"}), note=note)


def _classes(benchmark: Benchmark) -> Sheet | None:
    rows = [row for group in benchmark.groups for row in _of_group(group)]
    if not rows:
        return None
    note = "Of the test, by each group's run with the best validation score."
    columns = ["group", "class", "precision", "recall", "F1", "samples"]
    return Sheet("Every class", columns, rows, frozenset(columns[2:]), note=note)


def _of_group(group: Group) -> list[list[str]]:
    """Return a row for each class; none of a run that has no such table, or a damaged one."""
    try:
        found = read_table(group.best.path / "classes.csv", ("title", *OF_CLASSES))
        return [
            [group.label, title, *(f"{to_number(one):.4f}" for one in scores), f"{to_number(samples):,.0f}"]
            for title, *scores, samples in found
        ]
    except (RunError, ValueError):
        return []
