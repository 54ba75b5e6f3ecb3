"""The commands other than train and sweep, and what each is for."""

from collections.abc import Sequence
from types import ModuleType

from seqlab.cli import (
    backtest,
    cells,
    config,
    course,
    doctor,
    evaluate,
    explain,
    export,
    generate,
    inspect,
    predict,
    report,
    score,
)
from seqlab.cli.parser import Parser

COMMANDS: dict[str, tuple[ModuleType, str]] = {
    "inspect": (inspect, "show what is in a file, and which commands would train on it"),
    "config": (config, "print a part of the configuration, with a comment after each key"),
    "cells": (cells, "list the registered cells: gates, states, parameters, engines"),
    "eval": (evaluate, "score a run's best weights again on its validation and test data"),
    "backtest": (backtest, "forecast from one origin after the other, and compare with the baselines"),
    "predict": (
        predict,
        "predict classes, numbers, tags or the next steps with a run, or an exported network",
    ),
    "generate": (generate, "write texts with a run's language model"),
    "score": (score, "say how surprising each token of a text is to a run's language model"),
    "explain": (explain, "follow a text or a series through a run's network, step by step"),
    "export": (export, "write a run's network to a file that predicts without the run"),
    "report": (report, "compare all runs below a folder"),
    "course": (course, "train the networks of a course's reports, and write what can be handed in"),
    "doctor": (doctor, "show what is installed, what runs the cells, and what the cache holds"),
}
"""Each command's module and description."""


def run(command: str, arguments: Sequence[str]) -> None:
    """Run one of the commands.

    Raises:
        SeqlabError: the command line, a file or a run folder is wrong.
    """
    module, purpose = COMMANDS[command]
    parser = Parser(prog=f"seqlab {command}", description=purpose)
    module.add_arguments(parser)
    module.run(parser.parse_intermixed_args(arguments))  # options may come between texts
