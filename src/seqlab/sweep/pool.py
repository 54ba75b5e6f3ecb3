"""A pool of devices: one process per job, each on its own device; no process outlives the sweep."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import FrameType
from typing import Any, NoReturn

from seqlab.registry import plugins
from seqlab.sweep.board import Board
from seqlab.sweep.devices import Slot
from seqlab.sweep.job import Job

POLL = 0.5
"""Seconds between two checks of the jobs' progress."""

PATIENCE = 20.0
"""Seconds in which stopped jobs can save their state."""


def fork_server() -> ForkServerContext:
    """Return the server from which jobs are forked: it has imported torch and initialised no GPU."""
    plugins.isolate_children()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["seqlab.sweep.worker"])
    return context


def check(jobs: Sequence[Job]) -> list[str]:
    """Return a line for every error in the jobs' settings."""
    context = fork_server()
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_check, args=([job.config for job in jobs], theirs))
    process.start()
    theirs.close()
    try:
        return list(mine.recv())
    finally:
        process.join()


@dataclass
class _Running:
    job: Job
    slot: Slot
    process: ForkServerProcess
    start: float


def run_jobs(
    jobs: Sequence[Job],
    slots: Sequence[Slot],
    commands: Sequence[Sequence[str]],
    board: Board,
    *,
    fail_fast: bool,
) -> None:
    """Run all jobs, one per slot at a time; stop them if this process is stopped.

    Args:
        jobs: the jobs, in order.
        slots: the resources for jobs.
        commands: the command line that runs each job alone.
        board: the display, which is told of every start and end.
        fail_fast: whether a failure stops the other jobs.
    """
    waiting = list(zip(jobs, commands, strict=True))
    free = list(slots)
    running: list[_Running] = []
    with _stopped_by_sigterm():
        try:
            while waiting or running:
                while waiting and free:
                    job, command = waiting.pop(0)
                    running.append(_start(job, free.pop(0), command))
                    board.started(job, running[-1].slot)
                connection.wait([entry.process.sentinel for entry in running], POLL)
                for entry in [entry for entry in running if not entry.process.is_alive()]:
                    running.remove(entry)
                    free.append(entry.slot)
                    entry.process.join()
                    good = board.ended(entry.job, entry.process.exitcode, time.monotonic() - entry.start)
                    if fail_fast and not good:
                        waiting.clear()
                        _stop(running)
                board.refresh()
        finally:
            _stop(running)


def _start(job: Job, slot: Slot, command: Sequence[str]) -> _Running:
    job.begin()
    arguments = (job.config, job.output, slot.environment(), command)
    process = fork_server().Process(target=_train, args=arguments)
    process.start()
    return _Running(job, slot, process, time.monotonic())


def _stop(running: Sequence[_Running]) -> None:
    """Ask jobs to stop, and kill those that do not."""
    for number, patience in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, PATIENCE)):
        alive = [entry.process for entry in running if entry.process.is_alive()]
        for process in alive:
            _signal(process, number)
        end = time.monotonic() + patience
        for process in alive:
            process.join(max(0.0, end - time.monotonic()))


def _signal(process: ForkServerProcess, number: signal.Signals) -> None:
    if process.pid is None:
        return
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:  # it has no process group yet
        process.terminate()


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# Torch is imported only in the children.
def _train(*arguments: Any) -> None:
    from seqlab.sweep import worker  # noqa: PLC0415

    worker.train(*arguments)


def _check(*arguments: Any) -> None:
    from seqlab.sweep import worker  # noqa: PLC0415

    worker.check(*arguments)
