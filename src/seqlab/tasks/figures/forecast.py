"""Figures of a forecasting run: error by horizon, a page of forecasts, the distribution of errors."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from seqlab.tasks.figures.fonts import families, write_title

PAGE = (3, 3)
"""Rows and columns of the page of forecasts."""
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
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def forecasts(
    predicted: Tensor, true: Tensor, ahead: Sequence[float], target: str, title: str, *, unit: str = "hours"
) -> Figure:
    """Draw some test windows, evenly spread over the test period: forecast and truth.

    Args:
        predicted: forecasts in the target's unit, [N, horizon].
        true: true values, [N, horizon].
        ahead: how far ahead each step is.
        target: name of the target, with its unit.
        title: the title of the figure.
        unit: the unit of ``ahead``.
    """
    rows, columns = PAGE
    figure = Figure(figsize=(10, 7.2), layout="constrained")
    shown = np.linspace(0, len(true) - 1, min(rows * columns, len(true))).round().astype(int)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, window in zip(grid, shown, strict=False):
        axes.plot(ahead, true[window], color="black", lw=1.2, label="truth")
        axes.plot(ahead, predicted[window], color="tab:red", lw=1.6, label="forecast")
        axes.set_title(f"test window {window:,}", fontsize=8)
        axes.grid(alpha=0.3)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    grid[0].legend(fontsize=8)
    write_title(figure, title)
    figure.supxlabel(f"{unit} ahead")
    figure.supylabel(target, family=families())
    return figure


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
