"""The progress of a sweep: a live table on a terminal, otherwise a line for every event."""

import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.live import Live
from rich.table import Table

from seqlab.io.console import Terminal
from seqlab.sweep.devices import Slot
from seqlab.sweep.job import Job, finished

FAILURES = ("failed", "stopped")
"""States of a job that has ended without success."""

LAST_LINES = 5
"""Number of lines of a failed job's output that are shown."""


class Board:
    """Tracks the state of every job, and shows it.

    Args:
        jobs: all jobs of the sweep.
        waiting: the jobs that are not finished yet.
    """

    def __init__(self, jobs: Sequence[Job], waiting: Sequence[Job]) -> None:
        self.jobs = jobs
        self.states = {job.number: "waiting" if job in waiting else "done before" for job in jobs}
        self.failures: list[str] = []
        self._seconds: list[float] = []
        self._metrics = {job.number: job.last_metrics() for job in jobs}
        self._console = Terminal(stderr=True)
        self._live = Live(console=self._console, auto_refresh=False) if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._live:
            self._live.update(self._table(), refresh=True)
            self._live.stop()
        if kind is not None:
            folder = self.jobs[0].folder.parent
            self._console.print(
                f"stopped; to resume: seqlab sweep resume {shlex.quote(str(folder))}",
                soft_wrap=True,
            )

    def started(self, job: Job, slot: Slot) -> None:
        """Record that a job has started."""
        where = f" on GPU {','.join(slot.devices)}" if slot.devices else ""
        self.states[job.number] = f"runs{where}"
        self._say(f"job {job.number} starts{where}: {job.title}")

    def ended(self, job: Job, code: int | None, seconds: float) -> bool:
        """Record that a job has ended; return whether it succeeded according to its run.json."""
        job.record_failure(_end_of(code))
        record = job.record()
        self._seconds.append(seconds)
        self._metrics[job.number] = job.last_metrics()
        if finished(job.folder, job.overrides):
            state = "pruned" if record.get("pruned") else "done"
            self.states[job.number] = state
            self._say(
                f"job {job.number} {state} in {seconds:.0f} s: {_score(record, record.get('metrics', {}))}"
            )
            return True
        state = "stopped" if record.get("status") == "interrupted" else "failed"
        self.states[job.number] = state
        reason = record.get("error") or _end_of(code)
        self.failures.append(f"job {job.number} ({job.title}) {state}: {reason}; its output is {job.output}")
        self._console.print(self.failures[-1], soft_wrap=True)
        for line in _tail(job):
            self._console.print(f"    {line}", soft_wrap=True)
        return False

    def refresh(self) -> None:
        """Redraw the table."""
        if self._live:
            self._live.update(self._table(), refresh=True)

    def _say(self, line: str) -> None:
        if not self._live:
            self._console.print(line, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(title=self._summary(), title_justify="left", box=None)
        for column in ("job", "settings", "state", "epoch", "score"):
            table.add_column(column, overflow="fold")
        for job in self._shown():
            if self.states[job.number].startswith("runs"):
                self._metrics[job.number] = job.last_metrics()
            metrics = self._metrics[job.number]
            epoch = (
                f"{metrics['epoch'] + 1}/{job.config['trainer']['max_epochs']}" if "epoch" in metrics else ""
            )
            table.add_row(
                str(job.number), job.title, self.states[job.number], epoch, _score(job.record(), metrics)
            )
        return table

    def _shown(self) -> list[Job]:
        """Return the jobs that fit on the screen: running before failed, finished and waiting ones."""
        room = max(self._console.height - 4, 3)
        if len(self.jobs) <= room:
            return list(self.jobs)
        order = sorted(self.jobs, key=lambda job: (self._rank(job), -job.number))
        return sorted(order[:room], key=lambda job: job.number)

    def _rank(self, job: Job) -> int:
        state = self.states[job.number]
        return 0 if state.startswith("runs") else 1 if state in FAILURES else 3 if state == "waiting" else 2

    def _summary(self) -> str:
        states = list(self.states.values())
        done = sum(state.startswith(("done", "pruned")) for state in states)
        failed = sum(state in FAILURES for state in states)
        running = sum(state.startswith("runs") for state in states)
        text = f"{done} of {len(states)} done, {failed} failed, {running} running"
        left = len(states) - done - failed
        if self._seconds and left:
            seconds = sum(self._seconds) / len(self._seconds) * left / max(1, running)
            text += f", about {seconds / 60:.0f} min left"
        return text


def _score(record: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return the score that is shown for a job: the one by which its best weights are chosen."""
    watched = record.get("task", {}).get("monitor", "val/loss")
    return f"{watched} {metrics[watched]:.4f}" if watched in metrics else ""


def _end_of(code: int | None) -> str:
    """Return how a process ended that recorded no reason."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"killed by {name}" + (", perhaps out of memory" if -code == signal.SIGKILL else "")
    return f"ended with code {code}"


def _tail(job: Job) -> list[str]:
    try:
        return job.output.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return []
