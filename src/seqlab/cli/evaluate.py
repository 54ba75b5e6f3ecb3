"""seqlab eval: score a run again."""

import argparse
from pathlib import Path

from seqlab.cli.parser import add_root, add_run, begin
from seqlab.io.terminal import as_json, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_run(parser)
    parser.add_argument(
        "--with",
        dest="others",
        nargs="+",
        type=Path,
        default=[],
        metavar="RUN",
        help="score the mean of the outputs of this and of these networks, an ensemble",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_root(parser)


def run(options: argparse.Namespace) -> None:
    """Print the scores on validation and test data."""
    from seqlab.inference.ensemble import Ensemble  # noqa: PLC0415 (imports torch)
    from seqlab.inference.evaluate import evaluate  # noqa: PLC0415

    begin(options)
    if options.others:
        metrics = Ensemble.of([options.run, *options.others], options.checkpoint, options.root).scores()
    else:
        metrics = evaluate(options.run, options.checkpoint, options.root)
    if options.json:
        say(as_json(metrics))
        return
    for name, value in metrics.items():
        say(f"{name:24s} {value:.4f}")
