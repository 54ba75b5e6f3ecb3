"""Print the table of a sweep over all cells, as measured: test MSE, steps to a limit, seeds.

Run:  python train.py -m experiment=zoo_adding hydra.sweep.dir=FOLDER
      python scripts/zoo_table.py FOLDER [--score mse] [--limit 0.01] [--page]

A row is a cell: the mean and standard deviation of the test score over its finished runs, the mean of the
steps after which the validation score first was at the limit or below, how many runs got there, and how many
were finished: one whose loss is no longer finite fails. With --page the table is written into docs/adding.md.
"""

import argparse
import json
import shlex
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from measure import table
from results import made_by, when_and_where

from seqlab.comparison.runs import Run, read_runs

PAGE = Path(__file__).parents[1] / "docs" / "adding.md"
TEXT = """\
# Every cell on the adding problem

<!-- Written by scripts/zoo_table.py --page from the runs of experiment=zoo_adding. -->

Two of 200 numbers between 0 and 1 are marked, and a network has to say their sum (Hochreiter & Schmidhuber
1997). Always to say 1 costs 1/6 = 0.167. Every cell of [the gallery](cells.md) is trained alike, with the
settings of conf/experiment/adding_gru.yaml: 32 units, 10,000 sequences, 8 epochs, Adam, a one-cycle schedule
up to a rate of 0.01. Nothing is tuned for a cell: a row says what it does with these settings, not what it
could do with others: the LSTM of experiment=adding_lstm, which learns it, begins with other biases. {good} of
{all} cells have a mean test error of {limit:g} or less.

The columns are the mean squared error of the test with its standard deviation over seeds, the mean number of
steps until that of validation, measured once an epoch, was {limit:g} or less with how many runs got there,
and how many runs were finished: a run fails when its loss is no longer finite.

"""


def steps_to(run: Run, score: str, limit: float) -> int | None:
    """Return the step at which a run's validation score first was at the limit or below."""
    for line in (run.path / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row.get(f"val/{score}", limit + 1) <= limit:
            return int(row["step"])
    return None


def rows(runs: list[Run], score: str, limit: float) -> tuple[list[float], list[list[str]]]:
    """Return the mean test score and a row for each cell with a finished run, the best first."""
    by_cell: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_cell[str(run.record["cell"])].append(run)
    made = []
    for cell, started in by_cell.items():
        found = [run for run in started if run.status == "done" and f"test/{score}" in run.metrics]
        if not found:
            continue
        scores = [run.metrics[f"test/{score}"] for run in found]
        reached = [step for run in found if (step := steps_to(run, score, limit)) is not None]
        spread = f" ± {statistics.stdev(scores):.2g}" if len(scores) > 1 else ""
        steps = f"{statistics.mean(reached):.0f} ({len(reached)} of {len(found)})" if reached else "–"
        made.append(
            (
                statistics.mean(scores),
                [cell, f"{statistics.mean(scores):.2g}{spread}", steps, f"{len(found)} of {len(started)}"],
            )
        )
    made.sort()
    return [mean for mean, _ in made], [row for _, row in made]


def made(runs: list[Run]) -> str:
    """Return when, on what machines and with which versions the finished runs were made."""
    records = [run.record for run in runs if run.status == "done"]
    return when_and_where([one["ended"] for one in records], [made_by(one) for one in records])


def main(arguments: list[str] | None = None) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--score", default="mse")
    parser.add_argument("--limit", type=float, default=0.01)
    parser.add_argument("--page", action="store_true", help="write docs/adding.md")
    options = parser.parse_args(arguments)
    header = ["cell", f"test {options.score}", f"steps to {options.limit:g}", "runs"]
    runs = read_runs(options.folder)
    means, found = rows(runs, options.score, options.limit)
    if not found:
        print(f"no finished run below {options.folder} has the score test/{options.score}", file=sys.stderr)
        return 2
    command = shlex.join(["python", *sys.argv])
    text = f"{made(runs)}\n\n`{command}`\n\n{table(header, found)}\n"
    print(text)
    if options.page:
        good = sum(mean <= options.limit for mean in means)
        PAGE.write_text(TEXT.format(good=good, all=len(means), limit=options.limit) + text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
