"""The commands that use what is there: cells, eval, predict, explain, report."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from seqlab.errors import ConfigError, DataError
from seqlab.files import read_user_text
from seqlab.terminal import Terminal, as_json, in_a_line, say

if TYPE_CHECKING:
    from seqlab.predictor import Predictor

HELP = {
    "cells": "list the registered cells: gates, states, parameters, engines",
    "eval": "score a run's best weights again on its validation and test data",
    "predict": "ask a run's network, or an exported one, about texts, or how a series goes on",
    "explain": "follow a text or a series through a run's network, step by step",
    "export": "write a run's network to a file that can predict alone",
    "report": "compare all runs below a folder",
}


class _Parser(argparse.ArgumentParser):
    """An argparse whose errors are ours: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see {self.prog} --help")


def run(command: str, arguments: Sequence[str]) -> None:
    """Run one of ``HELP``'s commands.

    Raises:
        SeqlabError: the command line, a file or a run folder is wrong.
    """
    parser = _Parser(prog=f"seqlab {command}", description=HELP[command])
    if command == "cells":
        _add_imports(parser)
        _cells(parser.parse_args(arguments))
    elif command == "report":
        parser.add_argument("folder", nargs="?", default="outputs", type=Path)
        parser.add_argument("--runs", action="store_true", help="every run, not the mean over seeds")
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table too")
        parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with all figures too")
        _report(parser.parse_args(arguments))
    elif command == "explain":
        _add_run(parser, "a run folder")
        parser.add_argument("text", nargs="?", help="what to classify")
        parser.add_argument(
            "--file", type=Path, help="a UTF-8 file that holds the text; or the latest rows of a series"
        )
        parser.add_argument("--out", type=Path, metavar="FILE", help="instead of RUN/figures/explain.png")
        _explain(parser.parse_args(arguments))
    elif command == "export":
        _add_run(parser, "a run folder")
        parser.add_argument("--to", choices=["safetensors", "onnx"], required=True)
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help="instead of RUN/model.safetensors or .onnx"
        )
        _export(parser.parse_args(arguments))
    else:
        _add_run(
            parser, "a run folder, or a file of seqlab export" if command == "predict" else "a run folder"
        )
        parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
        if command == "eval":
            parser.add_argument("--root", help="where the data are now, if they have moved")
            _evaluate(parser.parse_args(arguments))
        else:
            parser.add_argument("texts", nargs="*", help="what to classify")
            parser.add_argument(
                "--file",
                type=Path,
                help="a UTF-8 file of further texts, one a line; or the latest rows of a series",
            )
            parser.add_argument("--top", type=int, default=3, help="how many classes to name")
            _predict(parser.parse_args(arguments))


def resumed_sweep(arguments: Sequence[str]) -> list[str]:
    """Return what follows ``seqlab train`` to do what ``seqlab sweep …`` asks.

    Raises:
        SeqlabError: the command line or the sweep's folder is wrong.
    """
    from seqlab.sweep.resume import command_line  # noqa: PLC0415

    parser = _Parser(prog="seqlab sweep", description="Go on with a sweep: what is done is not run again.")
    parser.add_argument("action", choices=["resume"])
    parser.add_argument("folder", type=Path, help="the sweep's, which holds sweep.yaml")
    _add_imports(parser)
    options = parser.parse_args(arguments)
    return command_line(options.folder, options.imports)


