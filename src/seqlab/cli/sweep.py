"""seqlab sweep resume: resume a sweep that was interrupted."""

from collections.abc import Sequence
from pathlib import Path

from seqlab.cli.parser import Parser, add_imports


def resumed_sweep(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of ``seqlab train`` that resume the sweep of ``seqlab sweep resume FOLDER``.

    Raises:
        SeqlabError: the command line or the sweep's folder is wrong.
    """
    from seqlab.sweep.resume import command_line  # noqa: PLC0415

    parser = Parser(prog="seqlab sweep", description="Resume a sweep: finished jobs are not run again.")
    parser.add_argument("action", choices=["resume"])
    parser.add_argument("folder", type=Path, help="the folder of the sweep, with sweep.yaml")
    add_imports(parser)
    options = parser.parse_args(arguments)
    return command_line(options.folder, options.imports)
