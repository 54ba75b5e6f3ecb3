"""Draw several runs that have measured their gradient flow (callbacks=diagnostics) on one axis.

Run:  python scripts/plot_gradient_flow.py FOLDER FILE.png [--quantity gradient] [--only KEY=VALUE ...]

Reads every finished run below FOLDER. --quantity is gradient, Jacobian (both of the first layer) or
influence; --before takes what was measured before training. With --against data.length a score of the test is
plotted against that setting, one line per cell.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from seqlab.comparison.runs import Run, read_runs
from seqlab.diagnostics.figures import compare
from seqlab.runs.diagnostics_file import QUANTITIES, curves_by_quantity, read_snapshots

BASELINES = {"test/mse": ("mean", "always the mean")}
"""Baselines that are plotted beside a score, and their names."""


def against(runs: Sequence[Run], key: str, score: str, title: str) -> Figure:
    """Draw a score of every run against a setting, on logarithmic scales, a line for each cell."""
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for cell in dict.fromkeys(run.record["cell"] for run in runs):
        found = sorted((run.settings[key], run.metrics[score]) for run in runs if run.record["cell"] == cell)
        axes.loglog(*zip(*found, strict=True), marker="o", label=cell)
    baseline, name = BASELINES.get(score, ("", ""))
    beside = sorted(
        (run.settings[key], run.record["baselines"][baseline][score])
        for run in runs
        if baseline in run.record.get("baselines", {})
    )
    if beside:
        axes.loglog(*zip(*beside, strict=True), color="black", lw=1, ls="--", label=name)
    ticks = sorted({run.settings[key] for run in runs})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel=f"{key}, steps", ylabel=f"{score}, mean squared error", title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def flow(runs: Sequence[Run], quantity: str, title: str, *, by: str, before: bool) -> Figure:
    """Draw one curve a run against the distance."""
    curves = {}
    for run in runs:
        label = str(run.settings[by])
        if label in curves:
            raise SystemExit(
                f"two runs have {by}={label}; choose with --only, or name them --by another setting"
            )
        snapshots = read_snapshots(run.path / "diagnostics.json")
        if snapshots:
            found = curves_by_quantity(snapshots[0 if before else -1])
            curves[label] = next(curve for name, curve in found.items() if name.startswith(quantity))
    if not curves:
        raise SystemExit("none of these runs was trained with callbacks=diagnostics")
    return compare(curves, QUANTITIES[quantity], title)


def chosen(runs: Sequence[Run], only: Mapping[str, str]) -> list[Run]:
    """Return the finished runs with these settings, the same cells beside one another."""
    found = [
        run
        for run in runs
        if run.status == "done" and all(str(run.settings.get(key)) == value for key, value in only.items())
    ]
    order = ["rnn", "gru", "lstm"]
    return sorted(found, key=lambda run: [*order, run.record["cell"]].index(run.record["cell"]))


def main() -> None:
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--quantity", choices=list(QUANTITIES), default="gradient")
    parser.add_argument("--only", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--by", metavar="KEY", default="model.cell", help="the setting that names a curve")
    parser.add_argument("--before", action="store_true", help="before training, not after the last epoch")
    parser.add_argument("--against", metavar="KEY", help="draw --score against this setting")
    parser.add_argument("--score", default="test/mse")
    parser.add_argument("--title", default="")
    options = parser.parse_args()
    runs = chosen(read_runs(options.folder), dict(setting.split("=", 1) for setting in options.only))
    if options.against:
        figure = against(runs, options.against, options.score, options.title)
    else:
        figure = flow(runs, options.quantity, options.title, by=options.by, before=options.before)
    options.file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.file, dpi=100)


if __name__ == "__main__":
    main()
