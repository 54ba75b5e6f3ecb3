# ruff: noqa: PLC0415
"""The entry point of the commands; ``python train.py …`` is the same as ``seqlab train …``.

Nothing heavy is imported before a run starts: ``--help`` and completion work without torch.
"""

import atexit
import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from seqlab.compat.postponed import postpone
from seqlab.config.exit_codes import complain, guarded
from seqlab.config.renamed import present_overrides

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from seqlab.config.schema import Config
    from seqlab.training.fit import Finished

USAGE = """seqlab trains recurrent sequence models from the equations of one time step.

  seqlab train [model=lstm] [data=names] [KEY=VALUE ...]   train a model; see seqlab train --help
  seqlab inspect FILE                                      what is in a file, and how to train on it
  seqlab eval RUN                                          score a finished run again
  seqlab backtest RUN --folds 5                            forecast from one origin after the other
  seqlab predict RUN TEXT ...                              predict with a finished run, or an exported network
  seqlab generate RUN [PROMPT]                             let a finished language model write
  seqlab score RUN FILE                                    the surprisal of each token of a text
  seqlab explain RUN TEXT                                  its gates and predictions, step by step
  seqlab export RUN --to onnx                              write its network to a file for other programs
  seqlab report [FOLDER]                                   compare all runs below a folder, means over seeds
  seqlab report [FOLDER] --html FILE --csv FILE            the same as a page with all figures, and as a table
  seqlab report [FOLDER] --markdown FILE                   the same as a text to hand in
  seqlab course [--quick]                                  train and compare what a course's reports do
  seqlab sweep resume FOLDER                               resume a sweep that was interrupted
  seqlab config [GROUP=NAME]                               print settings, each with an explanation
  seqlab cells                                             list the cells
  seqlab doctor                                            what is installed here, and what the cache holds
  seqlab --version                                         print the version
"""

HELP = """seqlab train trains a recurrent sequence model:
  python train.py model=lstm data=names
  seqlab train model=gru model.hidden_size=64 optimizer.lr=1e-3
  seqlab train -m model=rnn,gru,lstm seed=0,1,2        (all combinations)
  seqlab train -m sweep=cells                          (or sizes, seeds, optuna)

Groups (choose with GROUP=NAME; seqlab config GROUP=NAME explains one)

{groups}
Keys (set with KEY=VALUE)

{keys}"""
"""The text of ``seqlab train --help``."""


def main() -> int:
    """Run the command in sys.argv; return its exit code."""
    command, *arguments = sys.argv[1:] or ["--help"]
    if command == "train":
        return train(arguments)
    if command in ("-h", "--help"):
        return guarded(lambda: sys.stdout.write(USAGE), ())
    if command == "--version":
        return guarded(_say_version, ())
    from seqlab.cli import commands
    from seqlab.errors import near

    if command == "sweep":
        from seqlab.cli.sweep import resumed_sweep

        return guarded(lambda: _run_hydra(present_overrides(resumed_sweep(arguments))), ())
    if command in commands.COMMANDS:
        return guarded(lambda: commands.run(command, arguments), ())
    is_option = command.startswith("-")
    known = ["--help", "--version"] if is_option else ["train", "sweep", *commands.COMMANDS]
    return complain(f"no {'option' if is_option else 'command'} '{command}'; {near(command, known)}")


def train(arguments: Sequence[str] | None = None) -> int:
    """Run ``seqlab train``; return the exit code.

    Args:
        arguments: those after the command; None for all of sys.argv.
    """
    from seqlab.cli.arguments import SWEEPING, as_choice, as_typed

    typed = sys.argv[1:] if arguments is None else arguments
    is_sweep = not SWEEPING.isdisjoint(typed)
    words = [as_typed(as_choice(argument), is_sweep=is_sweep) for argument in typed]
    if "--version" in words:
        return guarded(_say_version, ())
    given = present_overrides(words, warns=True)
    if not {"-h", "--help"}.isdisjoint(given):
        from seqlab.config import commented

        keys = commented.whole().removeprefix(commented.TITLE)
        return guarded(lambda: sys.stdout.write(HELP.format(groups=commented.offered(), keys=keys)), ())
    return guarded(lambda: _run_hydra(given), given)


def sweep(settings: Sequence[str]) -> None:
    """Run all points of a sweep, as ``seqlab train -m`` does.

    Args:
        settings: those after the command and ``-m``.

    Raises:
        SeqlabError: a setting is wrong, or some of the runs failed; the others are finished.
    """
    from seqlab.cli.arguments import as_choice, as_typed
    from seqlab.config.error_report import explained

    words = [as_typed(as_choice(setting), is_sweep=True) for setting in settings]
    given = ["-m", *present_overrides(words, warns=True)]
    with explained(given):
        _run_hydra(given)


