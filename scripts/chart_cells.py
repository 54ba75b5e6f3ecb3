"""What bench_cells.py leaves in a folder: all numbers as a table, and the ratios as a chart."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from measure import Measurement, count
from measure_cells import SHAPES

from seqlab.engines import ENGINES

BAR = 0.2
"""Inches a bar."""


def write(folder: Path, found: Sequence[Measurement]) -> None:
    """Write bench_cells.csv, and bench_cells.png if there is a ratio of cells."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = ["part", "case", "threads", "cell", "variant", "against", "rounds"]
    with (folder / "bench_cells.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*fields, "low", "median", "high", "seconds", "against_seconds", "note"])
        for one in found:
            values = [getattr(one, name) for name in fields]
            table.writerow([*values, *one.value, one.own, one.other, one.note])
    drawn = [one for one in found if one.part == "cells" and not math.isnan(one.value.median)]
    if drawn:
        chart(drawn).savefig(folder / "bench_cells.png", dpi=150)


def chart(found: Sequence[Measurement]) -> Figure:
    """Draw the ratios of the fastest engine by cell and shape, a panel for each number of threads."""
    engine = next(name for name in ENGINES if any(one.variant == name for one in found))
    found = [one for one in found if one.variant == engine]
    threads = list(dict.fromkeys(one.threads for one in found))
    names = list(dict.fromkeys(one.cell for one in found))
    cases = list(dict.fromkeys(one.case for one in found))
    size = 2.0 + 3.6 * len(threads), 1.6 + BAR * len(names) * (len(cases) + 1)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(threads), sharex=True, sharey=True, squeeze=False)[0]
    for axes, number in zip(panels, threads, strict=True):
        panel(axes, [one for one in found if one.threads == number], names, cases)
        axes.set(xlabel=f"time on {engine} / time of torch.nn", title=count(number, "thread"))
    panels[0].set_yticks(range(len(names)), names)
    panels[0].invert_yaxis()
    figure.suptitle("forward and backward: median of the ratio, and quartiles")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def panel(axes: Axes, found: Sequence[Measurement], names: Sequence[str], cases: Sequence[str]) -> None:
    """Draw the bars of one number of threads, those of a cell side by side."""
    height = 1 / (len(cases) + 1)
    for place, case in enumerate(cases):
        bars = [one for one in found if one.case == case]
        shift = (place - (len(cases) - 1) / 2) * height
        axes.barh(
            [names.index(one.cell) + shift for one in bars],
            [one.value.median for one in bars],
            height,
            xerr=[
                [one.value.median - one.value.low for one in bars],
                [one.value.high - one.value.median for one in bars],
            ],
            error_kw={"elinewidth": 0.8},
            label=f"{case}: {SHAPES[case]}",
        )
    axes.axvline(1.0, color="black", linewidth=1)
    axes.grid(axis="x", alpha=0.3)
