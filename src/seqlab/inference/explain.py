"""What does a network compute for one sequence, step by step? Gates, states, and the prediction so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from rich import box
from rich.table import Table
from torch import Tensor

from seqlab import __version__
from seqlab.data import SeriesSpec, TextSpec
from seqlab.data.series.prepare import scale
from seqlab.data.series.spec import written
from seqlab.diagnostics import recording
from seqlab.diagnostics.snapshot import layer_names, named_activities
from seqlab.errors import ConfigError, DataError, RunError
from seqlab.inference.explain_figure import heat_map
from seqlab.inference.predict import encode, latest_window
from seqlab.io.files import own_output, read_user_text, replacing
from seqlab.io.terminal import in_a_line
from seqlab.runs.load import LoadedRun, load_run

if TYPE_CHECKING:
    from seqlab.data.series.dataset import SeriesData

SOFTWARE = f"seqlab {__version__}"
SIGNATURE = b"\x89PNG\r\n.*tEXtSoftware\0seqlab "
"""How the figure's file begins; it identifies a file that seqlab wrote."""
TOP = 3
"""How many classes are listed at a step."""
LONGEST_TITLE = 40
"""Maximum number of characters of a text in a title."""


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
        probabilities: of the classes, if the sequence ended after the step, [T, C].
        layers: by name.
    """

    title: str
    steps: Sequence[str]
    values: Mapping[str, Sequence[float]]
    classes: Sequence[str]
    probabilities: Tensor
    layers: Mapping[str, Layer]

    def likeliest(self, count: int) -> list[int]:
        """Return the classes that are most probable at any step, sorted by their last probability."""
        most = self.probabilities.amax(0).topk(min(count, len(self.classes))).indices
        last = self.probabilities[-1][most].argsort(descending=True)
        return most[last].tolist()


def explain(path: Path, checkpoint: str, text: str | None, file: Path | None) -> Explanation:
    """Run a text, or the latest rows of a series, through the network of a run, step by step.

    Args:
        path: the run folder.
        checkpoint: "best" or "last".
        text: the text to explain; None to read it from the file.
        file: contains the text; for a forecast, a table as for ``seqlab predict``.

    Raises:
        SeqlabError: the run or the file is damaged, or the run needs other input.
    """
    run = load_run(path, checkpoint)
    if isinstance(run.spec, SeriesSpec):
        if text is not None or file is None:
            raise DataError("this run forecasts a series: give its latest rows with --file FILE.csv")
        return _series(run, run.spec, file)
    if not isinstance(run.spec, TextSpec):
        raise ConfigError(f"data={run.spec.name} is generated; see predictions.csv in {path}")
    return _text(run, run.spec, _given(text, file))


def table(found: Explanation) -> Table:
    """Return a table with one row per step: the input, the most probable classes, the mean of every gate."""
    shown = Table(box=box.SIMPLE_HEAD)
    many = len(found.layers) > 1
    gates = {
        f"{name} {gate}" if many else gate: values.mean(1).tolist()
        for name, layer in found.layers.items()
        for gate, values in layer.gates.items()
    }
    for column in ("step", "read", *["likeliest if it ended here"] * bool(found.classes)):
        shown.add_column(column)
    for column in (*found.values, *gates):
        shown.add_column(column, justify="right")
    for step, read in enumerate(found.steps):
        classes = [_likeliest(found, step)] if found.classes else []
        values = [f"{values[step]:.4g}" for values in found.values.values()]
        means = [f"{values[step]:.2f}" for values in gates.values()]
        shown.add_row(*map(in_a_line, (str(step + 1), read, *classes, *values, *means)))
    return shown


def leave_figure(found: Explanation, file: Path) -> None:
    """Draw the heat map into a PNG file.

    Raises:
        ConfigError: the file exists and seqlab did not write it.
        RunError: the file cannot be written.
    """
    file = own_output(file, SIGNATURE)
    figure = heat_map(found, f"{found.title}: gates and states, step by step")
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


def _given(text: str | None, file: Path | None) -> str:
    """Return the text to explain.

    Raises:
        DataError: no text is given, or the file cannot be read.
    """
    if file is not None:
        text = read_user_text(file)
    if text is None or not text.strip():
        raise DataError("nothing to explain: give a text, or --file with one")
    return text.strip()


def _text(run: LoadedRun, spec: TextSpec, text: str) -> Explanation:
    batch = encode(spec, [text]).batch(torch.tensor([0]))
    steps = batch.x.shape[1]
    with torch.no_grad():  # a row for every prefix of the text
        answers = run.module(batch.x.expand(steps, -1), torch.arange(1, steps + 1))
    return Explanation(
        title=run.spec.headed(text if len(text) <= LONGEST_TITLE else f"{text[:LONGEST_TITLE]}…"),
        steps=[run.spec.symbols[token] for token in batch.x[0].tolist()],
        values={},
        classes=run.spec.classes,
        probabilities=run.module.task.probabilities(answers),
        layers=_layers(run, batch.x),
    )


def _series(run: LoadedRun, spec: SeriesSpec, file: Path) -> Explanation:
    series = spec.series
    data = cast("SeriesData", run.config.data)
    columns, grid = latest_window(data, series, file)
    shown = written(grid.times[-series.input_steps :])
    times = [time.replace("T", " ").removesuffix(":00") for time in shown]
    return Explanation(
        title=run.spec.headed(f"{file.name}, {times[0]} to {times[-1]}"),
        steps=times,
        values={
            target: columns[:, place].tolist()
            for target, place in zip(series.targets, series.places, strict=True)
        },
        classes=(),
        probabilities=torch.empty(len(times), 0),
        layers=_layers(run, scale(columns[None], series)),
    )


def _layers(run: LoadedRun, x: Tensor) -> dict[str, Layer]:
    recurrent = run.module.model.recurrent
    with torch.no_grad(), recording(recurrent) as runs:
        run.module(x, torch.tensor([x.shape[1]]))
    found = {}
    for number, (name, layer) in enumerate(zip(layer_names(recurrent), runs, strict=True)):
        is_backward = number % recurrent.directions == 1
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