def _say_version() -> None:
    from seqlab import __version__

    sys.stdout.write(f"seqlab {__version__}\n")


def process(command: Callable[[], int] = main) -> NoReturn:
    """Run a command as the only work of this process; this is the installed ``seqlab`` command.

    Threads end, functions registered with atexit are called, and then the process exits at once. Python would
    first destroy torch's many objects, and a run killed in that time is done but looks failed.

    Args:
        command: a function that returns the exit code.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed when this process began
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    gc.set_threshold(20_000)  # what is imported and composed is no garbage; to look for it takes a tenth
    postpone()
    code: int | str | None = None

    def end() -> None:
        if isinstance(code, int):  # otherwise there is an uncaught error
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError):
                    stream.flush()
            os._exit(code)

    atexit.register(end)  # registered first, therefore called last
    try:
        code = command()
    except SystemExit as stop:
        code = stop.code
    sys.exit(code)


def _run_hydra(arguments: list[str]) -> None:
    from seqlab.cli.arguments import is_one_run

    ready = prepared(arguments)
    start = train_once if is_one_run(ready) else _train_with_hydra
    start(ready)


def prepared(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of a command as Hydra takes them.

    Raises:
        ConfigError: one is no argument of ``seqlab train``, or two contradict each other.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises its errors, which are shown here
    from omegaconf import OmegaConf

    from seqlab.cli.arguments import (
        allow_option,
        config_dir,
        options_first,
        refuse_hydras,
        refuse_several,
        refuse_shadowed,
        refuse_spaces,
        refuse_swept_command,
    )
    from seqlab.cli.choices import offer
    from seqlab.config.packaged import PACKAGED
    from seqlab.registry import plugins
    from seqlab.runs.paths import token

    OmegaConf.register_new_resolver("token", token, use_cache=True, replace=True)  # of hydra.sweep.dir

    plugins.isolate_children()

    refuse_spaces(arguments)
    found = options_first(arguments)
    refuse_shadowed(found)
    refuse_swept_command(found)
    refuse_hydras(found)
    refuse_several(found)
    offer(found, [path for path in (PACKAGED, config_dir(found)) if path])
    return [allow_option(argument) for argument in found]


def train_once(arguments: Sequence[str]) -> "Finished":
    """Compose and train a single run, as Hydra's main does, which composes every command twice.

    Args:
        arguments: as ``prepared`` returns them, without options.

    Raises:
        SeqlabError: a setting or the data are wrong.
    """
    from seqlab.sweep.entry import train_run

    return train_run(_composed(arguments))


def config_of(settings: Sequence[str]) -> "Config":
    """Return the configuration that ``seqlab train`` would have with some settings.

    Raises:
        SeqlabError: a setting is wrong.
    """
    from seqlab.cli.arguments import as_choice, as_typed, is_one_run
    from seqlab.config.error_report import explained
    from seqlab.errors import ConfigError
    from seqlab.sweep.entry import checked

    given = present_overrides([as_typed(as_choice(one), is_sweep=False) for one in settings], warns=True)
    with explained(given):
        if wrong := next((one for one in given if "=" not in one or not is_one_run([one])), None):
            raise ConfigError(f"'{wrong}' is no setting; write KEY=VALUE, such as experiment=jena_lstm")
        return checked(_composed(prepared(given)))


def _composed(arguments: Sequence[str]) -> "DictConfig":
    """Compose a single run, and tell Hydra of it.

    Raises:
        SeqlabError: a setting is wrong.
    """
    from hydra.conf import HydraConf
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from seqlab.config.error_report import composed

    command = composed(arguments)
    OmegaConf.set_readonly(command.hydra, value=False)
    command.hydra.overrides.task = list(arguments)
    hydra = OmegaConf.structured(HydraConf)
    OmegaConf.set_struct(hydra, False)  # noqa: FBT003 (omegaconf's signature)
    hydra.merge_with(command.hydra)
    HydraConfig.instance().set_config(OmegaConf.create({"hydra": hydra}))
    point: DictConfig
    (point,) = command.points.values()
    return point


def _train_with_hydra(arguments: Sequence[str]) -> None:
    """Let Hydra compose, sweep and handle its own options."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from seqlab.sweep.entry import train_composed

    whole_line = sys.argv
    failures: list[Exception] = []

    @hydra.main(version_base="1.3", config_path="pkg://seqlab.conf", config_name="config")
    def run(composed: "DictConfig") -> float:
        sys.argv = whole_line  # DDP starts its other processes with it
        try:
            return train_composed(composed)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                raise
            failures.append(error)  # raised after Hydra returns, which would print a long report
            return float("nan")

    sys.argv = [whole_line[0], *arguments]
    try:
        run()
    finally:
        sys.argv = whole_line
    if failures:
        raise failures[0]
