"""The figures of a run's diagnostics: gradient flow, gates over time, and how far back inputs matter."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqlab.runs.diagnostics_file import DISTANCE, Curve, LayerSnapshot, Snapshot
from seqlab.tasks.figures.fonts import write_title

BEFORE = {"ls": ":", "lw": 1.2}
"""The style of curves of the network before training."""

DECADE = 10.0
"""The factor by which a norm may rise or fall and still be shown as nearly 1."""

MOST_LAYERS = 4
"""Maximum number of layers and directions whose gates are drawn."""

MOST_POINTS = 30
"""Maximum number of markers on a curve: more make a thick line."""


def draw(snapshots: Sequence[Snapshot], title: str) -> dict[str, Figure]:
    """Draw the last snapshot of a run, next to the first one; return the figures by name."""
    first, last = snapshots[0], snapshots[-1]
    return {
        "gradient_flow": gradient_flow(first, last, title),
        "gates": gates(last, title),
        "memory": memory(first, last, title),
    }


def gradient_flow(first: Snapshot, last: Snapshot, title: str) -> Figure:
    """Draw ‖∂loss/∂s_t‖ of every state, and ‖∂s_T/∂s_t‖ of every layer, against T − t."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for snapshot, style in _styled(first, last):
        left.set_prop_cycle(None)
        right.set_prop_cycle(None)
        when = _when(snapshot)
        for layer in snapshot.layers:
            for state, curve in layer.gradients.items():
                label = f"{layer.name}, {state}, {when}"
                left.semilogy(range(len(curve)), _drawable(curve), label=label, **style)
            rate = f"{layer.growth_rate:+.3f}"
            label = f"{layer.name}, {when}: {rate} nats a step"
            right.semilogy(layer.distances, np.exp(layer.jacobian), marker="o", ms=3, label=label, **style)
    left.set(ylabel="‖∂loss/∂s(t)‖, median over sequences")
    right.set(ylabel="‖∂s(T)/∂s(t)‖, geometric mean over sequences")
    right.axhline(1, color="black", lw=0.8)
    low, high = right.get_ylim()
    right.set_ylim(min(low, 1 / DECADE), max(high, DECADE))
    for axes in (left, right):
        _against_distance(axes)
        axes.legend(fontsize=8)
    write_title(figure, f"{title}: how far back gradients reach")
    return figure


def gates(snapshot: Snapshot, title: str) -> Figure:
    """Draw the gates and states of every layer at every step: mean ± spread, and the saturated share."""
    shown = snapshot.layers[:MOST_LAYERS]
    figure = Figure(figsize=(2.2 + 4.4 * len(shown), 9.0), layout="constrained")
    panels = figure.subplots(3, len(shown), sharex="col", squeeze=False)
    for layer, (above, middle, below) in zip(shown, panels.T, strict=True):
        above.set_title(layer.name, fontsize=10)
        _saturation(middle, layer)
        for axes, are_gates in ((above, True), (below, False)):
            for name, gate in layer.gates.items():
                if gate.is_gate == are_gates:
                    _mean_with_spread(axes, gate.mean, gate.spread, name)
        below.set_xlabel("step t of the sequence")
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (above, middle, below):
            axes.grid(alpha=0.3)
            if axes.lines:
                axes.legend(fontsize=8, ncols=2)
    for axes, label in zip(
        panels[:, 0],
        (
            "gate, mean ± one std over sequences and units",
            "saturated share: σ < .05 or > .95, |tanh| > .9",
            "state, mean ± one std over sequences and units",
        ),
        strict=True,
    ):
        axes.set_ylabel(label)
    write_title(figure, f"{title}: gates and states {_when(snapshot)}")
    return figure


def memory(first: Snapshot, last: Snapshot, title: str) -> Figure:
    """Draw ‖∂output/∂x_t‖ against T − t, and where half of its sum is reached."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for snapshot, style in _styled(first, last):
        (line,) = axes.semilogy(
            range(len(snapshot.influence)), _drawable(snapshot.influence), label=_when(snapshot), **style
        )
        half = f"half of the sum within the last {snapshot.half_length:.1f} steps"
        axes.axvline(snapshot.half_length, color=line.get_color(), label=half, lw=1, ls="--")
    _against_distance(axes)
    axes.set(ylabel="‖∂output/∂x(t)‖, mean over sequences")
    write_title(axes, f"{title}: how far back inputs matter")
    axes.legend(fontsize=8)
    return figure


def compare(curves: Mapping[str, tuple[Sequence[int], Curve]], quantity: str, title: str) -> Figure:
    """Draw one curve per run against the distance, on a logarithmic scale.

    Args:
        curves: distances and values by the name of the run.
        quantity: the label of the axis.
        title: the title of the figure.
    """
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for name, (distances, values) in curves.items():
        marker = "o" if len(values) <= MOST_POINTS else None
        axes.semilogy(distances, _drawable(values), marker=marker, ms=3, label=name)
    _against_distance(axes)
    axes.set(ylabel=quantity)
    write_title(axes, title)
    axes.legend()
    return figure


def _styled(first: Snapshot, last: Snapshot) -> Iterable[tuple[Snapshot, dict[str, object]]]:
    yield last, {"lw": 1.8}
    if first.epoch != last.epoch:
        yield first, BEFORE


def _when(snapshot: Snapshot) -> str:
    if not snapshot.epoch:
        return "before training"
    return f"after {snapshot.epoch} epoch{'s' * (snapshot.epoch > 1)}"


def _drawable(values: Curve) -> Curve:
    """Replace values that a logarithmic scale cannot show."""
    return [value if value > 0 else np.nan for value in values]


def _against_distance(axes: Axes) -> None:
    axes.set_xlabel(DISTANCE)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)


def _mean_with_spread(axes: Axes, mean: Curve, spread: Curve, name: str) -> None:
    steps = np.arange(1, len(mean) + 1)
    (line,) = axes.plot(steps, mean, label=name)
    below, above = np.subtract(mean, spread), np.add(mean, spread)
    axes.fill_between(steps, below, above, color=line.get_color(), alpha=0.12, lw=0)


def _saturation(axes: Axes, layer: LayerSnapshot) -> None:
    for number, (name, gate) in enumerate(layer.gates.items()):
        if gate.is_gate and gate.shut is not None and gate.open is not None:
            steps, colour = range(1, len(gate.shut) + 1), f"C{number}"
            axes.plot(steps, gate.open, color=colour, label=f"{name} open")
            axes.plot(steps, gate.shut, color=colour, ls="--", label=f"{name} closed")
    axes.set_ylim(-0.02, 1.02)
