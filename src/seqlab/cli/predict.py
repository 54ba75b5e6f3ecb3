"""seqlab predict: predict with a run or an exported network."""

import argparse
from pathlib import Path

from seqlab.cli.parser import add_known, add_run, begin
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
        help="further texts, one a line or in a table with the columns of the training data; "
        "or the latest rows of a series",
    )
    add_known(parser)
    parser.add_argument(
        "--top",
        type=int,
        default=3,
        help="how many classes or labels to print for each text or sequence; a token always has one tag",
    )
    parser.add_argument(
        "--quantiles",
        metavar="LEVELS",
        help="quantiles of a forecast to print too, such as 0.1,0.5,0.9",
    )


def run(options: argparse.Namespace) -> None:
    """Print a prediction for every text or sequence, or the forecast."""
    if options.top < 1:
        raise ConfigError(f"--top must be 1 or more, got {options.top}")
    levels = _levels(options.quantiles) if options.quantiles is not None else []
    from seqlab.inference.predict import load, predict  # noqa: PLC0415 (imports torch)

    begin(options)
    network = load(options.run, options.checkpoint)
    rows = predict(network, options.texts, options.file, options.top, levels, known=options.known)
    say(as_json(rows) if options.json else "\n".join(network.task.lines(rows)))


def _levels(given: str) -> list[float]:
    """Return the levels in a list such as "0.1,0.5,0.9".

    Raises:
        ConfigError: it is none.
    """
    try:
        levels = [float(level) for level in given.split(",")]
    except ValueError:
        levels = []
    if not levels or not all(0 < level < 1 for level in levels):
        raise ConfigError(f"--quantiles {given}: give numbers between 0 and 1, such as 0.1,0.5,0.9")
    return list(dict.fromkeys(levels))
