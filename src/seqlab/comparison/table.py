"""The comparison as tables: one row per group with its scores, the baselines, and the unfinished runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.table import Table

from seqlab.comparison.groups import Benchmark, Group, compare, labelled
from seqlab.comparison.runs import Run, read_runs
from seqlab.io.console import Terminal

NUMBERS = frozenset({"seed", "seeds", "parameters", "time"})
"""Right-aligned columns of numbers other than scores and settings."""
LEAST_NEEDED = ("folder", "engine", "time", "parameters", "seeds", "cell")
"""The columns that are left out first if a terminal is narrow."""
NAMED, FOLDED = 24, 12
"""Characters per line down to which the first and other columns of texts fold before others are left out."""


@dataclass(frozen=True)
class Sheet:
    """A table of texts.

    Attributes:
        title: above the table.
        columns: the headings.
        rows: the texts of the cells.
        numbers: the columns that are right-aligned.
        least: those that are left out if a terminal is narrow, the first of them first.
        baselines: further rows, for baselines.
        note: below the table.
    """

    title: str
    columns: list[str]
    rows: list[list[str]]
    numbers: frozenset[str] = NUMBERS
    least: Sequence[str] = LEAST_NEEDED
    baselines: Sequence[list[str]] = ()
    note: str = ""


def print_report(folder: Path) -> None:
    """Print every run below ``folder``, a table for each benchmark, the best first, the baselines last.

    Raises:
        RunError: the folder contains no run.
    """
    print_comparison(*compare(read_runs(folder)))


def print_comparison(benchmarks: Sequence[Benchmark], others: Sequence[Run]) -> None:
    """Print the tables of each benchmark, then the runs that cannot be compared."""
    console = Terminal()
    for benchmark in benchmarks:
        for sheet in sheets(benchmark):
            console.print(table_of(fitting(sheet, console.width)))
    if others:
        console.print(table_of(sheet_of_others(others)))
    for run in (run for benchmark in benchmarks for run in benchmark.runs):
        for problem in run.problems:
            console.print(f"{run.folder}: {problem}", soft_wrap=True)


def sheets(benchmark: Benchmark) -> list[Sheet]:
    """Return the table of a benchmark's groups, and a table of its unfinished runs if there are any."""
    found = [_scores(benchmark)] if benchmark.groups else []
    return [*found, _unfinished(benchmark)] if benchmark.unfinished else found


def sheet_of_others(runs: Sequence[Run]) -> Sheet:
    """Return the table of runs whose record does not state its data."""
    rows = [[run.folder, run.status, run.reason] for run in runs]
    return Sheet("Cannot be compared", ["run", "status", "reason"], rows)


def _unfinished(benchmark: Benchmark) -> Sheet:
    columns = ["run", "cell", "seed", *benchmark.unfinished[0].settings, "status", "reason"]
    columns = list(dict.fromkeys(columns))  # the seed may be among the settings
    rows = []
    for group in benchmark.unfinished:
        (run,) = group.runs
        cells = {"run": run.folder, "cell": group.cell, "seed": str(run.settings.get("seed", ""))}
        cells |= group.settings | {"status": run.status, "reason": run.reason}
        rows.append([cells[column] for column in columns])
    settings = _numeric(benchmark.unfinished)
    return Sheet(
        f"{benchmark.title}: not finished", columns, rows, NUMBERS | {*settings}, (*LEAST_NEEDED, *settings)
    )


