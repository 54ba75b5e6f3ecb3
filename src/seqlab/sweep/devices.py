"""Which devices a sweep may use, found without importing torch: the parent never touches a GPU."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Literal

from seqlab.errors import ConfigError

GPU = re.compile(r"^(?:GPU (\d+): |\s+MIG ).*\(UUID: ([^)]+)\)", re.MULTILINE)
"""A line of ``nvidia-smi -L``: a GPU with its number, or a part of the one above."""

DRIVER = Path("/proc/driver/nvidia/gpus")
"""Where NVIDIA's driver has a folder for each GPU."""


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
        gpus_per_job: devices of one job; 1 where there are no GPUs.

    Raises:
        ConfigError: a GPU is not there, or a job needs more of them than there are.
    """
    there = visible_gpus()
    names = there if devices == "auto" else [str(device) for device in devices]
    found = f"the GPUs here are {', '.join(there)}" if there else "no GPU is visible here"
    if missing := [name for name in names if name not in there]:
        asked = f"launcher.devices=[{','.join(names)}]"
        raise ConfigError(f"{asked}: there is no GPU {missing[0]}; {found}; use launcher.devices=auto")
    if gpus_per_job > max(1, len(names)):
        few = found if devices == "auto" else f"launcher.devices names {len(names)}"
        raise ConfigError(f"launcher.gpus_per_job={gpus_per_job} is more than there are: {few}")
    groups = [
        tuple(names[first : first + gpus_per_job])
        for first in range(0, len(names) - gpus_per_job + 1, gpus_per_job)
    ] or [()]
    places = groups * jobs_per_device
    threads = max(1, cores() // len(places))
    return [Slot(group, threads) for group in places]


def visible_gpus() -> list[str]:
    """Return the GPUs of this machine that may be used, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    wanted = None if chosen is None else [name.strip() for name in chosen.split(",") if name.strip()]
    if wanted == [] or not (there := _listed_gpus()):
        return []
    if wanted is None:
        return [name for name in there if name.isdigit()]
    # As CUDA does, stop at the first that is not there; a UUID may be cut short.
    return list(takewhile(lambda name: any(_is_named(one, name) for one in there), wanted))


def _listed_gpus() -> list[str]:
    """Return the numbers and UUIDs of all GPUs, and the UUIDs of their parts."""
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S607
    except (OSError, subprocess.SubprocessError):  # a container may have the driver alone
        return [str(number) for number, _ in enumerate(DRIVER.glob("*"))]
    return [name for found in GPU.finditer(listed.stdout) for name in found.groups() if name]


def _is_named(gpu: str, name: str) -> bool:
    return gpu == name or (name.startswith(("GPU-", "MIG-")) and gpu.startswith(name))


def cores() -> int:
    """Return the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
