"""seqlab cells: list the registered cells, with gates, states, number of parameters and engines."""

import argparse
from typing import TYPE_CHECKING

from seqlab.cli.parser import add_imports

if TYPE_CHECKING:
    from seqlab.cells import Cell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_imports(parser)


def run(options: argparse.Namespace) -> None:
    """Print a row for every cell."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from seqlab.cells import Layout, cells  # noqa: PLC0415
    from seqlab.engines import serving  # noqa: PLC0415
    from seqlab.io.console import Terminal  # noqa: PLC0415
    from seqlab.registry import plugins  # noqa: PLC0415

    plugins.load(options.imports)
    table = Table(box=box.SIMPLE_HEAD)
    for column in (
        "cell",
        "gates",
        "state",
        "output",
        "parameters per layer",
        "recurrence",
        "engines",
        "description",
    ):
        table.add_column(column)
    for name, cls in cells.items():
        cell = cls()
        what = (cls.__doc__ or "").strip().splitlines()[0] if cls.__doc__ else ""
        formula = Layout.of(cell).formula(cell)
        gates, states, engines = (" ".join(names) for names in (cls.gates, cls.state, serving(cell)))
        table.add_row(name, gates, states, cls.output, formula, recurrence(cell), engines, what)
    Terminal().print(table)


def recurrence(cell: "Cell") -> str:
    """Return "linear" for a cell whose states are affine in those before, unit by unit."""
    from seqlab.engines.linear import is_linear  # noqa: PLC0415
    from seqlab.engines.tape import TraceError  # noqa: PLC0415
    from seqlab.engines.trace import trace  # noqa: PLC0415

    try:
        return "linear" if is_linear(trace(cell).program) else ""
    except TraceError:
        return ""