def _add_run(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("run", type=Path, help=what)
    parser.add_argument("--checkpoint", choices=["best", "last"], default="best")
    _add_imports(parser)


def _add_imports(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--imports",
        action="append",
        default=[],
        metavar="MODULE",
        help="a module of yours that registers the cell; none is imported unless you name it",
    )


def _begin(options: argparse.Namespace) -> None:
    """Say no more than warnings, and import the modules that the user has named."""
    from seqlab import logs, plugins  # noqa: PLC0415

    logs.configure("quiet")
    plugins.load(options.imports)


def _cells(options: argparse.Namespace) -> None:
    import torch  # noqa: PLC0415
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    from seqlab import plugins  # noqa: PLC0415
    from seqlab.cells import Layout, cells  # noqa: PLC0415
    from seqlab.engines import ENGINES  # noqa: PLC0415

    plugins.load(options.imports)
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("cell", "gates", "state", "output", "parameters of a layer", "engines", "what"):
        table.add_column(column)
    for name, cls in cells.items():
        cell = cls()
        serving = [
            engine.name
            for engine in ENGINES.values()
            if engine.refusal(cell, torch.float32, torch.device("cpu")) is None
        ]
        what = (cls.__doc__ or "").strip().splitlines()[0] if cls.__doc__ else ""
        formula = Layout.of(cell).formula(cell)
        table.add_row(
            name, " ".join(cls.gates), " ".join(cls.state), cls.output, formula, " ".join(serving), what
        )
    Terminal().print(table)


def _report(options: argparse.Namespace) -> None:
    from seqlab.report.export import write_csv  # noqa: PLC0415
    from seqlab.report.groups import compare  # noqa: PLC0415
    from seqlab.report.runs import read_runs  # noqa: PLC0415
    from seqlab.report.table import print_comparison  # noqa: PLC0415

    if options.html and not all(map(find_spec, ("plotly", "jinja2"))):
        raise ConfigError("--html needs plotly: pip install 'seqlab[report]'")
    questions, others = compare(read_runs(options.folder), by_seed=not options.runs)
    if options.csv:
        write_csv(questions, others, options.csv)
    if options.html:
        from seqlab.report.page import write_page  # noqa: PLC0415 (imports plotly)

        write_page(questions, others, options.html, title=str(options.folder))
    print_comparison(questions, others)


def _evaluate(options: argparse.Namespace) -> None:
    from seqlab.evaluation import evaluate  # noqa: PLC0415 (imports torch)

    _begin(options)
    metrics = evaluate(options.run, options.checkpoint, options.root)
    if options.json:
        say(as_json(metrics))
        return
    for name, value in metrics.items():
        say(f"{name:24s} {value:.4f}")


def _predict(options: argparse.Namespace) -> None:
    if options.top < 1:
        raise ConfigError(f"--top must be 1 or more, got {options.top}")
    from seqlab.prediction import load  # noqa: PLC0415 (imports torch)

    _begin(options)
    run = load(options.run, options.checkpoint)
    answer = {"forecasting": _forecast, "classification": _classify}.get(run.spec.task)
    if answer is None:
        raise ConfigError(f"data={run.spec.name} is generated; see predictions.csv in {options.run}")
    lines = answer(run, options)
    say("\n".join(lines))


def _explain(options: argparse.Namespace) -> None:
    file = options.out or options.run / "figures" / "explain.png"
    if file.suffix != ".png":
        raise ConfigError(f"--out {file} must end in .png")
    if options.text is not None and options.file is not None:
        raise ConfigError("name a text or --file, not both")
    from seqlab.explanation import explain, leave_figure, table  # noqa: PLC0415 (imports torch)

    _begin(options)
    found = explain(options.run, options.checkpoint, options.text, options.file)
    Terminal().print(table(found))
    leave_figure(found, file)
    say(str(file))


def _export(options: argparse.Namespace) -> None:
    file = options.out or options.run / f"model.{options.to}"
    if file.suffix != f".{options.to}":
        raise ConfigError(f"--out {file} must end in .{options.to}, by which seqlab predict knows it")
    from seqlab.export import export  # noqa: PLC0415 (imports torch)

    _begin(options)
    for written in export(options.run, options.checkpoint, file):
        say(f"{written}  {written.stat().st_size:,} bytes")


def _classify(run: "Predictor", options: argparse.Namespace) -> list[str]:
    from seqlab.prediction import classify  # noqa: PLC0415

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
    from seqlab.prediction import forecast  # noqa: PLC0415

    if options.texts or options.file is None:
        raise DataError("this run forecasts a series: name its latest rows with --file FILE.csv")
    steps = forecast(run, options.file)
    if options.json:
        return [as_json([asdict(step) for step in steps])]
    header = "\t".join(["time", *map(in_a_line, steps[0].values)])
    return [header, *("\t".join([step.time, *(f"{v:.7g}" for v in step.values.values())]) for step in steps)]