def _numeric(groups: Sequence[Group]) -> list[str]:
    """Return the settings whose values are all numbers; a group may have none."""
    values = {name: {group.settings[name] for group in groups} - {""} for name in groups[0].settings}
    return [name for name, found in values.items() if found and all(map(_is_number, found))]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _scores(benchmark: Benchmark) -> Sheet:
    varied = list(benchmark.groups[0].settings)
    shown, criteria = benchmark.scores, benchmark.criteria
    labels, digits = criteria.labels, {score: criteria.score(score).digits for score in shown}
    count = sum(len(group.runs) for group in benchmark.groups)
    columns = ["run", "cell", *varied, *(labels[score] for score in shown)]
    columns += ["seeds", "parameters", "time", "engine", "folder"]
    rows = [
        [
            group.name,
            group.cell,
            *group.settings.values(),
            *(spread(group.mean(score), group.deviation(score), digits[score]) for score in shown),
            str(len(group.runs)),
            *_costs(group),
            group.folder,
        ]
        for group in benchmark.groups
    ]
    empty = [""] * len(varied)
    baselines = [
        [
            f"baseline: {labelled(name, metrics)}",
            "",
            *empty,
            *(spread(metrics.get(score), None, digits[score]) for score in shown),
            *[""] * 5,
        ]
        for name, metrics in benchmark.baselines.items()
    ]
    title = f"{benchmark.title}: {count} run{'s' * (count > 1)}"
    settings = _numeric(benchmark.groups)
    numbers = NUMBERS | {*labels.values(), *settings}
    further = [labels[score] for score in shown[:0:-1]]
    least = (*LEAST_NEEDED, *further, *settings)
    return Sheet(title, columns, rows, numbers, least, baselines, _note(benchmark))


def spread(mean: float | None, deviation: float | None, digits: int = 4) -> str:
    """Return ``0.8123 ± 0.0045``; only the mean if there is no deviation; "" if there is no mean."""
    if mean is None:
        return ""
    return f"{mean:.{digits}f}" if deviation is None else f"{mean:.{digits}f} ± {deviation:.{digits}f}"


def _costs(group: Group) -> tuple[str, str, str]:
    """Return a group's parameters, its mean time, and its engines."""
    seconds = group.seconds
    return (
        f"{group.parameters:,}" if group.parameters is not None else "",
        f"{seconds:.0f} s" if seconds is not None else "",
        ", ".join(group.engines),
    )


def _note(benchmark: Benchmark) -> str:
    parts = []
    if any(len(group.runs) > 1 for group in benchmark.groups):
        parts.append("±: standard deviation over seeds (n - 1)")
    if benchmark.earlier:
        parts.append(
            f"{benchmark.earlier} earlier runs with the same settings and seed left out; --runs shows all"
        )
    labels = benchmark.criteria.labels
    parts += [
        f"{labels[score]}: {benchmark.criteria.score(score).heading} on training samples, sampled uniformly "
        "over classes; not held out"
        for score in benchmark.scores
        if score.startswith("balanced/")
    ]
    return "; ".join(parts)


def fitting(sheet: Sheet, width: int) -> Sheet:
    """Return a sheet without the columns that are needed least, so that no number is broken in a line.

    The first column, the first score and settings in words are always left.

    Args:
        sheet: the table.
        width: characters per line.
    """
    left_out: list[str] = []
    for name in (name for name in sheet.least if name in sheet.columns):
        if _width(sheet) <= width:
            break
        left_out.append(name)
        sheet = _without(sheet, name)
    if not left_out:
        return sheet
    note = f"left out: {', '.join(left_out)}; a wider terminal and --csv show all"
    return replace(sheet, note="; ".join(filter(None, (sheet.note, note))))


def _width(sheet: Sheet) -> int:
    """Return the characters that a line of a table needs, if no number is broken."""
    rows = [sheet.columns, *sheet.rows, *sheet.baselines]
    width = 1
    for place, name in enumerate(sheet.columns):
        longest = max(cell_len(row[place]) for row in rows)
        width += 3 + (longest if name in sheet.numbers else min(longest, FOLDED if place else NAMED))
    return width


def _without(sheet: Sheet, column: str) -> Sheet:
    place = sheet.columns.index(column)

    def cut(row: list[str]) -> list[str]:
        return row[:place] + row[place + 1 :]

    return replace(
        sheet,
        columns=cut(sheet.columns),
        rows=[cut(row) for row in sheet.rows],
        baselines=[cut(row) for row in sheet.baselines],
    )


def table_of(sheet: Sheet) -> Table:
    """Return a sheet as rich shows it."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title=sheet.title,
        title_justify="left",
        caption=sheet.note or None,
        caption_justify="left",
    )
    for column in sheet.columns:
        is_number = column in sheet.numbers
        table.add_column(column, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    for row in sheet.rows:
        table.add_row(*row)
    for row in sheet.baselines:
        table.add_row(*row, style="dim")
    return table
