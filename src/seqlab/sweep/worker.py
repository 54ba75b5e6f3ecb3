"""The code of a sweep's processes. A server imports it once, and they are forked from that server."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from multiprocessing import connection, parent_process
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from seqlab.config.choices import modules_of
from seqlab.config.compose import make_config
from seqlab.config.exit_codes import guarded
from seqlab.errors import SeqlabError
from seqlab.registry import plugins
from seqlab.sweep.entry import train_composed

LAST_WORDS = 15
"""Seconds in which a job can save its state once the sweep's process has ended."""


def train(config: DictConfig, output: Path, environment: Mapping[str, str], command: Sequence[str]) -> None:
    """Train one job, and exit with the exit code of ``seqlab train``.

    Args:
        config: the composed configuration, with the section ``hydra``.
        output: the file for everything that is printed.
        environment: environment variables of this job, such as its devices.
        command: the command line that would run this job alone; DDP starts its other processes from it.
    """
    _end_with_parent()
    _print_to(output)
    signal.signal(signal.SIGTERM, _stop)
    os.environ.update(environment)
    torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))
    sys.argv = list(command)
    sys.modules["__main__"].__spec__ = find_spec("seqlab.__main__")
    HydraConfig.instance().set_config(config)
    sys.exit(guarded(lambda: _discard(train_composed(_task(config))), ()))


def check(configs: Sequence[DictConfig], answer: "connection.Connection[list[str], Any]") -> None:
    """Validate the jobs of a sweep, and send a line for every mistake."""
    _end_with_parent()
    mistakes: dict[str, None] = {}
    for config in configs:
        try:
            plugins.load(modules_of(config))
            make_config(_task(config))
        except SeqlabError as error:
            mistakes |= dict.fromkeys(str(error).splitlines())
    answer.send(list(mistakes))


def _task(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """End as a stopped run does, which records that; during training Lightning does so."""
    raise SystemExit(128 + signal.SIGTERM)


def _discard(_: object) -> None:
    """Discard a value."""


def _end_with_parent() -> None:
    """Make a process group, so that a job can be stopped with its children, and end it with the sweep."""
    os.setsid()
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os.killpg(0, signal.SIGTERM)
        time.sleep(LAST_WORDS)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _print_to(output: Path) -> None:
    """Redirect stdout and stderr, also those of child processes, to a file."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("ab") as file:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
