"""What the commands' arguments have in common."""

import argparse
from pathlib import Path
from typing import NoReturn

from seqlab.errors import ConfigError


class Parser(argparse.ArgumentParser):
    """An argparse whose errors are ours: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Refuse what argparse refuses."""
        raise ConfigError(f"{message}; see {self.prog} --help")


def add_run(parser: argparse.ArgumentParser, what: str = "a run folder") -> None:
    """Add the run, which of its checkpoints, and modules to import."""
    parser.add_argument("run", type=Path, help=what)
    parser.add_argument("--checkpoint", choices=["best", "last"], default="best")
    add_imports(parser)


def add_imports(parser: argparse.ArgumentParser) -> None:
    """Add ``--imports``."""
    parser.add_argument(
        "--imports",
        action="append",
        default=[],
        metavar="MODULE",
        help="a module of yours that registers the cell; none is imported unless you name it",
    )


def begin(options: argparse.Namespace) -> None:
    """Say no more than warnings, and import the modules that the user has named."""
    from seqlab.io import console_log  # noqa: PLC0415
    from seqlab.registry import plugins  # noqa: PLC0415

    console_log.configure("quiet")
    plugins.load(options.imports)
