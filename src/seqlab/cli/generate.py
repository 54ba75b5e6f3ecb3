"""seqlab generate: what a language model writes."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from seqlab.cli.parser import add_class, add_root, add_run, begin
from seqlab.errors import ConfigError
from seqlab.io.files import read_user_text
from seqlab.io.terminal import as_json, in_a_line, printable, say, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Generator

    from seqlab.inference.generate import Sampling, Writer, Written
    from seqlab.inference.judge import Judged

MOST = 20
"""Unknown tokens that a warning names."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be typed behind the command."""
    add_run(parser, "the run folder of a language model, or a file of seqlab export")
    parser.add_argument("prompt", nargs="?", help="how the text begins")
    parser.add_argument("--file", type=Path, help="a UTF-8 file of prompts, one a line")
    parser.add_argument("--length", type=int, default=500, help="tokens to write at most")
    parser.add_argument("--temperature", type=float, default=1.0, help="0 always writes the likeliest token")
    parser.add_argument("--top-k", type=int, help="choose among so many of the likeliest tokens")
    parser.add_argument(
        "--top-p", type=float, default=1.0, help="choose among the likeliest of this probability"
    )
    parser.add_argument("--seed", type=int, help="the same seed writes the same text")
    parser.add_argument("--count", type=int, default=1, help="texts to write for each prompt")
    parser.add_argument("--until", metavar="TEXT", help="stop where this is written")
    add_class(parser)
    parser.add_argument(
        "--judge",
        type=Path,
        metavar="CLASSIFIER",
        help="print, for --class or all, which share of --count texts the classifier of a run takes for the "
        "class, of the real test texts too, and which share are copies of training texts",
    )
    add_root(parser)
    parser.add_argument(
        "--json", action="store_true", help="print JSON, with the log-probability of each token"
    )


def run(options: argparse.Namespace) -> None:
    """Write texts to the terminal while they come about."""
    prompts = _prompts(options)
    if options.count < 1:
        raise ConfigError(f"--count must be 1 or more, got {options.count}")
    from seqlab.inference.generate import (  # noqa: PLC0415 (imports torch)
        Sampling,
        Writer,
        check_written,
        seeded,
    )

    check_written(options.length, options.until)
    sampling = Sampling(options.temperature, options.top_k, options.top_p)
    sampling.check()
    random = seeded(options.seed)
    begin(options)
    if options.judge is not None:
        _judge(options, sampling, random)
        return
    writer = Writer.of(options.run, options.checkpoint).told(options.label)
    rows: list[dict[str, Any]] = []
    for prompt in prompts:
        _warn_of_unknown(writer, prompt)
        for _ in range(options.count):
            written = writer.write(
                prompt, sampling, length=options.length, until=options.until, random=random
            )
            if options.json:
                rows.append(_row(writer, prompt, list(written)))
            else:
                _stream(prompt, written)
    if options.json:
        say(as_json(rows))


def _judge(options: argparse.Namespace, sampling: "Sampling", random: "Generator") -> None:
    """Print what a classifier makes of texts of each class, and of all."""
    from seqlab.inference.judge import judge  # noqa: PLC0415 (imports torch)

    if (options.prompt, options.file, options.until) != (None, None, None):
        raise ConfigError("--judge judges whole texts; leave out the prompt, --file and --until")
    names = () if options.label is None else (options.label,)
    sizes = {"count": options.count, "length": options.length}
    place = {"checkpoint": options.checkpoint, "root": options.root}
    found = list(judge(options.run, options.judge, names, sampling, **sizes, random=random, **place))
    if options.json:
        say(as_json([one._asdict() for one in found]))
        return
    say(f"{'class':16s} {'texts':>6s} {'taken':>6s} {'real':>6s} {'copies':>6s}")
    for one in found:
        say(_judged(one.name, one.texts, one.taken, one.real, one.copies))
    say(_mean("mean", found, [1] * len(found)))
    if any(one.test_texts for one in found):
        say(_mean("by frequency", found, [one.test_texts for one in found]))


def _mean(name: str, found: "list[Judged]", weights: Sequence[int]) -> str:
    """Return the line of means over classes, of those that the classes have a number for."""
    taken, copies = (fmean([getattr(one, kind) for one in found], weights) for kind in ("taken", "copies"))
    known = [(one.real, weight) for one, weight in zip(found, weights, strict=True) if one.real is not None]
    real = fmean([share for share, _ in known], [weight for _, weight in known]) if known else None
    return _judged(name, sum(one.texts for one in found), taken, real, copies)


def _judged(name: str, texts: int, taken: float, real: float | None, copies: float) -> str:
    shown = "–" if real is None else f"{real:.3f}"
    return f"{in_a_line(name):16s} {texts:6d} {taken:6.3f} {shown:>6s} {copies:6.3f}"


def _prompts(options: argparse.Namespace) -> list[str]:
    if options.file is None:
        return [options.prompt or ""]
    if options.prompt is not None:
        raise ConfigError("name a prompt or --file, not both")
    prompts = [line for line in read_user_text(options.file).splitlines() if line.strip()]
    if not prompts:
        raise ConfigError(f"{options.file} has no prompt; write one a line")
    return prompts


def _warn_of_unknown(writer: "Writer", prompt: str) -> None:
    if unknown := sorted(set(writer.read(prompt)[1])):
        shown = " ".join(map(in_a_line, unknown[:MOST]))
        tokens = writer.tokenizer.settings.tokens
        tell(f"{len(unknown)} {tokens} of the prompt did not occur in training: {shown}")


def _row(writer: "Writer", prompt: str, written: "list[Written]") -> dict[str, Any]:
    return {
        "prompt": prompt,
        "text": "".join(one.text for one in written),
        "tokens": [writer.tokenizer.symbols[one.token] for one in written],
        "log_probabilities": [one.log_probability for one in written],
    }


def _stream(prompt: str, written: "Iterator[Written]") -> None:
    sys.stdout.write(printable(prompt))
    for one in written:
        sys.stdout.write(printable(one.text))
        sys.stdout.flush()
    say("")
