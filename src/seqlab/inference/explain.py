"""A network on one sequence, step by step: gates, states, and the prediction so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.figure import Figure
from rich import box
from rich.table import Table
from torch import Tensor

from seqlab import __version__
from seqlab.diagnostics import recording
from seqlab.diagnostics.snapshot import layer_names, named_activities
from seqlab.errors import RunError
from seqlab.inference.explain_figure import heat_map
from seqlab.io.files import own_output, replacing
from seqlab.io.terminal import in_a_line
from seqlab.runs.load import LoadedRun, load_run
from seqlab.tasks.base import Task

SOFTWARE = f"seqlab {__version__}"
SIGNATURE = b"\x89PNG\r\n.*tEXtSoftware\0seqlab "
"""The beginning of the figure's file; it identifies a file that seqlab wrote."""
TOP = 3
"""Number of classes that are listed at a step."""


@dataclass(frozen=True, eq=False)
class Layer:
    """The gates and states of one layer and direction, by name, each [T, H] in the order of time.

    Attributes:
        gates: values of the gates.
        states: values of the states after every step.
        bounded: names of gates and states with values between 0 and 1.
    """

    gates: Mapping[str, Tensor]
    states: Mapping[str, Tensor]
    bounded: frozenset[str]


@dataclass(frozen=True, eq=False)
class Explanation:
    """One sequence, and what a network computes for it.

    Attributes:
        title: a short description of the sequence.
        steps: the input at every step: a letter, a word, or a time.
        values: further values of every step, [T] by name: the targets of a series.
        classes: names in the order of their numbers; none for a forecast.
        probabilities: the class probabilities at the step, [T, C].
        layers: the layers by name.
        probable: what these are, at the head of their column.
    """

    title: str
    steps: Sequence[str]
    values: Mapping[str, Sequence[float]]
    classes: Sequence[str]
    probabilities: Tensor
    layers: Mapping[str, Layer]
    probable: str = Task.explained_as

    def likeliest(self, count: int) -> list[int]:
        """Return the classes that are most probable at any step, sorted by their last probability."""
        most = self.probabilities.amax(0).topk(min(count, len(self.classes))).indices
        last = self.probabilities[-1][most].argsort(descending=True)
        return most[last].tolist()


def explain(
    path: Path, checkpoint: str, text: str | None, file: Path | None, *, known: Path | None = None
) -> Explanation:
    """Run a text, or the latest rows of a series, through the network of a run, step by step.

    Args:
        path: the run folder.
        checkpoint: "best" or "last".
        text: the text to explain; None to read it from the file.
        file: contains the text; for a forecast, a table as for ``seqlab predict``.
        known: a table with what is known of the steps that are forecast, likewise.

    Raises:
        SeqlabError: the run or the file is damaged, or the run needs other input, or its network reads other
            steps than a sequence has.
    """
    run = load_run(path, checkpoint)
    run.module.model.check_stepwise("explain")
    data = run.config.data if known is None else run.config.data.with_known(known)
    sample = run.spec.followed(data, text, file)
    x = run.spec.scaled(sample.x)
    steps = x.shape[1]
    ends = sample.ends or (x.expand(steps, *x.shape[1:]), torch.arange(1, steps + 1))
    with torch.no_grad():
        probabilities = run.module.task.explained(run.module, x, ends)
    return Explanation(
        title=run.spec.headed(sample.name),
        steps=sample.steps,
        values=sample.values,
        classes=run.spec.classes if probabilities.shape[1] else (),
        probabilities=probabilities,
        layers=_layers(run, x),
        probable=run.module.task.explained_as,
    )


def table(found: Explanation) -> Table:
    """Return a table with one row per step: the input, the most probable classes, the mean of every gate."""
    shown = Table(box=box.SIMPLE_HEAD)
    many = len(found.layers) > 1
    gates = {
        f"{name} {gate}" if many else gate: values.mean(1).tolist()
        for name, layer in found.layers.items()
        for gate, values in layer.gates.items()
    }
    for column in ("step", "read", *[found.probable] * bool(found.classes)):
        shown.add_column(column)
    for column in (*found.values, *gates):
        shown.add_column(column, justify="right")
    for step, read in enumerate(found.steps):
        classes = [_likeliest(found, step)] if found.classes else []
        values = [f"{values[step]:.4g}" for values in found.values.values()]
        means = [f"{values[step]:.2f}" for values in gates.values()]
        shown.add_row(*map(in_a_line, (str(step + 1), read, *classes, *values, *means)))
    return shown


def save_figure(found: Explanation, file: Path) -> None:
    """Draw the heat map into a PNG file.

    Raises:
        ConfigError: the file exists and seqlab did not write it.
        RunError: the file cannot be written.
    """
    write_png(heat_map(found, f"{found.title}: gates and states, step by step"), file)


def write_png(figure: Figure, file: Path) -> None:
    """Save a figure as PNG.

    Raises:
        ConfigError: the file exists and seqlab did not write it.
        RunError: the file cannot be written.
    """
    file = own_output(file, SIGNATURE)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as draft:
            figure.savefig(draft, dpi=120, format="png", metadata={"Software": SOFTWARE})
    except OSError as error:
        raise RunError(f"cannot write {file}: {error.strerror}; choose another with --out") from error


def _likeliest(found: Explanation, step: int) -> str:
    best = found.probabilities[step].topk(min(TOP, len(found.classes)))
    return "  ".join(
        f"{found.classes[number]} {share:.3f}"
        for number, share in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    )


def _layers(run: LoadedRun, x: Tensor) -> dict[str, Layer]:
    recurrent = run.module.model.recurrent
    with torch.no_grad(), recording(recurrent) as runs:
        run.module(x, torch.tensor([x.shape[1]]))
    found = {}
    for number, (name, layer) in enumerate(zip(layer_names(recurrent), runs, strict=True)):
        is_backward = recurrent.ways.turned[number % recurrent.directions]
        shown = named_activities(layer)
        values = {
            key: (activity.values[0].flip(0) if is_backward else activity.values[0]).float()
            for key, activity in shown.items()
        }
        found[name] = Layer(
            gates={key: values[key] for key, activity in shown.items() if activity.is_gate},
            states={key: values[key] for key, activity in shown.items() if not activity.is_gate},
            bounded=frozenset(key for key, activity in shown.items() if activity.function == "sigmoid"),
        )
    return found
