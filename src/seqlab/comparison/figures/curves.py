"""Learning curves: training on the left, validation on the right, every group in its own colour."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqlab.comparison.criteria import Criteria
from seqlab.comparison.epochs import RING, best_epoch_of_mean, by_epoch
from seqlab.comparison.figures.gallery import DASHES, Gallery, band, finish, line, tall, text, ticks
from seqlab.comparison.groups import Benchmark, Group
from seqlab.comparison.runs import Run
from seqlab.tasks.score import Score

STAGES = {"train": "training", "val": "validation"}

RING_SIZE, POINT_SIZE = 11, 3
"""The sizes of markers in pixels."""


def curves(benchmark: Benchmark) -> Gallery:
    """Return for each score the mean over seeds with its band, and the curves of every run."""
    figures: dict[tuple[str, ...], go.Figure] = {}
    groups = (*benchmark.groups, *benchmark.unfinished)
    scores = [score for score in benchmark.criteria.scores.values() if score.each_epoch]
    for score in sorted(scores, key=lambda score: score.name == "loss"):
        if not any(f"{stage}/{score.name}" in run.history for stage in STAGES for run in benchmark.runs):
            continue
        if any(len(group.runs) > 1 for group in groups):
            figures[score.heading, "mean over seeds"] = _figure(
                benchmark, score, benchmark.groups, means=True
            )
        figures[score.heading, "every run"] = _figure(benchmark, score, groups, means=False)
    note = (
        "A band is one standard deviation over seeds (n − 1), up to the last epoch of all runs of the group. "
        f"{RING} Grey lines are baselines; pale curves are of unfinished runs. "
        "A click on a name hides its curves, a double click all others."
    )
    return Gallery("curves", "Learning curves", ("score", "lines"), figures, note)


def _figure(benchmark: Benchmark, score: Score, groups: Iterable[Group], *, means: bool) -> go.Figure:
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.03, subplot_titles=list(STAGES.values())
    )
    for number, group in enumerate(groups):
        for column, stage in enumerate(STAGES, 1):
            name = f"{stage}/{score.name}"
            draw = _mean if means else _each
            traces = draw(group, name, number, benchmark.criteria)
            for trace in traces:
                trace.showlegend = trace.showlegend and column == 1
                figure.add_trace(trace, row=1, col=column)
    last = max((max(trace.x) for trace in figure.data), default=1)
    for trace in _baselines(benchmark, f"val/{score.name}", last):
        figure.add_trace(trace, row=1, col=2)
    unit = benchmark.unit if score.unit is None else score.unit
    figure.update_yaxes(title=text(", ".join(filter(None, (score.heading, unit))), 60), col=1)
    figure.update_xaxes(title="epoch", dtick=ticks(last))
    return finish(figure, benchmark, f"{score.heading} by epoch", height=tall(figure))


def _mean(group: Group, name: str, number: int, criteria: Criteria) -> list[go.Scatter]:
    epochs, lines = by_epoch(group, name)
    if not lines:
        return []
    x = [epoch + 1 for epoch in epochs]
    marker = _ring(epochs, group, name, criteria)
    return band(x, lines, group.label, number, mode="lines+markers", marker=marker)


def _each(group: Group, name: str, number: int, criteria: Criteria) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=[epoch + 1 for epoch, _ in run.history[name]],
            y=[value for _, value in run.history[name]],
            name=text(_name(group, run)),
            legendgroup=run.folder,
            mode="lines+markers",
            line=line(number),
            marker=_ring([epoch for epoch, _ in run.history[name]], _alone(group, run), name, criteria),
            opacity=1 if run.status == "done" else 0.4,
            showlegend=True,
        )
        for run in group.runs
        if name in run.history
    ]


def _alone(group: Group, run: Run) -> Group:
    return replace(group, runs=(run,))


def _ring(epochs: Sequence[int], group: Group, name: str, criteria: Criteria) -> dict[str, Any]:
    """Return the markers of a curve, a ring at the best epoch of the validation."""
    best = best_epoch_of_mean(group, criteria) if name.startswith("val/") else None
    sizes = [RING_SIZE if epoch == best else POINT_SIZE for epoch in epochs]
    return {"size": sizes, "symbol": "circle-open", "line": {"width": 2}}


def _baselines(benchmark: Benchmark, name: str, last: int) -> list[go.Scatter]:
    known = [(key, metrics[name]) for key, metrics in benchmark.baselines.items() if name in metrics]
    return [
        go.Scatter(
            x=[1, last],
            y=[value, value],
            name=text(f"baseline: {baseline}"),
            mode="lines",
            line={"color": "#777", "width": 1.6, "dash": DASHES[number % len(DASHES)]},
            showlegend=True,
        )
        for number, (baseline, value) in enumerate(known)
    ]


def _name(group: Group, run: Run) -> str:
    if len(group.runs) == 1 and run.status == "done":
        return group.label
    state = "" if run.status == "done" else f" ({run.status})"
    return f"{group.label}, seed {run.settings.get('seed')}{state}"
