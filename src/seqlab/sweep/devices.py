"""Which devices a sweep may use, found without importing torch: the parent never touches a GPU."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from seqlab.errors import ConfigError


@dataclass(frozen=True)
class Slot:
    """A place for one job at a time: devices by number, none for the processor alone, and its threads."""

    devices: tuple[str, ...]
    threads: int

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a job in this slot."""
        threads = {"OMP_NUM_THREADS": str(self.threads)}
        return threads | ({"CUDA_VISIBLE_DEVICES": ",".join(self.devices)} if self.devices else {})


def make_slots(
    devices: Sequence[int] | Literal["auto"], *, jobs_per_device: int, gpus_per_job: int
) -> list[Slot]:
    """Share the machine out among jobs that run at the same time.

    Args:
        devices: GPUs by number, or "auto" for all that are visible.
        jobs_per_device: jobs on one device at a time; without GPUs, on the processor.
        gpus_per_job: devices of one job.

    Raises:
        ConfigError: a job needs more devices than there are.
    """
    names = visible_gpus() if devices == "auto" else [str(device) for device in devices]
    if names and gpus_per_job > len(names):
        raise ConfigError(
            f"launcher.gpus_per_job={gpus_per_job}, but there are only {len(names)}: {', '.join(names)}"
        )
    groups = [
        tuple(names[first : first + gpus_per_job])
        for first in range(0, len(names) - gpus_per_job + 1, gpus_per_job)
    ] or [()]
    places = groups * jobs_per_device
    threads = max(1, cores() // len(places))
    return [Slot(group, threads) for group in places]


def visible_gpus() -> list[str]:
    """Return the GPUs of this machine, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name for name in chosen.split(",") if name.strip() and name.strip() != "-1"]
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S607
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(number) for number, _ in enumerate(listed.stdout.splitlines())]


def cores() -> int:
    """Return the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
