# ruff: noqa: PLC0415
"""The commands: ``seqlab train …``, and ``python train.py …``, which is the same.

Nothing heavy is imported before a run really starts: ``--help`` and completion answer without torch.
"""

import atexit
import gc
import os
import select
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

USAGE = """seqlab trains recurrent sequence models from the equations of one time step.

  seqlab train [model=lstm] [data=names] [KEY=VALUE ...]   train a model; see seqlab train --help
  seqlab eval RUN                                          score a finished run again
  seqlab predict RUN TEXT ...                              ask a finished run, or an exported network
  seqlab explain RUN TEXT                                  what its gates do and what it thinks, step by step
  seqlab export RUN --to onnx                              write its network to a file that predicts alone
  seqlab report [FOLDER]                                   compare all runs below a folder, means over seeds
  seqlab report [FOLDER] --html FILE --csv FILE            the same as a page with all figures, and as a table
  seqlab sweep resume FOLDER                               go on with a sweep that was cut off
  seqlab cells                                             list the cells
  seqlab --version                                         print the version
"""

WRONG_INPUT, FAILED, CTRL_C = 2, 1, 130


def main() -> int:
    """Run the installed ``seqlab`` command; return its exit code."""
    command, *arguments = sys.argv[1:] or ["--help"]
    if command == "train":
        return train(arguments)
    if command in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    if command == "--version":
        from seqlab import __version__

        sys.stdout.write(f"seqlab {__version__}\n")
        return 0
    from seqlab import commands
    from seqlab.errors import near

    if command == "sweep":
        return guarded(lambda: _run_hydra(commands.resumed_sweep(arguments)), ())
    if command in commands.HELP:
        return guarded(lambda: commands.run(command, arguments), ())
    return _complain(f"no command '{command}'; {near(command, ['train', 'sweep', *commands.HELP])}")


def train(arguments: Sequence[str] | None = None) -> int:
    """Run ``seqlab train`` with Hydra's command line; return the exit code.

    Args:
        arguments: what follows the command; None for all of sys.argv.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Else Python collects torch's many objects for a second or more once the run is done, and what is killed
    # meanwhile looks like a run that has failed.
    atexit.register(gc.freeze)
    return guarded(lambda: _run_hydra(given), given)


def _run_hydra(arguments: list[str]) -> None:
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises; what to show is decided here
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from seqlab import plugins
    from seqlab.arguments import allow_option, options_first, refuse_shadowed
    from seqlab.mistakes import refuse_several, refuse_swept_command
    from seqlab.runs.place import token

    OmegaConf.register_new_resolver("token", token, use_cache=True, replace=True)  # of hydra.sweep.dir

    plugins.isolate_children()

    arguments = options_first(arguments)
    refuse_shadowed(arguments)
    refuse_swept_command(arguments)
    refuse_several(arguments)
    whole_line = sys.argv
    failures: list[Exception] = []

    @hydra.main(version_base="1.3", config_path="pkg://seqlab.conf", config_name="config")
    def run(composed: "DictConfig") -> float:
        sys.argv = whole_line  # DDP starts its other processes from it
        try:
            return train_composed(composed)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                raise
            failures.append(error)  # past Hydra, which would print more than it helps
            return float("nan")

    sys.argv = [whole_line[0], *map(allow_option, arguments)]
    try:
        run()
    finally:
        sys.argv = whole_line
    if failures:
        raise failures[0]


def train_composed(composed: "DictConfig") -> float:
    """Validate a composed configuration and train; return the best monitored score.

    A job of a sweep has its folder from Hydra. If a run is done there with the same settings, it is kept.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from seqlab import plugins
    from seqlab.runs.place import default_name
    from seqlab.sweep.clashes import job_folder
    from seqlab.sweep.job import begun, finished

    job = HydraConfig.get()
    folder, overrides = None, list(job.overrides.task)
    if job.mode == RunMode.MULTIRUN:
        folder = job_folder(job.sweep)
        if record := finished(folder, overrides):
            return float(record["score"] if record["score"] is not None else "nan")
    else:
        _refuse_lone_sweep(job.runtime.choices["sweep"])
    if composed.name is None:
        composed.name = default_name(job.runtime.choices)
    plugins.load(composed.imports)
    from seqlab import build, logs

    config = build.make_config(composed)
    logs.configure(config.verbosity)
    from seqlab.runs.resume import Start, start_of
    from seqlab.training import train as train_run

    if folder is None:
        start = start_of(config, overrides)
    else:
        start = Start(config, overrides, folder, goes_on=begun(folder, overrides) is not None)
    return train_run(start.config, start.path, goes_on=start.goes_on, overrides=list(start.overrides)).score


def _refuse_lone_sweep(chosen: str) -> None:
    """Refuse a sweep in a single run: it would train one model and say nothing of the others.

    Raises:
        ConfigError: -m is missing.
    """
    if chosen == "grid":
        return
    from seqlab.errors import ConfigError
    from seqlab.runs.place import FOLDER_VARIABLE

    if FOLDER_VARIABLE not in os.environ:  # else one of several processes of a job
        raise ConfigError(f"sweep={chosen} needs -m: seqlab train -m sweep={chosen} …")


def guarded(action: Callable[[], None], arguments: Sequence[str]) -> int:
    """Run a command; turn whatever goes wrong into one or two lines and an exit code."""
    debugging = bool(os.environ.get("SEQLAB_DEBUG"))
    try:
        action()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _complain("stopped by Ctrl-C", code=CTRL_C)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return FAILED  # as rich does
        if debugging:
            raise
        from seqlab import mistakes

        found = mistakes.explain(error, arguments)
        if found:
            return _complain(*found, code=getattr(error, "exit_code", WRONG_INPUT))
        reason = str(error).strip().split("\n", 1)[0]
        return _complain(
            f"the run failed: {type(error).__name__}: {reason}", "SEQLAB_DEBUG=1 shows where", code=FAILED
        )
    return 0


def _nobody_reads() -> bool:
    """Return whether the reader of stdout has gone, as ``head`` does; what is left for it goes nowhere."""
    output = select.poll()
    output.register(sys.stdout, 0)
    if not output.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def _complain(*lines: str, code: int = WRONG_INPUT) -> int:
    from seqlab.terminal import tell

    for line in lines:
        tell(f"seqlab: {line}")
    return code
