"""The groups compared: a bar for each main test score, with error bars, and lines for the baselines."""

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqlab.comparison.criteria import have_different_tokens
from seqlab.comparison.figures.gallery import DASHES, MARGIN, Gallery, finish, text
from seqlab.comparison.groups import Benchmark
from seqlab.comparison.line_styles import colour

LABEL, LINE, ROW = 48, 17, 34
"""Characters per line of a group's label; pixels per line, and minimum pixels per group."""


def comparison(benchmark: Benchmark) -> Gallery:
    """Return one figure: a panel for each score with a bar for each group, the best at the top.

    Of different tokens, only a score that decides can be compared.
    """
    shown = [
        name
        for name in benchmark.scores
        if name.startswith("test/") and benchmark.criteria.score(name).better
    ]
    if have_different_tokens(benchmark.runs):
        shown = [name for name in shown if name.replace("test/", "val/") in benchmark.criteria.deciding]
    figures: dict[tuple[str, ...], go.Figure] = {(): _panels(benchmark, shown)} if shown else {}
    note = "Bars are means over seeds, error bars one standard deviation (n − 1); dashed lines are baselines."
    return Gallery("comparison", "Comparison", (), figures, note)


def _panels(benchmark: Benchmark, shown: list[str]) -> go.Figure:
    figure = make_subplots(
        rows=1,
        cols=len(shown),
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=[text(benchmark.criteria.score(name).heading) for name in shown],
    )
    labels = [text(group.label, LABEL) for group in benchmark.groups]
    for column, score in enumerate(shown, 1):
        figure.add_traces(_bars_of(benchmark, score, labels), rows=1, cols=column)
        for number, (name, metrics) in enumerate(benchmark.baselines.items()):
            if score in metrics:
                figure.add_vline(
                    x=metrics[score],
                    line={"color": "#555", "width": 1.6, "dash": DASHES[number % len(DASHES)]},
                    name=text(f"baseline: {name}"),
                    legendgroup=name,
                    showlegend=column == 1,
                    row=1,
                    col=column,
                )
        unit = benchmark.criteria.score(score).unit
        unit = text(benchmark.unit if unit is None else unit)
        figure.update_xaxes(title=unit, rangemode="tozero", row=1, col=column)
    order = {"categoryorder": "array", "categoryarray": labels}
    figure.update_yaxes(autorange="reversed", automargin=True, **order)
    figure.update_layout(barmode="overlay")
    lines = max(label.count("<br>") + 1 for label in labels)
    margin = MARGIN | {"t": 110}
    height = margin["t"] + margin["b"] + max(ROW, LINE * lines + 6) * len(labels)
    legend = {"orientation": "h", "yref": "container", "y": 1 - 46 / height, "yanchor": "top", "x": 0}
    figure.update_annotations(font_size=14)
    return finish(figure, benchmark, "test scores", height=height, legend=legend, margin=margin)


def _bars_of(benchmark: Benchmark, score: str, labels: list[str]) -> list[go.Bar]:
    """Return the bars of one score: those with error bars, and those of a single seed."""
    traces = []
    for has_error_bars in (True, False):
        indices = [
            index
            for index, group in enumerate(benchmark.groups)
            if group.values(score) and (group.deviation(score) is not None) == has_error_bars
        ]
        groups = [benchmark.groups[index] for index in indices]
        error_bars = {"array": [group.deviation(score) for group in groups], "thickness": 1.5}
        bars = go.Bar(
            x=[group.mean(score) for group in groups],
            y=[labels[index] for index in indices],
            orientation="h",
            marker={"color": [colour(index) for index in indices]},
            error_x=error_bars if has_error_bars else None,
            text=[benchmark.criteria.score(score).text(group.mean(score) or 0.0) for group in groups],
            textposition="auto",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            customdata=[f"{len(group.runs)} seed{'s' * (len(group.runs) > 1)}" for group in groups],
            hovertemplate="%{y}<br>%{x:.4f} (%{customdata})<extra></extra>",
            showlegend=False,
        )
        traces += [bars] if indices else []
    return traces
