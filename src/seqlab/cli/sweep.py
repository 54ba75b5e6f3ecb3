"""seqlab sweep resume: go on with a sweep that was cut off."""

from collections.abc import Sequence
from pathlib import Path

from seqlab.cli.parser import Parser, add_imports


def resumed_sweep(arguments: Sequence[str]) -> list[str]:
    """Return what follows ``seqlab train`` to do what ``seqlab sweep …`` asks.

    Raises:
        SeqlabError: the command line or the sweep's folder is wrong.
    """
    from seqlab.sweep.resume import command_line  # noqa: PLC0415

    parser = Parser(prog="seqlab sweep", description="Go on with a sweep: what is done is not run again.")
    parser.add_argument("action", choices=["resume"])
    parser.add_argument("folder", type=Path, help="the sweep's, which holds sweep.yaml")
    add_imports(parser)
    options = parser.parse_args(arguments)
    return command_line(options.folder, options.imports)
