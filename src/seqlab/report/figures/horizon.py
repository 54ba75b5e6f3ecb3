"""The error by forecast horizon in hours: groups in colour, baselines in grey."""

from collections.abc import Mapping

import plotly.graph_objects as go

from seqlab.errors import RunError
from seqlab.report.figures.gallery import DASHES, HOURS, Gallery, band, colour, finish, tall, text, ticks
from seqlab.report.files import read_table, to_number
from seqlab.report.groups import Benchmark, Group
from seqlab.report.runs import Run
from seqlab.tasks.score import BIAS, MAE, MEDIAN_AE, RMSE

ERRORS = {score.name: score.heading for score in (MAE, MEDIAN_AE, RMSE, BIAS)}
"""The columns of errors, and their names in figures."""

Lines = Mapping[tuple[str, str, str], dict[float, float]]
"""Errors by hours ahead, for each (forecast, target, score); the forecast is "model" or a baseline."""


def horizon(benchmark: Benchmark, problems: list[str]) -> Gallery:
    """Return for each score and target the groups' mean errors over seeds, and the baselines' errors."""
    read = [_read(group, problems) for group in benchmark.groups]
    keys = [key for lines in read for one in lines for key in one]
    targets = dict.fromkeys(target for _, target, _ in keys)
    figures: dict[tuple[str, ...], go.Figure] = {
        (name, target): _figure(benchmark, read, target, score)
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
        for forecast, target, ahead, *values in read_table(
            run.path / "errors_by_step.csv", ("forecast", "target", "hours_ahead", *ERRORS)
        ):
            for score, value in zip(ERRORS, values, strict=True):
                found.setdefault((forecast, target, score), {})[float(ahead)] = to_number(value)
    except ValueError as error:
        raise RunError(f"errors_by_step.csv is damaged ({error})") from error
    return found


def _read(group: Group, problems: list[str]) -> list[Lines]:
    read = []
    for run in group.runs:
        try:
            read.append(errors_by_step(run))
        except RunError as error:
            problems.append(f"{run.folder}: no error by horizon, {error}")
    return read


def _figure(benchmark: Benchmark, read: list[list[Lines]], target: str, score: str) -> go.Figure:
    figure = go.Figure()
    for number, (group, runs) in enumerate(zip(benchmark.groups, read, strict=True)):
        lines = [one["model", target, score] for one in runs if ("model", target, score) in one]
        if lines:
            hours = sorted(set(lines[0]).intersection(*lines[1:]))
            values = [[line[hour] for hour in hours] for line in lines]
            figure.add_traces(band(hours, values, group.label, colour(number)))
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
    figure.update_xaxes(title="hours ahead", dtick=ticks(last, HOURS))
    figure.update_yaxes(
        title=text(f"{ERRORS[score]}, {target}", 60), rangemode="normal" if score == "bias" else "tozero"
    )
    return finish(figure, benchmark, f"{ERRORS[score]} of {target}", height=tall(figure))
