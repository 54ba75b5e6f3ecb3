"""The commands that use what is there, and what each is for."""

from collections.abc import Sequence
from types import ModuleType

from seqlab.cli import cells, config, evaluate, explain, export, inspect, predict, report
from seqlab.cli.parser import Parser

COMMANDS: dict[str, tuple[ModuleType, str]] = {
    "inspect": (inspect, "say what is in a file, and which commands would train on it"),
    "config": (config, "print a choice of the configuration, with a comment behind each key"),
    "cells": (cells, "list the registered cells: gates, states, parameters, engines"),
    "eval": (evaluate, "score a run's best weights again on its validation and test data"),
    "predict": (predict, "ask a run's network, or an exported one, about texts, or how a series goes on"),
    "explain": (explain, "follow a text or a series through a run's network, step by step"),
    "export": (export, "write a run's network to a file that can predict alone"),
    "report": (report, "compare all runs below a folder"),
}
"""Where each says what can be typed behind it, and runs; and what it is for."""


def run(command: str, arguments: Sequence[str]) -> None:
    """Run one of the commands.

    Raises:
        SeqlabError: the command line, a file or a run folder is wrong.
    """
    module, purpose = COMMANDS[command]
    parser = Parser(prog=f"seqlab {command}", description=purpose)
    module.add_arguments(parser)
    module.run(parser.parse_intermixed_args(arguments))  # options between texts too
