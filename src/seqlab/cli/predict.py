"""seqlab predict: what a run or an exported network answers."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from seqlab.cli.parser import add_run, begin
from seqlab.errors import ConfigError, DataError
from seqlab.io.files import read_user_text
from seqlab.io.terminal import as_json, in_a_line, say

if TYPE_CHECKING:
    from seqlab.models.predictor import Predictor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what can be typed behind the command."""
    add_run(parser, "a run folder, or a file of seqlab export")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("texts", nargs="*", help="what to classify")
    parser.add_argument(
        "--file",
        type=Path,
        help="a UTF-8 file of further texts, one a line; or the latest rows of a series",
    )
    parser.add_argument("--top", type=int, default=3, help="how many classes to name")


def run(options: argparse.Namespace) -> None:
    """Print an answer for every text, or the forecast."""
    if options.top < 1:
        raise ConfigError(f"--top must be 1 or more, got {options.top}")
    from seqlab.inference.predict import load  # noqa: PLC0415 (imports torch)

    begin(options)
    run = load(options.run, options.checkpoint)
    answer = {"forecasting": _forecast, "classification": _classify}.get(run.spec.task)
    if answer is None:
        raise ConfigError(f"data={run.spec.name} is generated; see predictions.csv in {options.run}")
    lines = answer(run, options)
    say("\n".join(lines))


def _classify(run: "Predictor", options: argparse.Namespace) -> list[str]:
    from seqlab.inference.predict import classify  # noqa: PLC0415

    lines = read_user_text(options.file).splitlines() if options.file else []
    texts = [text for text in (*options.texts, *(line.strip() for line in lines)) if text.strip()]
    if not texts:
        raise DataError("nothing to predict: name a text, or --file with one text a line")
    answers = classify(run, texts, options.top)
    if options.json:
        return [as_json([asdict(answer) for answer in answers])]
    pairs = [zip(answer.classes, answer.probabilities, strict=True) for answer in answers]
    best = [
        "  ".join(f"{in_a_line(name)} {probability:.3f}" for name, probability in found) for found in pairs
    ]
    return [f"{in_a_line(answer.text)}\t{found}" for answer, found in zip(answers, best, strict=True)]


def _forecast(run: "Predictor", options: argparse.Namespace) -> list[str]:
    from seqlab.inference.predict import forecast  # noqa: PLC0415

    if options.texts or options.file is None:
        raise DataError("this run forecasts a series: name its latest rows with --file FILE.csv")
    steps = forecast(run, options.file)
    if options.json:
        return [as_json([asdict(step) for step in steps])]
    header = "\t".join(["time", *map(in_a_line, steps[0].values)])
    return [header, *("\t".join([step.time, *(f"{v:.7g}" for v in step.values.values())]) for step in steps)]
