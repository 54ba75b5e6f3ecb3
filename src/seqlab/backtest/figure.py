"""The figure of a backtest: the error of each fold, and the differences from the baselines."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from seqlab.backtest.plan import Result
from seqlab.backtest.scoring import MODEL
from seqlab.backtest.summary import CONFIDENCE, Mean
from seqlab.tasks.figures.fonts import write_title

MOST_TICKS = 6
"""Maximum number of folds with a date below them."""


def draw(results: Sequence[Result], differences: Mapping[str, Mean], score: str, title: str) -> Figure:
    """Draw a score of the network and the baselines by fold, and their differences with intervals.

    Args:
        results: of the folds that are done.
        differences: the network's score minus that of each baseline.
        score: its name.
        title: of the figure.
    """
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for name in dict.fromkeys(name for one in results for name in one.scores):
        found = [(one.fold, one.scores[name][score]) for one in results if name in one.scores]
        style = {"color": "black", "lw": 2.2, "zorder": 3} if name == MODEL else {"lw": 1, "ls": "--"}
        left.plot(*zip(*found, strict=True), marker="o", ms=4, label=name, **style)
    shown = results[:: math.ceil(len(results) / MOST_TICKS)]
    left.set_xticks([one.fold for one in shown], [f"{one.fold}\n{one.first[:10]}" for one in shown])
    left.set(xlabel="fold and its first time", ylabel=score)
    write_title(left, title)
    left.legend(fontsize=8)
    for place, (name, one) in enumerate(differences.items()):
        low, high = one.interval
        right.plot([low, high], [place, place], color="C0")
        right.plot(one.mean, place, "o", color="C0")
        right.annotate(name, (one.mean, place), (0, 6), textcoords="offset points", ha="center", fontsize=8)
    right.axvline(0, color="black", lw=1)
    right.set_yticks([])
    right.margins(y=0.2)
    right.set(xlabel=f"model − baseline, {score}; {CONFIDENCE:.0%} interval over folds")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    return figure
