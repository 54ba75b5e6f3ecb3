"""The confusion matrix of every group's best run: its confusion.csv, or counted from its predictions."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from unicodedata import east_asian_width

import plotly.graph_objects as go

from seqlab.comparison.figures.gallery import Gallery, finish, text
from seqlab.comparison.files import predictions_of, read_table, to_number
from seqlab.comparison.groups import Benchmark
from seqlab.comparison.runs import Run
from seqlab.errors import RunError

COUNTED = 30
"""With more classes than this, counts are not written into the cells."""

WIDEST = 24
"""The width of a class name at the axes, in Latin characters."""

SIDE, LEAST, MOST = 30, 320, 1400
"""Pixels per class; minimum and maximum of the whole figure."""


def confusion(benchmark: Benchmark, problems: list[str]) -> Gallery:
    """Return the matrix of each group's run with the best validation score; rows are true classes."""
    figures: dict[tuple[str, ...], go.Figure] = {}
    for group in benchmark.groups:
        run = group.best
        try:
            counts, names, remark = count(run)
        except RunError as error:
            problems.append(f"{run.folder}: no confusion matrix, {error}")
            continue
        seed = (
            f", seed {run.settings.get('seed')}, the best of {len(group.runs)}" if len(group.runs) > 1 else ""
        )
        right = sum(row[number] for number, row in enumerate(counts)) / max(sum(map(sum, counts)), 1)
        title = f"test predictions of {group.label}{seed}{remark}, accuracy {right:.4f}"
        figures[group.label,] = _figure(benchmark, counts, names, title)
    note = (
        "Rows are true classes with their samples, columns are predicted classes. The number is the count of "
        "test samples, the colour their share of the true class. Each group is shown by its run with the "
        "best validation score."
    )
    return Gallery("confusion", "Confusion matrices", ("group",), figures, note)


def count(run: Run) -> tuple[list[list[int]], list[str], str]:
    """Return what a run has confused in its test, [C, C], row = true class, the classes, and a remark.

    Raises:
        RunError: a file is missing or damaged.
    """
    about = read_table(run.path / "classes.csv", ("class", "title"), perhaps=("samples",))
    counts, remark = _confused(run.path), ""
    if of_all := sum(int(to_number(row[2])) for row in about if len(row) > len(("class", "title"))):
        counted = sum(counts.values())
        remark = f", {counted:,} of {of_all:,} test samples" if counted < of_all else ""
    recorded = run.record["data"].get("classes") or []
    classes = list(dict.fromkeys([*recorded, *sorted({name for pair in counts for name in pair})]))
    titles = {row[0]: row[1] for row in about}
    names = [name if titles.get(name, name) == name else f"{name} {titles[name]}" for name in classes]
    return [[counts[true, predicted] for predicted in classes] for true in classes], names, remark


def _confused(folder: Path) -> Counter[tuple[str, ...]]:
    """Return how often which class was predicted for which; earlier runs have no file with that."""
    file = folder / "confusion.csv"
    if not file.exists():
        return Counter(read_table(predictions_of(folder), ("true", "predicted")))
    rows = read_table(file, ("true", "predicted", "samples"))
    try:
        return Counter({(true, predicted): int(samples) for true, predicted, samples in rows})
    except ValueError as error:
        raise RunError(f"{file.name} is damaged ({error})") from error


def _figure(
    benchmark: Benchmark, counts: Sequence[Sequence[int]], names: Sequence[str], title: str
) -> go.Figure:
    shares = [[number / max(sum(row), 1) for number in row] for row in counts]
    shown = [[str(number or "") for number in row] for row in counts]
    positions = list(range(len(names)))
    heatmap = go.Heatmap(
        z=shares,
        x=positions,
        y=positions,
        zmin=0,
        zmax=1,
        colorscale="Blues",
        text=shown,
        texttemplate="%{text}" if len(names) <= COUNTED else "",
        textfont={"size": 13},
        customdata=[
            [
                [text(true, 200), text(predicted, 200), number]
                for predicted, number in zip(names, row, strict=True)
            ]
            for true, row in zip(names, counts, strict=True)
        ],
        hovertemplate=(
            "true %{customdata[0]}<br>predicted %{customdata[1]}<br>"
            "%{customdata[2]} samples, %{z:.1%} of the class<extra></extra>"
        ),
        colorbar={"title": {"text": "share of the<br>true class"}, "tickformat": ".0%"},
        xgap=1,
        ygap=1,
    )
    ticks = {"tickvals": positions, "ticktext": [_short(name) for name in names], "automargin": True}
    ticks |= {"showgrid": False, "zeroline": False, "constrain": "domain"}
    ticks |= {"tickfont": {"size": 12 if len(names) <= COUNTED else 9}}
    of_class = [f"{_short(name)} ({sum(row):,})" for name, row in zip(names, counts, strict=True)]
    side = min(max(SIDE * len(names), LEAST), MOST)
    return finish(
        go.Figure(heatmap),
        benchmark,
        title,
        xaxis=ticks | {"title": "predicted", "tickangle": -45 if len(names) <= COUNTED else -90},
        yaxis=ticks
        | {"title": "true (samples)", "ticktext": of_class, "autorange": "reversed", "scaleanchor": "x"},
        height=side + 230,
        width=side + 360,
    )


def _short(name: str) -> str:
    """Shorten a class name to a width of ``WIDEST`` Latin characters; a Chinese character counts as two."""
    widths = accumulate(1 + (east_asian_width(character) in "WF") for character in name)
    kept = sum(width <= WIDEST for width in widths)
    return text(name if kept == len(name) else f"{name[:kept]}…", WIDEST + 1)
