"""Figures of a run: learning curves, confusion matrices, predictions against the truth."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from seqlab.tasks.figures.fonts import drawable, families, write_title

COUNTED = 30
"""With more classes than this, counts are not written into the cells."""
LONG = 10_000
"""Counts from this on are written smaller."""


def curves(history: Mapping[str, Sequence[tuple[int, float]]], quantity: str, title: str) -> Figure:
    """Draw training and validation against the epoch.

    Args:
        history: (epoch, value) points by metric, such as "train/loss" and "val/loss".
        quantity: the metric's name without its stage: "loss" or "accuracy".
        title: the title of the figure.
    """
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for stage, label in (("train", "training"), ("val", "validation")):
        points = history.get(f"{stage}/{quantity}", ())
        axes.plot(
            [epoch + 1 for epoch, _ in points], [value for _, value in points], marker="o", ms=3, label=label
        )
    axes.set(xlabel="epoch", ylabel=quantity)
    write_title(axes, title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def mark(axes: Axes, best: int | None, baselines: Mapping[str, float]) -> None:
    """Mark the best epoch in learning curves, and the validation scores of baselines.

    Args:
        axes: the learning curves.
        best: the epoch whose weights are kept, from 0; None to mark none.
        baselines: values by name.
    """
    if best is not None:
        axes.axvline(best + 1, color="black", lw=1, alpha=0.6, label=f"kept: epoch {best + 1}")
    for number, (name, value) in enumerate(baselines.items()):
        label = drawable(name, f"baseline {number + 1}")
        axes.axhline(value, color="0.4", lw=1.2, ls=("--", ":", "-.")[number % 3], label=label)
    axes.legend(prop={"family": list(families())})


def scatter(predicted: Tensor, true: Tensor, title: str) -> Figure:
    """Draw every prediction, [N], against the truth, [N]; correct ones are on the diagonal."""
    figure = Figure(figsize=(5.2, 5.0), layout="constrained")
    axes = figure.subplots()
    axes.scatter(true.cpu(), predicted.cpu(), s=8, alpha=0.5, linewidths=0)
    axes.axline((float(true.mean()), float(true.mean())), slope=1, color="black", lw=1)
    axes.set(xlabel="true", ylabel="predicted")
    write_title(axes, title)
    axes.grid(alpha=0.3)
    return figure


def label_bars(scores: Mapping[str, Tensor], labels: Sequence[str], title: str) -> Figure:
    """Draw a bar for each label and score.

    Args:
        scores: values of each label by the score's name, [C].
        labels: names of the labels.
        title: the title of the figure.
    """
    figure = Figure(figsize=(6.4, min(2.0 + 0.5 * len(labels), 40.0)), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(scores)
    for number, (name, values) in enumerate(scores.items()):
        places = [place + (number - (len(scores) - 1) / 2) * width for place in range(len(labels))]
        axes.barh(places, values.tolist(), width, label=name)
    names = [drawable(name, f"label {number}") for number, name in enumerate(labels)]
    axes.set_yticks(range(len(labels)), names, family=families())
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="score")
    write_title(axes, title)
    axes.grid(axis="x", alpha=0.3)
    axes.legend()
    return figure


def confusion_matrix(counts: Tensor, classes: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix: colour is the share of the true class, the number in a cell its count.

    The title ends with the accuracy, the name of a true class with its number of samples.

    Args:
        counts: rows are true classes, columns predicted ones, [C, C].
        classes: class names in the order of their numbers.
        title: the title of the figure.
    """
    counts = counts.cpu()  # read number by number
    shares = (counts / counts.sum(1, keepdim=True).clamp(min=1)).numpy()
    side = min(max(4.0 + 0.42 * len(classes), 6.0), 24.0)
    figure = Figure(figsize=(side, side * 0.9), layout=ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15))
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    figure.colorbar(image, ax=axes, label="share of the true class", fraction=0.046)
    places = range(len(classes))
    names = [drawable(name, f"class {number}") for number, name in enumerate(classes)]
    axes.set_xticks(places, names, rotation=90, family=families())
    totals = counts.sum(1).tolist()
    of_class = [f"{name} ({int(total):,})" for name, total in zip(names, totals, strict=True)]
    axes.set_yticks(places, of_class, family=families())
    axes.set(xlabel="predicted", ylabel="true (samples)")
    write_title(axes, f"{title}, accuracy {float(counts.trace() / max(sum(totals), 1)):.4f}")
    size = 10 if counts.max() < LONG else 7
    if len(classes) <= COUNTED:
        for row in places:
            for column in places:
                if count := int(counts[row, column]):
                    colour = "white" if shares[row, column] > 0.5 else "black"  # noqa: PLR2004 (half of the scale)
                    axes.text(column, row, f"{count}", ha="center", va="center", color=colour, fontsize=size)
    return figure
