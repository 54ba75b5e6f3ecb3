"""Forecasts and the true values, for some test windows of every group's best run."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from seqlab.comparison.figures.gallery import AHEAD, MARGIN, Gallery, finish, text, ticks
from seqlab.comparison.files import predictions_of, read_table, to_number, unit_of
from seqlab.comparison.groups import Benchmark
from seqlab.comparison.line_styles import colour
from seqlab.comparison.runs import Run
from seqlab.errors import RunError

PAGE = (3, 3)
"""Rows and columns of windows."""

Window = list[tuple[float, float, float]]
"""How far ahead, true values and forecasts, step by step."""


def forecasts(benchmark: Benchmark, problems: list[str]) -> Gallery:
    """Return a page of windows for each group and target, evenly spread over the test period."""
    figures: dict[tuple[str, ...], go.Figure] = {}
    for number, group in enumerate(benchmark.groups):
        run = group.best
        try:
            found, unit = windows(run), unit_of(predictions_of(run.path))
        except RunError as error:
            problems.append(f"{run.folder}: no forecasts, {error}")
            continue
        for target, shown in found.items():
            figures[group.label, target] = _page(
                benchmark, shown, group.label, target, unit=unit, line_colour=colour(number)
            )
    note = (
        "Windows are evenly spread over the test period. Each group is shown by its run with the best "
        "validation score."
    )
    return Gallery("forecasts", "Forecasts", ("group", "target"), figures, note)


def windows(run: Run) -> dict[str, dict[str, Window]]:
    """Return for each target evenly spread test windows, by their series and the time of their last input.

    Raises:
        RunError: the predictions are missing or damaged.
    """
    file = predictions_of(run.path)
    columns = ("target", "after", f"{unit_of(file)}_ahead", "true", "predicted")
    rows = read_table(file, columns, perhaps=("series",))
    indices: dict[str, dict[str, list[int]]] = {}
    for index, (target, after, _, _, _, *series) in enumerate(rows):
        indices.setdefault(target, {}).setdefault(" ".join([*series, after]), []).append(index)
    try:
        return {
            target: {
                after: [tuple(map(to_number, rows[index][2:5])) for index in found[after]]  # type: ignore[misc]
                for after in _spread(list(found), PAGE[0] * PAGE[1])
            }
            for target, found in indices.items()
        }
    except ValueError as error:
        raise RunError(f"{file.name} is damaged ({error})") from error


def _spread(names: Sequence[str], most: int) -> list[str]:
    count = min(len(names), most)
    return [names[round(index * (len(names) - 1) / max(count - 1, 1))] for index in range(count)]


def _page(
    benchmark: Benchmark, shown: Mapping[str, Window], label: str, target: str, *, unit: str, line_colour: str
) -> go.Figure:
    rows, columns = PAGE
    figure = make_subplots(
        rows=rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes="all",
        horizontal_spacing=0.02,
        vertical_spacing=0.07,
        subplot_titles=[text(f"after {after.replace('T', ' ')}", 60) for after in shown],
        x_title=f"{unit} ahead",
        y_title=text(target, 60),
    )
    for number, window in enumerate(shown.values()):
        ahead, truth, forecast = zip(*window, strict=True)
        for name, values, line in (
            ("truth", truth, {"color": "black", "width": 1.4}),
            ("forecast", forecast, {"color": line_colour, "width": 2}),
        ):
            trace = go.Scatter(
                x=ahead, y=values, name=name, mode="lines", line=line, legendgroup=name, showlegend=not number
            )
            figure.add_trace(trace, row=number // columns + 1, col=number % columns + 1)
    figure.update_annotations(font_size=12)
    furthest = max(ahead for window in shown.values() for ahead, *_ in window)
    figure.update_xaxes(dtick=ticks(furthest, AHEAD[unit]))
    legend = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.06, "yanchor": "bottom"}
    margin = MARGIN | {"t": 100}
    title = f"test forecasts of {target} by {label}"
    return finish(figure, benchmark, title, height=760, legend=legend, margin=margin)
