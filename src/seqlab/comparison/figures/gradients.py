"""How far back gradients reach and inputs matter: all groups that have measured it, in one figure."""

import plotly.graph_objects as go

from seqlab.comparison.figures.gallery import Gallery, finish, line, tall, text
from seqlab.comparison.groups import Benchmark
from seqlab.io.safe_read import UnreadableError
from seqlab.runs.diagnostics_file import DISTANCE, QUANTITIES, Curve, curves_by_quantity, read_snapshots

SMALLEST = 1e-45
"""The smallest positive number in single precision: smaller gradients have vanished."""


def gradients(benchmark: Benchmark, problems: list[str]) -> Gallery:
    """Return each group's curve for each quantity and layer, of its run with the best validation score."""
    figures: dict[tuple[str, ...], go.Figure] = {}
    for number, group in enumerate(benchmark.groups):
        run = group.best
        try:
            snapshots = read_snapshots(run.path / "diagnostics.json")
        except UnreadableError as error:
            problems.append(f"{run.folder}: no gradient flow, diagnostics.json {error}")
            continue
        for name, (distances, values) in curves_by_quantity(snapshots[-1]).items() if snapshots else ():
            figures.setdefault((name,), go.Figure()).add_scatter(
                x=list(distances),
                y=_drawable(values),
                name=text(group.label),
                mode="lines+markers",
                marker={"size": 4},
                line=line(number),
                showlegend=True,
            )
    note = (
        "Measured after the last epoch by callbacks=diagnostics, on a logarithmic scale; s is the whole "
        "state of a layer. Each group is shown by its run with the best validation score."
    )
    for (name,), figure in figures.items():
        _finish(benchmark, figure, name)
    return Gallery("gradients", "Gradient flow", ("quantity",), figures, note)


def _finish(benchmark: Benchmark, figure: go.Figure, name: str) -> None:
    quantity, _, layer = name.partition(", ")
    figure.update_xaxes(title=DISTANCE)
    figure.update_yaxes(title=text(QUANTITIES[quantity], 60), type="log", exponentformat="power")
    where = f" in {layer}" if layer else ""
    finish(figure, benchmark, f"{quantity} by distance{where}", height=tall(figure))


def _drawable(values: Curve) -> list[float | None]:
    """Replace values that a logarithmic scale cannot show."""
    return [value if SMALLEST < value < float("inf") else None for value in values]
