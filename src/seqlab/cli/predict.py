"""seqlab predict: predict with a run or an exported network."""

import argparse
from pathlib import Path

from seqlab.cli.parser import add_run, begin
from seqlab.errors import ConfigError
from seqlab.io.terminal import as_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_run(parser, "a run folder, or a file of seqlab export")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("texts", nargs="*", help="what to classify")
    parser.add_argument(
        "--file",
        type=Path,
        help="a UTF-8 file of further texts, one per line, or of the latest rows of a series",
    )
    parser.add_argument(
        "--top",
        type=int,
        default=3,
        help="how many classes or labels to print for each text or sequence; a token always has one tag",
    )


def run(options: argparse.Namespace) -> None:
    """Print a prediction for every text or sequence, or the forecast."""
    if options.top < 1:
        raise ConfigError(f"--top must be 1 or more, got {options.top}")
    from seqlab.inference.predict import load, predict  # noqa: PLC0415 (imports torch)

    begin(options)
    network = load(options.run, options.checkpoint)
    rows = predict(network, options.texts, options.file, options.top)
    say(as_json(rows) if options.json else "\n".join(network.task.lines(rows)))
