"""Arguments that several commands share."""

import argparse
from pathlib import Path
from typing import NoReturn

from seqlab.errors import ConfigError


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Help that names the defaults that are values."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        is_value = isinstance(action.default, str | int | float) and not isinstance(action.default, bool)
        return super()._get_help_string(action) if is_value else action.help


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ``ConfigError``: one line, exit code 2."""

    def __init__(self, *, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, formatter_class=Help)

    def error(self, message: str) -> NoReturn:
        """Raise argparse's message as a ConfigError."""
        raise ConfigError(f"{message}; see {self.prog} --help")


def add_run(parser: argparse.ArgumentParser, what: str = "a run folder") -> None:
    """Add the run, ``--checkpoint`` and ``--imports``."""
    parser.add_argument("run", type=Path, help=what)
    parser.add_argument("--checkpoint", choices=["best", "last"], default="best", help="whose weights")
    add_imports(parser)


def add_imports(parser: argparse.ArgumentParser) -> None:
    """Add ``--imports``."""
    parser.add_argument(
        "--imports",
        action="append",
        default=[],
        metavar="MODULE",
        help="a module of yours that registers a cell or another class; others are not imported",
    )


def add_class(parser: argparse.ArgumentParser) -> None:
    """Add ``--class``."""
    parser.add_argument(
        "--class",
        dest="label",
        metavar="NAME",
        help="the class of the texts, for a network trained with model.condition=class",
    )


def add_root(parser: argparse.ArgumentParser) -> None:
    """Add ``--root``."""
    parser.add_argument("--root", help="the folder or file of the data, if they have moved")


def add_known(parser: argparse.ArgumentParser) -> None:
    """Add ``--known``."""
    parser.add_argument(
        "--known",
        type=Path,
        metavar="FILE",
        help="what is known of the steps that are forecast: rows of the columns of data.known",
    )


def begin(options: argparse.Namespace) -> None:
    """Log only warnings, and import the modules that the user has named."""
    from seqlab.io import console_log  # noqa: PLC0415
    from seqlab.registry import plugins  # noqa: PLC0415

    console_log.configure("quiet")
    plugins.load(options.imports)
