"""The parts of scripts/gpu_check.py by name, and the process that runs one of them.

Run by gpu_check.py:  python scripts/gpu_parts.py PART DEVICE [--quick]
"""

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from importlib.metadata import version

import torch
from gpu_cells import cells_agree
from gpu_place import Place, Row
from gpu_runs import data, pool, resume
from gpu_speed import loop, memory, speed
from measure import processor

MARK = "gpu_check: "
"""Begins a line that is a row."""


def versions(place: Place) -> Iterator[Row]:
    """Tell what is tried, and on what."""
    names = ("torch", "lightning", "torchmetrics", "numpy", "seqlab")
    row: Row = {name: version(name) for name in names} | {"python": platform.python_version()}
    row |= {"processor": processor(), "cores": os.cpu_count(), "cuda": torch.version.cuda}
    if place.device == "cuda":
        found = torch.cuda.get_device_properties(0)
        row |= {"gpu": found.name, "gpu_gib": round(found.total_memory / 2**30, 1)}
        row |= {"cudnn": torch.backends.cudnn.version(), "driver": _driver()}
    yield row


def _driver() -> str | None:
    query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None


PARTS: dict[str, Callable[[Place], Iterator[Row]]] = {
    "versions": versions,
    "cells": cells_agree,
    "data": data,
    "resume": resume,
    "pool": pool,
    "speed": speed,
    "loop": loop,
    "memory": memory,
}


def main() -> None:
    """Run one part, and print its rows as they come."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("device", choices=["cuda", "cpu"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.device == "cpu":
        torch.set_num_threads(1)
    for row in PARTS[options.part](Place(options.device, options.quick)):
        print(MARK + json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
