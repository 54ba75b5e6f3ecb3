"""seqlab score: how surprising each token of a text is to a language model."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqlab.cli.parser import add_class, add_run, begin
from seqlab.errors import ConfigError
from seqlab.io.terminal import as_json, in_a_line, say

if TYPE_CHECKING:
    from seqlab.inference.score import Surprisal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be typed behind the command."""
    add_run(parser, "the run folder of a language model, or a file of seqlab export")
    parser.add_argument("file", type=Path, help="the text: a file, a folder or a zip")
    parser.add_argument("--encoding", default="utf-8", help="of the text")
    add_class(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, a line for each token")
    parser.add_argument("--out", type=Path, metavar="FILE", help="draw the beginning of the text, as .png")


def run(options: argparse.Namespace) -> None:
    """Print a line for each token, and the scores of all; leave the figure."""
    if options.out is not None and options.out.suffix != ".png":
        raise ConfigError(f"--out {options.out} must end in .png")
    from seqlab.data.table.encodings import is_by_bytes  # noqa: PLC0415

    try:
        is_by_bytes(options.encoding)
    except LookupError as error:
        raise ConfigError(
            f"--encoding: no encoding '{options.encoding}'; examples are utf-8, cp1252"
        ) from error
    from seqlab.inference.explain import write_png  # noqa: PLC0415 (imports torch)
    from seqlab.inference.generate import Writer  # noqa: PLC0415
    from seqlab.inference.score import COLUMNS, ROWS, Total, figure_of, surprisals  # noqa: PLC0415

    begin(options)
    writer = Writer.of(options.run, options.checkpoint).told(options.label)
    total, beginning = Total(), []
    widths = writer.tokenizer.widths
    for place, one in enumerate(surprisals(writer, options.file, options.encoding)):
        total.add(one, widths)
        if place < COLUMNS * ROWS:
            beginning.append(one)
        say(
            as_json(_row(writer.tokenizer.symbols, one))
            if options.json
            else _line(writer.tokenizer.symbols, one)
        )
    scores = total.scores()
    if options.json:
        say(as_json({"tokens": total.tokens, **scores}))
    else:
        say(f"{total.tokens:,} tokens: " + ", ".join(f"{name} {value:.4f}" for name, value in scores.items()))
    if options.out is not None:
        write_png(figure_of(beginning, str(options.file)), options.out)
        say(str(options.out))


def _line(symbols: tuple[str, ...], one: "Surprisal") -> str:
    return f"{in_a_line(one.text or symbols[one.token])}\t{'' if one.nats is None else f'{one.nats:.4f}'}"


def _row(symbols: tuple[str, ...], one: "Surprisal") -> dict[str, Any]:
    return {"token": one.text or symbols[one.token], "nats": one.nats}
