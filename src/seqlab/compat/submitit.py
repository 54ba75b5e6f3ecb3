"""A replacement for submitit's fixed check of whether a job is alive."""

from collections.abc import Callable, Sequence
from typing import Any


def watcher(command: Sequence[str], seconds: int, alive: Callable[[str], Sequence[str]]) -> Any:
    """Return a watcher of Slurm's jobs that does not use sacct, which not every Slurm has.

    Args:
        command: the command that lists the jobs.
        seconds: time between two calls.
        alive: parses the command's output into the IDs of pending or running jobs.
    """
    from submitit.slurm.slurm import SlurmInfoWatcher  # noqa: PLC0415 (an extra that not everyone has)

    watcher: Any = SlurmInfoWatcher(delay_s=seconds)

    def read(listed: bytes) -> dict[str, dict[str, str]]:
        known = alive(listed.decode())
        return {job: {"State": "RUNNING" if job in known else "ENDED"} for job in watcher._registered}

    watcher._make_command = lambda: list(command)
    watcher.read_info = read
    return watcher
