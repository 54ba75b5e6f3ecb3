"""Learning curves: training on the left, validation on the right, every group in its own colour."""

from collections.abc import Iterable

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqlab.comparison.figures.gallery import Gallery, band, colour, finish, tall, text, ticks
from seqlab.comparison.groups import Benchmark, Group
from seqlab.comparison.runs import Run
from seqlab.tasks.score import Score

STAGES = {"train": "training", "val": "validation"}


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
        "Dotted curves are of unfinished runs. "
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
            traces = _mean(group, name, number) if means else _each(group, name, number)
            for trace in traces:
                trace.showlegend = trace.showlegend and column == 1
                figure.add_trace(trace, row=1, col=column)
    unit = benchmark.unit if score.unit is None else score.unit
    figure.update_yaxes(title=text(", ".join(filter(None, (score.heading, unit))), 60), col=1)
    last = max((max(trace.x) for trace in figure.data), default=1)
    figure.update_xaxes(title="epoch", dtick=ticks(last))
    return finish(figure, benchmark, f"{score.heading} by epoch", height=tall(figure))


def _mean(group: Group, name: str, number: int) -> list[go.Scatter]:
    histories = [dict(run.history[name]) for run in group.runs if name in run.history]
    if not histories:
        return []
    epochs = sorted(set(histories[0]).intersection(*histories[1:]))
    lines = [[history[epoch] for epoch in epochs] for history in histories]
    return band([epoch + 1 for epoch in epochs], lines, group.label, colour(number))


def _each(group: Group, name: str, number: int) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=[epoch + 1 for epoch, _ in run.history[name]],
            y=[value for _, value in run.history[name]],
            name=text(_name(group, run)),
            legendgroup=run.folder,
            mode="lines",
            line={"color": colour(number), "dash": "solid" if run.status == "done" else "dot"},
            showlegend=True,
        )
        for run in group.runs
        if name in run.history
    ]


def _name(group: Group, run: Run) -> str:
    if len(group.runs) == 1 and run.status == "done":
        return group.label
    state = "" if run.status == "done" else f" ({run.status})"
    return f"{group.label}, seed {run.settings.get('seed')}{state}"
