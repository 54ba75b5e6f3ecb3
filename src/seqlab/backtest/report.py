"""What a backtest shows and leaves: a table, JSON, CSV and a figure."""

from collections.abc import Mapping, Sequence

from seqlab.backtest.figure import draw
from seqlab.backtest.plan import Plan, Result, write_results
from seqlab.backtest.scoring import MODEL
from seqlab.backtest.summary import CONFIDENCE, Mean, as_values, differences_of, means_of, write_folds

FIGURE = "backtest.png"


def report(plan: Plan, results: Sequence[Result]) -> str:
    """Write the results of a backtest into its folder; return what is printed."""
    done = [one for one in results if not one.error]
    if not done:
        write_results(plan, results)
        return "no fold is done"
    score = plan.config.task.watched.partition("/")[2]
    scores = [its for one in done for its in one.scores.values()]
    if not all(score in its for its in scores):  # a baseline has neither a loss nor intervals
        score = "mae"
    means, differences = means_of(done), differences_of(done, score)
    write_results(plan, results, as_values(means, differences))
    write_folds(done, plan.path)
    figure = draw(done, differences, score, plan.config.title)
    figure.savefig(plan.path / FIGURE, dpi=plan.config.figures.dpi)
    return "\n".join([*_table(plan, means, done), *_paired(differences, score), str(plan.path)])


def _table(plan: Plan, means: Mapping[str, Mapping[str, Mean]], done: Sequence[Result]) -> list[str]:
    """Return a line for each forecast: how many windows are scored, and the scores in the task's order."""
    shown = [one.name for one in plan.config.task.scores if one.in_tables and one.name in means[MODEL]]
    rows = [["forecast", "windows", *shown]]
    for name, its in means.items():
        windows = sum(one.windows_of(name) for one in done if name in one.scores)
        rows.append([name, f"{windows:,}", *(str(its[score]) if score in its else "" for score in shown)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head = f"{plan.config.title}: mean ± standard error over {len(done)} of {plan.folds} folds"
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return [head, *lines]


def _paired(differences: Mapping[str, Mean], score: str) -> list[str]:
    """Return a line for each baseline: the network's score minus its, and the interval."""
    if not differences:
        return []
    interval = f"with a {CONFIDENCE:.0%} interval (Student's t)"
    lines = [f"model minus baseline, {score}, paired by fold, on the baseline's windows, {interval}:"]
    for name, one in differences.items():
        low, high = one.interval
        lines.append(f"  {name}: {one.mean:+.4f}" + (f" [{low:+.4f}, {high:+.4f}]" if one.n > 1 else ""))
    return lines
