"""Common elements of all figures: menus, colours, titles, a mean with its band."""

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import plotly.graph_objects as go

from seqlab.comparison.groups import Benchmark, standard_deviation
from seqlab.comparison.line_styles import colour, dash

EPOCHS, HOURS = (1, 2, 5, 10, 20, 50, 100, 200, 500), (1, 2, 3, 6, 12, 24, 48, 96)
"""Distances between ticks that are easy to read."""
AHEAD = {"hours": HOURS, "steps": EPOCHS}
"""Those of how far ahead a forecast is, by its unit."""

DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot")
"""The dash styles of baselines, whose lines are grey."""

AXIS = {"title": {"font": {"size": 13}, "standoff": 10}, "gridcolor": "#e8ebef", "zerolinecolor": "#b8c0ca"}
THEME = {"layout": {"xaxis": AXIS, "yaxis": AXIS}}
MARGIN = {"l": 60, "r": 20, "t": 80, "b": 60}
"""Pixels around the axes."""
TOOLS = 220
"""Width of plotly's buttons, next to the title, in pixels."""


@dataclass(frozen=True)
class Gallery:
    """Figures of one kind, of which the reader chooses one.

    Attributes:
        name: a short name for links.
        title: the title for readers.
        choices: the labels of the menus, such as ("score", "lines").
        figures: the figures by the chosen options, one for each menu, in the order of the menus.
        note: how to read the figures.
    """

    name: str
    title: str
    choices: tuple[str, ...]
    figures: Mapping[tuple[str, ...], go.Figure]
    note: str = ""


def line(number: int) -> dict[str, str]:
    """Return the line of the group with this number."""
    return {"color": colour(number), "dash": ",".join(f"{part}px" for part in dash(number)) or "solid"}


def text(value: str, width: int = 34) -> str:
    """Return a name that plotly shows literally, in lines of ``width`` characters."""
    return "<br>".join(html.escape(line, quote=False) for line in textwrap.wrap(value, width)) or " "


def finish(figure: go.Figure, benchmark: Benchmark, title: str, **layout: Any) -> go.Figure:
    """Add the theme and a title, which states if the data are a sample."""
    data = benchmark.runs[0].record["data"]
    source = " — SAMPLE DATA" if benchmark.is_sample else ""
    heading = text(f"{data.get('name', '')}{source}: {title}", int(layout.get("width", 1200) - TOOLS) // 9)
    anchor = {
        "x": 0,
        "xref": "container",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"t": 16, "l": 12},
    }
    figure.layout.template = THEME  # replaces plotly's theme, which every figure would store
    common = {"margin": MARGIN, "height": 520, "hovermode": "closest"}
    figure.update_layout(common | layout)
    return figure.update_layout(title=anchor | {"text": heading, "font": {"size": 15}})


def tall(figure: go.Figure) -> int:
    """Return the height in pixels at which all names fit into the legend."""
    names: list[str] = [trace.name for trace in figure.data if trace.showlegend is not False]
    return max(520, 160 + sum(17 * (name.count("<br>") + 1) + 12 for name in names))


def ticks(last: float, steps: Sequence[int] = EPOCHS, most: int = 12) -> float:
    """Return the smallest of ``steps`` that gives at most ``most`` ticks up to ``last``."""
    return next((step for step in steps if last / step <= most), last / most)


def band(
    x: Sequence[float], lines: Sequence[Sequence[float]], name: str, number: int, **trace: Any
) -> list[go.Scatter]:
    """Return the mean of n lines, and for n ≥ 2 around it a band of one standard deviation (n − 1).

    Args:
        x: positions of the values, [N].
        lines: values, [n, N].
        name: the name of the mean and its band.
        number: of the group, which has a colour and a dash of its own.
        trace: further properties of both, such as ``showlegend`` of the mean.
    """
    means = [fmean(column) for column in zip(*lines, strict=True)]
    shared = {"legendgroup": name} | {key: trace[key] for key in ("xaxis", "yaxis") if key in trace}
    mean = go.Scatter(
        x=list(x),
        y=means,
        name=text(name),
        line=line(number),
        **{"mode": "lines+markers", "marker": {"size": 4}, "showlegend": True} | shared | trace,
    )
    if len(lines) < 2:  # noqa: PLR2004 (one line has no band)
        return [mean]
    deviations = [standard_deviation(column) for column in zip(*lines, strict=True)]
    above = [value + off for value, off in zip(means, deviations, strict=True)]
    below = [value - off for value, off in zip(means, deviations, strict=True)]
    area = go.Scatter(
        x=[*x, *reversed(x)],
        y=above + below[::-1],
        fill="toself",
        fillcolor=colour(number),
        opacity=0.15,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        **shared,
    )
    return [area, mean]
