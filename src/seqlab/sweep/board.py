"""What is shown of a sweep while it runs: a live table on a terminal, a line for every event elsewhere."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from seqlab.sweep.devices import Slot
from seqlab.sweep.job import Job

SHOWN = ("val/accuracy", "val/mae", "val/loss")
"""The score that stands for a job, the first of them that it has."""

LAST_LINES = 5
"""Lines of a failed job's output that are shown."""


class Board:
    """Keeps the state of every job, and shows it.

    Args:
        jobs: all jobs of the sweep.
        done: the records of those that are done already.
    """

    def __init__(self, jobs: Sequence[Job], done: Mapping[int, Mapping[str, Any]]) -> None:
        self.jobs = jobs
        self.states = {job.number: "done before" if job.number in done else "waiting" for job in jobs}
        self.failures: list[str] = []
        self._seconds: list[float] = []
        self._starts: dict[int, float] = {}
        self._console = Console(stderr=True, highlight=False)
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
                f"stopped; the same command with hydra.sweep.dir={folder} goes on",
                markup=False,
                soft_wrap=True,
            )

    def started(self, job: Job, slot: Slot) -> None:
        """Note that a job has begun."""
        where = f" on GPU {','.join(slot.devices)}" if slot.devices else ""
        self.states[job.number] = f"runs{where}"
        self._starts[job.number] = time.monotonic()
        self._say(f"job {job.number} starts{where}: {job.title}")

    def ended(self, job: Job, code: int | None, seconds: float) -> bool:
        """Note that a job has ended; return whether it is done, which only its record can tell."""
        record = job.record()
        good = record.get("status") == "done"
        self.states[job.number] = "done" if good else "failed"
        self._seconds.append(seconds)
        if good:
            self._say(f"job {job.number} done in {seconds:.0f} s: {_score(record.get('metrics', {}))}")
            return True
        reason = record.get("error") or f"it ended with code {code}"
        self.failures.append(f"job {job.number} ({job.title}) failed: {reason}; its output is {job.output}")
        self._console.print(self.failures[-1], markup=False, soft_wrap=True)
        for line in _tail(job):
            self._console.print(f"    {line}", markup=False, soft_wrap=True)
        return False

    def refresh(self) -> None:
        """Draw the table anew."""
        if self._live:
            self._live.update(self._table(), refresh=True)

    def _say(self, line: str) -> None:
        if not self._live:
            self._console.print(line, markup=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(title=self._summary(), title_justify="left", box=None)
        for column in ("job", "settings", "state", "epoch", "score"):
            table.add_column(column, overflow="fold")
        for job in self.jobs:
            metrics = job.last_metrics() if self.states[job.number].startswith(("runs", "done")) else {}
            epoch = (
                f"{metrics['epoch'] + 1}/{job.config['trainer']['max_epochs']}" if "epoch" in metrics else ""
            )
            table.add_row(str(job.number), job.title, self.states[job.number], epoch, _score(metrics))
        return table

    def _summary(self) -> str:
        states = list(self.states.values())
        done, failed = sum(state.startswith("done") for state in states), states.count("failed")
        running = sum(state.startswith("runs") for state in states)
        text = f"{done} of {len(states)} done, {failed} failed, {running} running"
        left = len(states) - done - failed
        if self._seconds and left:
            seconds = sum(self._seconds) / len(self._seconds) * left / max(1, running)
            text += f", about {seconds / 60:.0f} min left"
        return text


def _score(metrics: Mapping[str, Any]) -> str:
    name = next((name for name in SHOWN if name in metrics), None)
    return f"{name} {metrics[name]:.4f}" if name else ""


def _tail(job: Job) -> list[str]:
    try:
        return job.output.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return []
