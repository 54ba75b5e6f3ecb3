"""Does everything work on a GPU, and how fast is it? In less than eight minutes, on one GPU.

Run:  python scripts/gpu_check.py [--device cuda|cpu] [--quick] [--parts versions,cells,…] [--data FOLDER]
      [--results outputs/gpu_check.jsonl] [--page docs/performance-gpu.md]

Each part is a process of its own with a time limit, and prints a line of JSON once something is known:
  versions  what is tried, and on what;
  cells     every cell on torch, eager and reference, padded, both directions, in float32 and under bf16
            autocast: outputs, states and gradients beside the reference engine in float64 on the processor;
  data      names, reviews and weather, trained, tested and scored again; a step that waits for the GPU fails;
  resume    runs that are killed by SIGKILL, and go on to the same end bit for bit;
  pool      two jobs of a sweep side by side on one device;
  speed     forward and backward of every cell on torch and eager, as ratios to torch.nn;
  loop      an epoch of training beside one of a raw PyTorch loop;
  memory    the most memory that forward and backward take.
A part that fails, or takes too long, leaves its last words, and the others still run. The lines go to
--results, and --page is written from them; the exit code is 1 if a part has failed. --device cpu --quick does
the same on the processor, at tiny sizes.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gpu_page
import gpu_parts

LIMITS = {
    "versions": 40,
    "cells": 90,
    "data": 90,
    "resume": 90,
    "pool": 60,
    "speed": 60,
    "loop": 30,
    "memory": 20,
}
"""Seconds that a part may take: eight minutes in all."""

LAST_WORDS = 15
"""Lines of a part that has failed."""

Row = dict[str, Any]


def run_part(part: str, command: Sequence[str], limit: float) -> Iterator[Row]:
    """Yield the rows of a part as they come, and then how it has ended."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    timer = threading.Timer(limit, lambda: os.killpg(process.pid, signal.SIGKILL))
    timer.start()
    said: list[str] = []
    good = True
    with process:
        for line in process.stdout or ():
            row = _row(line)
            if row is None:
                said = [*said, line.rstrip()][-LAST_WORDS:]
            else:
                good &= row.get("ok", True)
                yield {"part": part} | row
    timer.cancel()
    seconds = time.perf_counter() - start
    end: Row = {
        "part": part,
        "end": "done" if good and not process.returncode else "failed",
        "seconds": round(seconds, 1),
    }
    if process.returncode:
        end["reason"] = f"took more than {limit} s" if seconds >= limit else f"exit code {process.returncode}"
        end["last_words"] = said
    yield end


def _row(line: str) -> Row | None:
    """Return what a line of a part says; None if it is no row of its own."""
    if not line.startswith(gpu_parts.MARK):
        return None
    row: Row = json.loads(line.removeprefix(gpu_parts.MARK))
    return row


def check(options: argparse.Namespace) -> Iterator[Row]:
    """Yield what is run, and then the rows of all parts as they come."""
    yield {"part": "command", "command": ["python", *sys.argv], "device": options.device}
    for part in options.parts:
        command = [sys.executable, gpu_parts.__file__, part, options.device, *["--quick"] * options.quick]
        yield from run_part(part, command, LIMITS[part] * options.patience)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; a wrong one ends the process."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--parts", default=",".join(LIMITS), help="some of them, with commas between")
    parser.add_argument("--data", help="where the real data sets are; else SEQLAB_DATA_DIR, else samples")
    parser.add_argument("--patience", type=float, default=1.0, help="times the limits, for a slow machine")
    parser.add_argument("--results", type=Path, default=Path("outputs/gpu_check.jsonl"))
    parser.add_argument("--page", type=Path, help="what is written in the end; docs/performance-gpu.md")
    options = parser.parse_args(arguments)
    options.parts = options.parts.split(",")
    unknown = [part for part in options.parts if part not in LIMITS]
    if unknown:
        parser.error(f"'{unknown[0]}' is none of {', '.join(LIMITS)}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all parts, write the page, and say by the exit code whether all is well."""
    options = read_options(arguments)
    os.environ.setdefault("SEQLAB_OFFLINE", "1")  # a machine with a GPU may not reach any server
    if options.data:
        os.environ["SEQLAB_DATA_DIR"] = str(Path(options.data).resolve())
    options.results.parent.mkdir(parents=True, exist_ok=True)
    found: list[Row] = []
    with options.results.open("w", encoding="utf-8") as file:
        for row in check(options):
            print(json.dumps(row), flush=True)
            file.write(json.dumps(row) + "\n")
            file.flush()
            found.append(row)
    if options.page:
        options.page.write_text(gpu_page.page(found), encoding="utf-8")
    return int(any(row.get("end") == "failed" for row in found))


if __name__ == "__main__":
    sys.exit(main())
