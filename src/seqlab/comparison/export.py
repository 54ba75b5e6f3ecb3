"""The comparison as a CSV file: one row per group, numbers in full precision."""

import csv
from collections.abc import Sequence
from contextlib import nullcontext
from io import StringIO
from pathlib import Path
from typing import Any

from seqlab.comparison.criteria import labels
from seqlab.comparison.groups import Benchmark, Group
from seqlab.comparison.runs import Run
from seqlab.errors import RunError
from seqlab.io.files import own_output, replacing
from seqlab.io.spreadsheet import to_cell, to_cells

SIGNATURE = b"(benchmark|question),run,cell"
"""The beginning of the file; it identifies a file that seqlab wrote, also an earlier version."""


LAST = ("n", "parameters", "seconds", "engine", "status", "reason", "folder")
"""The columns at the end."""


def write_csv(benchmarks: Sequence[Benchmark], others: Sequence[Run], file: Path) -> None:
    """Write the groups of all benchmarks, their baselines, and the runs that are not finished.

    Raises:
        RunError: the file cannot be written.
    """
    columns, rows = columns_and_rows(benchmarks, others)
    text = StringIO()
    writer = csv.DictWriter(text, list(map(to_cell, columns)))
    writer.writeheader()
    writer.writerows(map(to_cells, rows))
    write(file, text.getvalue(), SIGNATURE)


def columns_and_rows(
    benchmarks: Sequence[Benchmark], others: Sequence[Run]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the groups of all benchmarks, their baselines, and the runs that are not finished, as a table.

    Columns: benchmark, run, cell, the settings that differ; for each score its mean and its standard
    deviation over n seeds; n, parameters, seconds (mean), engine, status, reason, folder. A baseline's
    status is "baseline".
    """
    rows: list[dict[str, Any]] = []
    for benchmark in benchmarks:
        rows += [_row(benchmark, group) for group in (*benchmark.groups, *benchmark.unfinished)]
        rows += [
            {"benchmark": benchmark.title, "run": name, "status": "baseline"}
            | {f"{score}_mean": metrics[score] for score in benchmark.criteria.labels if score in metrics}
            for name, metrics in benchmark.baselines.items()
        ]
    rows += [
        {"run": run.name, "status": run.status, "reason": run.reason, "folder": run.folder} for run in others
    ]
    columns = dict.fromkeys([*_columns(benchmarks), *(key for row in rows for key in row)])
    return [*(column for column in columns if column not in LAST), *LAST], rows


def write(file: Path, text: str, signature: bytes) -> None:
    """Write a text, in UTF-8, to a new file, or replace a file that has the signature.

    Raises:
        ConfigError: the file exists and seqlab did not write it.
        RunError: the file cannot be written.
    """
    output = own_output(file, signature)
    is_special = output.exists() and not output.is_file()  # a terminal or a pipe
    try:
        with nullcontext(output) if is_special else replacing(output) as draft:
            draft.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise RunError(f"cannot write {file}: {error.strerror}; choose a writable folder") from error


def _columns(benchmarks: Sequence[Benchmark]) -> list[str]:
    """Return the first columns in their order: names, settings, scores."""
    settings = [key for benchmark in benchmarks for group in benchmark.groups for key in group.settings]
    scores = [
        score
        for score in labels(benchmark.criteria for benchmark in benchmarks)
        if any(score in benchmark.scores for benchmark in benchmarks)
    ]
    return [
        "benchmark",
        "run",
        "cell",
        *settings,
        *(f"{s}_{part}" for s in scores for part in ("mean", "std")),
    ]


def _row(benchmark: Benchmark, group: Group) -> dict[str, Any]:
    row: dict[str, Any] = {"benchmark": benchmark.title, "run": group.name, "cell": group.cell}
    row |= group.settings
    for score in benchmark.scores:
        row |= {f"{score}_mean": group.mean(score), f"{score}_std": group.deviation(score)}
    row |= {"n": len(group.runs), "parameters": group.parameters, "seconds": group.seconds}
    run = group.runs[0]
    return row | {
        "engine": " ".join(group.engines),
        "status": run.status,
        "reason": run.reason * (run.status != "done"),
        "folder": group.folder,
    }
