"""The commands that use what is there, and what each is for."""

from collections.abc import Sequence

from seqlab.cli import cells, evaluate, explain, export, predict, report
from seqlab.cli.parser import Parser

HELP = {
    "cells": "list the registered cells: gates, states, parameters, engines",
    "eval": "score a run's best weights again on its validation and test data",
    "predict": "ask a run's network, or an exported one, about texts, or how a series goes on",
    "explain": "follow a text or a series through a run's network, step by step",
    "export": "write a run's network to a file that can predict alone",
    "report": "compare all runs below a folder",
}
MODULES = {
    "cells": cells,
    "eval": evaluate,
    "predict": predict,
    "explain": explain,
    "export": export,
    "report": report,
}
"""Where each says what can be typed behind it, and runs."""


def run(command: str, arguments: Sequence[str]) -> None:
    """Run one of ``HELP``'s commands.

    Raises:
        SeqlabError: the command line, a file or a run folder is wrong.
    """
    parser = Parser(prog=f"seqlab {command}", description=HELP[command])
    MODULES[command].add_arguments(parser)
    MODULES[command].run(parser.parse_intermixed_args(arguments))  # options between texts too
