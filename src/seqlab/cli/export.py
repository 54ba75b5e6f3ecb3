"""seqlab export: write a run's network to a file that predicts without the run."""

import argparse
from pathlib import Path

from seqlab.cli.parser import add_run, begin
from seqlab.errors import ConfigError
from seqlab.io.terminal import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_run(parser)
    parser.add_argument("--to", choices=["safetensors", "onnx", "html"], required=True)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="instead of RUN/model.safetensors, .onnx or .html"
    )


def run(options: argparse.Namespace) -> None:
    """Write the file or files, and name them."""
    file = options.out or options.run / f"model.{options.to}"
    if file.suffix != f".{options.to}":
        raise ConfigError(f"--out {file} must end in .{options.to}, so that it is known for what it is")
    from seqlab.export import export  # noqa: PLC0415 (imports torch)

    begin(options)
    for written in export(options.run, options.checkpoint, file):
        say(f"{written}  {written.stat().st_size:,} bytes")
