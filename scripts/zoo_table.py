"""Print the table of a sweep over all cells, as measured: test MSE, steps to a limit, seeds.

Run:  python scripts/zoo_table.py FOLDER [--score mse] [--limit 0.01]

A row is a cell: the mean and standard deviation of the test score over its finished runs, the mean of the
steps after which the validation score first was at the limit or below, and how many runs got there.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from measure import headline, table

from seqlab.comparison.runs import Run, read_runs


def steps_to(run: Run, score: str, limit: float) -> int | None:
    """Return the step at which a run's validation score first was at the limit or below."""
    for line in (run.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get(f"val/{score}", limit + 1) <= limit:
            return int(row["step"])
    return None


def rows(runs: list[Run], score: str, limit: float) -> list[list[str]]:
    """Return a row for each cell with a finished run, the best first."""
    by_cell: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        if run.status == "done" and f"test/{score}" in run.metrics:
            by_cell[str(run.record["cell"])].append(run)
    made = []
    for cell, found in by_cell.items():
        scores = [run.metrics[f"test/{score}"] for run in found]
        reached = [step for run in found if (step := steps_to(run, score, limit)) is not None]
        spread = f" ± {statistics.stdev(scores):.2g}" if len(scores) > 1 else ""
        steps = f"{statistics.mean(reached):.0f} ({len(reached)} of {len(found)})" if reached else "–"
        made.append(
            (
                statistics.mean(scores),
                [cell, f"{statistics.mean(scores):.2g}{spread}", steps, str(len(found))],
            )
        )
    return [row for _, row in sorted(made)]


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--score", default="mse")
    parser.add_argument("--limit", type=float, default=0.01)
    options = parser.parse_args(arguments)
    header = ["cell", f"test {options.score}", f"steps to {options.limit:g}", "runs"]
    print(
        headline(), table(header, rows(read_runs(options.folder), options.score, options.limit)), sep="\n\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
