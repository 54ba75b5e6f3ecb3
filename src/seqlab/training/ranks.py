"""Processes of one run that die or stop: which one it was, in place of the words of a broken connection."""

import os
import platform
import re
import shlex
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lightning.pytorch import Trainer

from seqlab.compat.lightning import child_processes, leave_children
from seqlab.config.exit_codes import FAILED, complain
from seqlab.errors import TrainingError
from seqlab.io.files import DRAFT
from seqlab.runs.folder import RunFolder

BEAT = 1.0
"""Seconds between two signs of life."""

MISSED = 3
"""Beats without a sign of life after which a process is taken for lost, where a connection is broken."""

MISSED_ELSEWHERE = 15
"""The same on several machines, whose shared file system may show a sign of life seconds late."""

GRACE = 15.0
"""Seconds in which the others are to notice by themselves that a process has ended with an error."""

BROKEN = re.compile(r"gloo|NCCL|TCPStore|broken pipe|connection (closed|reset|refused)", re.IGNORECASE)
"""What the errors of torch's connections between processes contain."""


class Ranks:
    """The processes of a run, each of which touches a file in the run folder every second.

    A process that ends in order removes its file. One that is stopped no longer touches it; after
    ``patience`` seconds the others end the run, and with it the stopped process, which holds memory and the
    folder's lock.

    Args:
        folder: the run folder.
        trainer: the trainer of the run.
        patience: seconds without a sign of life after which a process is taken for stopped.
    """

    def __init__(self, folder: RunFolder, trainer: Trainer, patience: float) -> None:
        self.folder, self.trainer, self.patience = folder, trainer, patience
        self.rank, self.count = trainer.global_rank, trainer.world_size
        self._beat = min(BEAT, patience / MISSED)
        self._silence = self._beat * (MISSED if trainer.num_nodes == 1 else MISSED_ELSEWHERE)
        self._over = threading.Event()
        self._stamps: dict[int, int | None] = {}
        self._since = dict.fromkeys(
            (rank for rank in range(self.count) if rank != self.rank), time.monotonic()
        )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the other processes while the body runs; does nothing where there are none.

        Raises:
            TrainingError: the connection to another process broke, with the process that is lost.
        """
        if self.count == 1:
            yield
            return
        mine = self._file(self.rank)
        mine.write_text(f"{os.getpid()} {here()}", encoding="utf-8")
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        except RuntimeError as error:
            if BROKEN.search(str(error)) and (reason := self._reason()):
                raise TrainingError(reason) from error
            raise
        finally:
            self._over.set()
            thread.join()
            mine.unlink(missing_ok=True)

    def _file(self, rank: int) -> Path:
        # Named as a draft: the next attempt removes what a killed process leaves.
        return self.folder.path / f".rank-{rank}{DRAFT}{rank:08x}"

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._over.wait(self._beat):
            with suppress(OSError):  # the folder is gone, which the run itself reports
                os.utime(self._file(self.rank))
            leave_children()  # on every beat: Lightning begins to watch them inside trainer.fit
            self._look()
            now = time.monotonic()
            if now - last > MISSED * self._beat:  # this process was stopped too, as by Ctrl-Z
                self._since = dict.fromkeys(self._since, now)
            last = now
            lost = self._lost()
            if lost and self.rank == min({self.rank, *self._since} - {*lost}):
                self._end(lost)

    def _look(self) -> None:
        for rank in self._since:
            try:
                stamp = self._file(rank).stat().st_mtime_ns
            except OSError:
                stamp = None
            if stamp != self._stamps.get(rank):
                self._stamps[rank], self._since[rank] = stamp, time.monotonic()

    def _lost(self) -> list[int]:
        """Return the processes that are silent for too long, or have ended with an error a while ago."""
        ended, now = self._ended(), time.monotonic()
        return [
            rank
            for rank, since in self._since.items()
            if (rank in ended and now - since > GRACE)
            or (self._stamps.get(rank) is not None and now - since > self.patience)
        ]

    def _ended(self) -> dict[int, int]:
        """Return the exit codes of processes that this one has started and that ended with an error."""
        children = enumerate(child_processes(self.trainer), self.rank + 1)
        return {rank: code for rank, child in children if (code := child.poll())}

    def _reason(self) -> str:
        """Return which process a broken connection led to, once it can be told; "" if all are there."""
        begun = time.monotonic()
        while time.monotonic() - begun < self._silence + self._beat and not self._ended():
            time.sleep(self._beat / 4)
        if ended := self._ended():
            return self._told([*ended])
        now = time.monotonic()
        silent = [rank for rank, since in self._since.items() if now - since > self._silence]
        return self._told([rank for rank in silent if rank in self._stamps])

    def _told(self, lost: Sequence[int]) -> str:
        if not lost:
            return ""
        ended = self._ended()
        said = "; ".join(f"rank {rank} of {self.count} {self._state(rank, ended.get(rank))}" for rank in lost)
        remedy = "there is no checkpoint yet; run the command again"
        if self.folder.last.exists():
            remedy = f"to resume: seqlab train resume={shlex.quote(str(self.folder.path))}"
        return f"{said}; {remedy}"

    def _state(self, rank: int, code: int | None) -> str:
        if code is not None and code < 0:
            killed = f"was killed by {signal.Signals(-code).name}"
            return killed + (", perhaps out of memory" if -code == signal.SIGKILL else "")
        if code is not None or self._stamps.get(rank) is None:
            return "has ended with an error of its own, which it has printed"
        seconds = time.monotonic() - self._since[rank]
        return f"has been silent for {seconds:.0f} s: it was killed or stopped"

    def _end(self, lost: Sequence[int]) -> None:
        """End this process: its main thread waits inside torch, where nothing reaches it."""
        reason = self._told(lost)
        ended = self._ended()
        for rank in lost:
            if rank not in ended:  # the number of one that has ended may be another process's by now
                self._kill(rank)
        for child in child_processes(self.trainer):
            child.kill()
        with suppress(OSError):
            self.folder.fail(reason)
        complain(reason)
        self._file(self.rank).unlink(missing_ok=True)
        os._exit(FAILED)

    def _kill(self, rank: int) -> None:
        with suppress(OSError, ValueError):
            number, _, place = self._file(rank).read_text(encoding="utf-8").partition(" ")
            if place == here():
                os.kill(int(number), getattr(signal, "SIGKILL", signal.SIGTERM))
            self._file(rank).unlink()


def here() -> str:
    """Return where the number of a process means this process: the machine, and in it the container."""
    with suppress(OSError):  # Linux only
        return f"{platform.node()} {Path('/proc/self/ns/pid').readlink()}"
    return platform.node()
