"""seqlab backtest: forecast from one origin after the other, and compare with the baselines."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from seqlab.cli.parser import add_imports
from seqlab.errors import BacktestError, ConfigError
from seqlab.io.terminal import say

if TYPE_CHECKING:
    from seqlab.backtest.plan import Plan

MOST_FOLDS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "forecaster", nargs="+", metavar="RUN|KEY=VALUE", help="a run folder, or the settings of seqlab train"
    )
    parser.add_argument("--folds", type=int, default=5, help="how many equal parts of the test")
    parser.add_argument(
        "--refit", action="store_true", help="train a network for each fold, on what is before it"
    )
    parser.add_argument(
        "--window",
        choices=["expanding", "sliding"],
        default="expanding",
        help="whether each fold's training begins at the start, or is as long as the first fold's",
    )
    parser.add_argument("--folder", type=Path, help="of the results (default: outputs/backtests/NAME-KEY)")
    add_imports(parser)


def run(options: argparse.Namespace) -> None:
    """Print means over folds and differences from the baselines; leave tables and a figure."""
    if not 2 <= options.folds <= MOST_FOLDS:  # noqa: PLR2004 (one fold is the test itself)
        raise ConfigError(f"--folds {options.folds}: ask for 2 to {MOST_FOLDS}")
    plan = _plan(options)
    from seqlab.backtest.report import report  # noqa: PLC0415 (imports torch)
    from seqlab.backtest.run import run_backtest  # noqa: PLC0415

    plan, results = run_backtest(plan)
    say(report(plan, results))
    if failed := [one for one in results if one.error]:
        numbers = ", ".join(str(one.fold) for one in failed)
        which = f"fold {numbers}" if len(failed) == 1 else f"folds {numbers}"
        raise BacktestError(
            f"{which} failed ({failed[0].error.splitlines()[0]}); what is done is in {plan.path}, "
            "and the same command repeats only what failed"
        )


def _plan(options: argparse.Namespace) -> "Plan":
    from seqlab.cli.main import config_of  # noqa: PLC0415 (imports this)
    from seqlab.registry import plugins  # noqa: PLC0415

    first, *others = options.forecaster
    path = None if "=" in first else Path(first)
    if path is not None and others:
        raise ConfigError(f"'{others[0]}' beside a run: give a run folder alone, or settings alone")
    from seqlab.backtest.plan import Plan  # noqa: PLC0415 (imports torch)
    from seqlab.io import console_log  # noqa: PLC0415
    from seqlab.runs.load import read_config, read_run_record  # noqa: PLC0415

    if path is None:
        config = config_of(options.forecaster)
    else:
        plugins.load(options.imports)
        read_run_record(path)
        config = read_config(path)
        console_log.configure("quiet")
    return Plan(config, path, options.folds, options.refit, options.window, options.folder)
