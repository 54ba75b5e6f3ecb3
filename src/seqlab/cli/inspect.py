"""seqlab inspect: show what is in a file, and which commands would train on it."""

import argparse
from pathlib import Path

MOST_COLUMNS = 20
"""Maximum number of columns that are printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("file", type=Path, help="a table, a text, an array, or a folder")


def run(options: argparse.Namespace) -> None:
    """Print the columns, what looks suspicious, and the commands."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from seqlab.data.inspection import inspect  # noqa: PLC0415
    from seqlab.io.console import Terminal  # noqa: PLC0415
    from seqlab.io.terminal import say  # noqa: PLC0415

    found = inspect(options.file)
    for fact in found.facts:
        say(fact)
    if found.columns:
        table = Table(box=box.SIMPLE_HEAD)
        for heading in ("column", "kind", "missing", "different", "examples"):
            table.add_column(heading)
        for column in found.columns[:MOST_COLUMNS]:
            table.add_row(*column.described())
        Terminal().print(table)
        if len(found.columns) > MOST_COLUMNS:
            say(f"and {len(found.columns) - MOST_COLUMNS} more columns")
    for column in found.columns:
        if column.sentinel is not None:
            value = f"{column.sentinel:.17g} many times, far from all other values"
            say(f"column '{column.name}' has {value}: does it mean missing?")
    if not found.suggestions:
        say("no data set of seqlab reads this: texts need a column of labels, a series columns of numbers")
    for suggestion in found.suggestions:
        say(f"\n{suggestion.what}:\n  {suggestion.command}")
