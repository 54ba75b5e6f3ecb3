"""Learning curves of all groups as figures for paper: training on the left, validation on the right."""

from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqlab.comparison.epochs import best_epoch_of_mean, by_epoch
from seqlab.comparison.groups import Benchmark, Group, standard_deviation
from seqlab.comparison.line_styles import colour, dash
from seqlab.tasks.figures.fonts import drawable, families, write_title
from seqlab.tasks.score import Score

STAGES = {"train": "training", "val": "validation"}


def curves(benchmark: Benchmark) -> dict[str, Figure]:
    """Return for each score that is known after every epoch a figure; the keys are the scores' names."""
    scores = [score for score in benchmark.criteria.scores.values() if score.each_epoch]
    known = {name for run in benchmark.runs for name in run.history}
    return {
        score.name: _figure(benchmark, score)
        for score in sorted(scores, key=lambda score: score.name == "loss")
        if any(f"{stage}/{score.name}" in known for stage in STAGES)
    }


def _figure(benchmark: Benchmark, score: Score) -> Figure:
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    grid = figure.subplots(1, 2, sharey=True)
    for axes, (stage, title) in zip(grid, STAGES.items(), strict=True):
        for number, group in enumerate(benchmark.groups):
            best = best_epoch_of_mean(group, benchmark.criteria) if stage == "val" else None
            _draw(axes, group, f"{stage}/{score.name}", number, best)
        write_title(axes, title)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    _draw_baselines(grid[1], benchmark, f"val/{score.name}")
    unit = benchmark.unit if score.unit is None else score.unit
    grid[0].set_ylabel(
        drawable(", ".join(filter(None, (score.heading, unit))), score.name), family=families()
    )
    figure.legend(
        *grid[1].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        handlelength=4,
        frameon=False,
        prop={"family": list(families()), "size": 9},
    )
    return figure


def _draw(axes: Axes, group: Group, name: str, number: int, best: int | None) -> None:
    """Draw the mean over a group's runs, around it its standard deviation, and a ring at its best epoch."""
    epochs, lines = by_epoch(group, name)
    columns = list(zip(*lines, strict=True))
    x, means = [epoch + 1 for epoch in epochs], [fmean(column) for column in columns]
    label = drawable(group.label, f"group {number + 1}")
    axes.plot(
        x, means, color=colour(number), dashes=dash(number) or (None, None), marker=".", lw=1.8, label=label
    )
    if best in epochs:
        axes.plot(best + 1, means[epochs.index(best)], "o", ms=9, mfc="none", mew=1.8, color=colour(number))
    if len(lines) > 1:
        off = [standard_deviation(column) for column in columns]
        lower = [mean - one for mean, one in zip(means, off, strict=True)]
        upper = [mean + one for mean, one in zip(means, off, strict=True)]
        axes.fill_between(x, lower, upper, color=colour(number), alpha=0.15, lw=0)


def _draw_baselines(axes: Axes, benchmark: Benchmark, name: str) -> None:
    for number, (baseline, metrics) in enumerate(benchmark.baselines.items(), 1):
        if name in metrics:
            label = drawable(f"baseline: {baseline}", f"baseline {number}")
            axes.axhline(metrics[name], color="0.4", lw=1.3, dashes=dash(number) or (1, 1), label=label)
