"""The available GPUs and CPU cores, found without torch, which takes seconds to import.

A process that must never initialise a GPU can use this module.
"""

import os
import platform
import re
import subprocess
import sys
from functools import cache
from itertools import takewhile
from pathlib import Path

GPU = re.compile(r"^(?:GPU (\d+): |\s+MIG ).*\(UUID: ([^)]+)\)", re.MULTILINE)
"""A line of ``nvidia-smi -L``: a GPU with its number, or a MIG device of the GPU above."""

DRIVER = Path("/proc/driver/nvidia/gpus")
"""The folder in which NVIDIA's driver has a folder for each GPU."""

UNLISTED = ("/dev/kfd", "/dev/nvmap", "/dev/dxg")
"""Drivers whose GPUs ``nvidia-smi`` may not list: AMD, NVIDIA Jetson, WSL."""


def count_gpus() -> int | None:
    """Return the number of GPUs that may be used; None if only torch can find out."""
    found = len(visible_gpus())
    return None if not found and any(Path(device).exists() for device in UNLISTED) else found


def has_mps() -> bool:
    """Return whether this is a Mac with a GPU that torch supports."""
    return sys.platform == "darwin" and platform.machine() == "arm64"


def visible_gpus() -> list[str]:
    """Return the GPUs that may be used, named as in CUDA_VISIBLE_DEVICES."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    wanted = None if chosen is None else [name.strip() for name in chosen.split(",") if name.strip()]
    if wanted == [] or not (there := _listed_gpus()):
        return []
    if wanted is None:
        return [name for name in there if name.isdigit()]
    # Like CUDA, stop at the first name that does not exist; a UUID may be abbreviated.
    return list(takewhile(lambda name: any(_is_named(one, name) for one in there), wanted))


@cache
def _listed_gpus() -> list[str]:
    """Return the numbers and UUIDs of all GPUs, and the UUIDs of their MIG devices."""
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S607
    except (OSError, subprocess.SubprocessError):  # a container may have the driver without nvidia-smi
        return [str(number) for number, _ in enumerate(DRIVER.glob("*"))]
    return [name for found in GPU.finditer(listed.stdout) for name in found.groups() if name]


def _is_named(gpu: str, name: str) -> bool:
    return gpu == name or (name.startswith(("GPU-", "MIG-")) and gpu.startswith(name))


def cores() -> int:
    """Return the number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
