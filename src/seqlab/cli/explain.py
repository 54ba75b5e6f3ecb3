"""seqlab explain: follow a text or a series through a run's network, step by step."""

import argparse
from pathlib import Path

from seqlab.cli.parser import add_known, add_run, begin
from seqlab.errors import ConfigError
from seqlab.io.terminal import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_run(parser)
    parser.add_argument("text", nargs="?", help="what to classify")
    parser.add_argument(
        "--file", type=Path, help="a UTF-8 file with the text, or with the latest rows of a series"
    )
    add_known(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="instead of RUN/figures/explain.png")


def run(options: argparse.Namespace) -> None:
    """Print the steps as a table, and save the figure."""
    file = options.out or options.run / "figures" / "explain.png"
    if file.suffix != ".png":
        raise ConfigError(f"--out {file} must end in .png")
    if options.text is not None and options.file is not None:
        raise ConfigError("name a text or --file, not both")
    from seqlab.inference.explain import explain, save_figure, table  # noqa: PLC0415 (imports torch)
    from seqlab.io.console import Terminal  # noqa: PLC0415

    begin(options)
    found = explain(options.run, options.checkpoint, options.text, options.file, known=options.known)
    Terminal().print(table(found))
    save_figure(found, file)
    say(str(file))
