"""Gates and states along one sequence as heat maps, unit by unit, below the class probabilities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from seqlab.tasks.figures.fonts import drawable, families, write_title

if TYPE_CHECKING:
    from seqlab.inference.explain import Explanation, Layer

CLASSES = 6
"""Number of classes that are shown: those most probable at any step."""
CELLS: dict[str, Any] = {"aspect": "auto", "interpolation": "nearest"}
"""Options of a heat map with one rectangle per number."""
TICKS = 40
"""Maximum number of steps at which each has a label."""


def heat_map(found: "Explanation", title: str) -> Figure:
    """Draw one sequence: a column of panels for each layer and direction, and above them the classes.

    The units of a layer are sorted by its first state after the last step, in all of its panels.

    Args:
        found: the sequence.
        title: the title of the figure.
    """
    columns = len(found.layers)
    rows = max(len(layer.gates) + len(layer.states) for layer in found.layers.values())
    above = int(bool(found.classes) or bool(found.values))
    width = min(3.5 + 0.28 * len(found.steps), 12.0)
    figure = Figure(figsize=(width * columns, 1.4 + 1.35 * (rows + above)), layout="constrained")
    panels = figure.subplots(rows + above, columns, squeeze=False, sharex=True)
    for column, (name, layer) in zip(panels.T, found.layers.items(), strict=True):
        if above:
            _top(figure, column[0], found)
        for axes in column[above + len(layer.gates) + len(layer.states) :]:
            axes.set_axis_off()
        _units(figure, column[above:], layer)
        column[0].set_title(name, fontsize=10)
        _name_steps(column[-1], found.steps)
    write_title(figure, title)
    return figure


def _top(figure: Figure, axes: Axes, found: "Explanation") -> None:
    if not found.classes:
        for name, values in found.values.items():
            axes.plot(values, label=drawable(name, "target"))
        axes.legend(fontsize=7, prop={"family": families(), "size": 7})
        axes.set_ylabel("target", fontsize=9)
        axes.grid(alpha=0.3)
        return
    shown = found.likeliest(CLASSES)
    names = [drawable(found.classes[number], f"class {number}") for number in shown]
    image = axes.imshow(found.probabilities[:, shown].T.numpy(), **CELLS, cmap="Blues", vmin=0, vmax=1)
    axes.set_yticks(range(len(shown)), names, fontsize=8, family=families())
    figure.colorbar(image, ax=axes, label="probability", fraction=0.03)


def _units(figure: Figure, panels: Sequence[Axes], layer: "Layer") -> None:
    values = {**layer.gates, **layer.states}
    if not values:
        return
    order = next(iter(layer.states.values()))[-1].argsort(descending=True)
    for axes, (name, value) in zip(panels, values.items(), strict=False):
        limits, colours = _scale(value, is_bounded=name in layer.bounded)
        image = axes.imshow(value[:, order].T.numpy(), **CELLS, cmap=colours, vmin=limits[0], vmax=limits[1])
        axes.set_ylabel(f"{name}\nunit", fontsize=9)
        axes.set_yticks([0, len(order) - 1], ["1", str(len(order))], fontsize=7)
        figure.colorbar(image, ax=axes, label="value", fraction=0.03)


def _scale(value: Tensor, *, is_bounded: bool) -> tuple[tuple[float, float], str]:
    if is_bounded:
        return (0.0, 1.0), "viridis"
    most = float(value.abs().max()) or 1.0
    return (-most, most), "RdBu_r"


def _name_steps(axes: Axes, steps: Sequence[str]) -> None:
    every = 1 if len(steps) <= TICKS else -(-len(steps) // 8)
    places = range(0, len(steps), every)
    names = [drawable("␣" if steps[place] == " " else steps[place], "?") for place in places]
    axes.set_xticks(places, names, family=families())
    for label in axes.get_xticklabels():
        label.set_rotation(0 if len(label.get_text()) == 1 else 90)
    axes.set_xlabel("step of the sequence")
