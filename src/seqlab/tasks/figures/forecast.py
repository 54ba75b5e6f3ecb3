"""Figures of a forecasting run: error by horizon, a page of forecasts, the distribution of errors."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator
from torch import Tensor

from seqlab.tasks.figures.fonts import families, write_title
from seqlab.tasks.window import PAGE, Window

HOURS = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672)
"""Hours between ticks, of which the fewest are taken that leave ``TICKS`` of them."""
TICKS = 12
LEAST, MOST = 0.001, 0.999
"""Quantiles of the errors between which the histogram is drawn."""


def error_by_horizon(
    mae: Mapping[str, Tensor], ahead: Sequence[float], target: str, title: str, *, unit: str = "hours"
) -> Figure:
    """Draw the mean absolute error of model and baselines against the hours ahead.

    Args:
        mae: for each forecast its error at every step, [horizon].
        ahead: how far ahead each step is.
        target: name of the target, with its unit.
        title: the title of the figure.
        unit: the unit of ``ahead``.
    """
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, errors in mae.items():
        is_model = name == "model"
        axes.plot(ahead, errors, label=name, lw=2.2 if is_model else 1.2, color="black" if is_model else None)
    axes.set(xlabel=f"{unit} ahead")
    write_title(axes, title)
    axes.set_ylabel(f"mean absolute error, {target}", family=families())
    axes.set_ylim(bottom=0)
    _far_ahead(axes, ahead[-1], unit)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def forecasts(
    windows: Sequence[Window], target: str, title: str, *, interval: str = "", xlabel: str = ""
) -> Figure:
    """Draw some windows: what was read, the truth, the forecast and its intervals.

    Args:
        windows: at most as many as ``PAGE`` has places.
        target: name of the target, with its unit.
        title: the title of the figure.
        interval: the name of the widest interval.
        xlabel: the unit of times that are numbers.
    """
    rows, columns = PAGE
    figure = Figure(figsize=(11, 7.6), layout="constrained")
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axes, window in zip(grid, windows, strict=False):
        _draw(axes, window, interval)
    for axes in grid[len(windows) :]:
        axes.set_axis_off()
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    write_title(figure, title)
    figure.supxlabel(xlabel)
    figure.supylabel(target, family=families())
    return figure


def _draw(axes: Axes, window: Window, interval: str) -> None:
    read = len(window.past)
    ahead = window.times[read:]
    for place, (lower, upper) in enumerate(window.bands):
        label = None if place else interval
        axes.fill_between(ahead, lower, upper, color="tab:red", alpha=0.16, lw=0, label=label)
    if read:
        axes.plot(window.times[:read], window.past, color="tab:gray", lw=1, label="read")
    axes.plot(ahead, window.true, color="black", lw=1.2, label="truth")
    axes.plot(ahead, window.predicted, color="tab:red", lw=1.6, label="forecast")
    off = np.abs(window.predicted - window.true).mean()
    axes.set_title(f"{window.name}: mean abs. error {off:.3g}", fontsize=8)
    axes.grid(alpha=0.3)
    axes.tick_params(labelsize=7)
    if window.times.dtype.kind == "M":
        locator = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.xaxis.get_offset_text().set_fontsize(7)


def _far_ahead(axes: Axes, last: float, unit: str) -> None:
    """Put ticks where people look for them: 6, 12 and 24 hours, whole days and weeks; or whole steps."""
    step = next((hours for hours in HOURS if last / hours <= TICKS), 0)
    if unit == "hours" and step and last > TICKS / 2:
        axes.xaxis.set_major_locator(MultipleLocator(step))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=last > TICKS / 2))


def histogram(errors: Tensor, target: str, title: str) -> Figure:
    """Draw the distribution of the errors, forecast minus truth, [N, horizon]."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    values = errors.numpy().ravel()
    axes.hist(values, bins=80, range=tuple(np.quantile(values, (LEAST, MOST))), color="tab:blue", alpha=0.8)
    axes.axvline(0, color="black", lw=1)
    axes.axvline(float(values.mean()), color="tab:red", lw=1.5, label=f"bias {values.mean():.3g}")
    axes.set(ylabel="forecasts")
    write_title(axes, title)
    axes.set_xlabel(f"forecast minus truth, {target}", family=families())
    axes.legend(loc="upper right")  # looking for the best place takes seconds
    return figure
