"""How submitit asks whether a job lives, which it offers no way to change."""

from collections.abc import Callable, Sequence
from typing import Any


def watcher(command: Sequence[str], seconds: int, alive: Callable[[str], Sequence[str]]) -> Any:
    """Return a watcher of Slurm's jobs that runs another command than sacct, which not every Slurm answers.

    Args:
        command: that lists jobs.
        seconds: between two calls.
        alive: from what the command prints to the numbers of jobs that are waiting or running.
    """
    from submitit.slurm.slurm import SlurmInfoWatcher  # noqa: PLC0415 (an extra that not everyone has)

    watcher: Any = SlurmInfoWatcher(delay_s=seconds)

    def read(listed: bytes) -> dict[str, dict[str, str]]:
        known = alive(listed.decode())
        return {job: {"State": "RUNNING" if job in known else "ENDED"} for job in watcher._registered}

    watcher._make_command = lambda: list(command)
    watcher.read_info = read
    return watcher
