"""The error by forecast horizon, in hours or steps: groups in colour, baselines in grey."""

from collections.abc import Mapping
from contextlib import suppress

import plotly.graph_objects as go

from seqlab.comparison.figures.gallery import AHEAD, DASHES, Gallery, band, finish, tall, text, ticks
from seqlab.comparison.files import read_table, to_number, unit_of
from seqlab.comparison.groups import Benchmark, Group
from seqlab.comparison.runs import Run
from seqlab.errors import RunError
from seqlab.tasks.score import BIAS, MAE, MEDIAN_AE, RMSE

ERRORS = {score.name: score.heading for score in (MAE, MEDIAN_AE, RMSE, BIAS)}
"""The columns of errors, and their names in figures."""

FILE = "errors_by_step.csv"

Lines = Mapping[tuple[str, str, str], dict[float, float]]
"""Errors by how far ahead, for each (forecast, target, score); the forecast is "model" or a baseline."""


def horizon(benchmark: Benchmark, problems: list[str]) -> Gallery:
    """Return for each score and target the groups' mean errors over seeds, and the baselines' errors."""
    read = [_read(group, problems) for group in benchmark.groups]
    unit = _unit(benchmark)
    keys = [key for lines in read for one in lines for key in one]
    targets = dict.fromkeys(target for _, target, _ in keys)
    figures: dict[tuple[str, ...], go.Figure] = {
        (name, target): _figure(benchmark, read, target, score, unit)
        for score, name in ERRORS.items()
        for target in targets
    }
    note = "A band is one standard deviation over seeds (n − 1). A click on a name hides it."
    return Gallery("horizon", "Error by horizon", ("error", "target"), figures, note)


def errors_by_step(run: Run) -> Lines:
    """Return the errors of a run and its baselines at every step of the horizon.

    Raises:
        RunError: errors_by_step.csv is missing or damaged.
    """
    found: dict[tuple[str, str, str], dict[float, float]] = {}
    try:
        columns = ("forecast", "target", f"{unit_of(run.path / FILE)}_ahead", *ERRORS)
        for forecast, target, ahead, *values in read_table(run.path / FILE, columns):
            for score, value in zip(ERRORS, values, strict=True):
                found.setdefault((forecast, target, score), {})[float(ahead)] = to_number(value)
    except ValueError as error:
        raise RunError(f"{FILE} is damaged ({error})") from error
    return found


def _read(group: Group, problems: list[str]) -> list[Lines]:
    read = []
    for run in group.runs:
        try:
            read.append(errors_by_step(run))
        except RunError as error:
            problems.append(f"{run.folder}: no error by horizon, {error}")
    return read


def _unit(benchmark: Benchmark) -> str:
    """Return the unit of how far ahead, which runs on the same data share."""
    for run in (run for group in benchmark.groups for run in group.runs):
        with suppress(RunError):
            return unit_of(run.path / FILE)
    return "hours"


def _figure(benchmark: Benchmark, read: list[list[Lines]], target: str, score: str, unit: str) -> go.Figure:
    figure = go.Figure()
    for number, (group, runs) in enumerate(zip(benchmark.groups, read, strict=True)):
        lines = [one["model", target, score] for one in runs if ("model", target, score) in one]
        if lines:
            ahead = sorted(set(lines[0]).intersection(*lines[1:]))
            values = [[line[far] for far in ahead] for line in lines]
            figure.add_traces(band(ahead, values, group.label, number))
    baselines: dict[str, dict[float, float]] = {}
    for (forecast, aim, kind), line in (item for runs in read for one in runs for item in one.items()):
        if forecast != "model" and (aim, kind) == (target, score):
            baselines.setdefault(forecast, line)
    for number, (name, line) in enumerate(baselines.items()):
        figure.add_scatter(
            x=list(line),
            y=list(line.values()),
            name=text(f"baseline: {name}"),
            mode="lines",
            line={"color": "#777", "dash": DASHES[number % len(DASHES)]},
        )
    last = max((max(trace.x) for trace in figure.data), default=1)
    figure.update_xaxes(title=f"{unit} ahead", dtick=ticks(last, AHEAD[unit]))
    figure.update_yaxes(
        title=text(f"{ERRORS[score]}, {target}", 60), rangemode="normal" if score == "bias" else "tozero"
    )
    return finish(figure, benchmark, f"{ERRORS[score]} of {target}", height=tall(figure))
