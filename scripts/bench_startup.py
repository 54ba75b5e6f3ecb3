"""How long from the start of the process to the first optimizer step?

Run:  python scripts/bench_startup.py [--runs 5] [KEY=VALUE ...]

Prints, over several runs after a warm-up, the seconds from process start to the first step of ``train.py``,
elapsed and of the processor, which a busy machine changes less; and the processor seconds of what must not
wait for torch (a typo, ``--help``, the settings) and of ``seqlab cells``.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TRAIN = Path(__file__).parents[1] / "train.py"
ANSWERED = {
    "a typo": [str(TRAIN), "model=lstn", "data=names", "optimizer.lrr=0.1"],
    "--help": [str(TRAIN), "--help"],
    "seqlab cells": ["-m", "seqlab", "cells"],
    "import seqlab.config": ["-c", "import seqlab.config"],
}
"""What is timed by the processor alone."""
ELAPSED = "first step, waiting"

# Runs train.py's own code in a process that ends after the first optimizer step and says what it took.
FIRST_STEP = """
import os, sys, time
from seqlab.cli import process, train
def main():
    from torch.optim.optimizer import register_optimizer_step_post_hook
    def ended(*_):
        print("FIRST STEP", time.time(), time.process_time(), flush=True)
        os._exit(0)
    register_optimizer_step_post_hook(ended)
    return train(sys.argv[1:])
process(main)
"""


def seconds_to_first_step(overrides: list[str], folder: str) -> tuple[float, float]:
    """Return the elapsed and the processor seconds from process start to the first optimizer step."""
    command = [sys.executable, "-c", FIRST_STEP, f"paths.output_dir={folder}", *overrides]
    start = time.time()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("FIRST STEP"):
            end, used = map(float, line.split()[2:])
            return end - start, used
    raise SystemExit(f"no step was taken:\n{done.stdout}{done.stderr}")


def processor_seconds(command: list[str]) -> float:
    """Return the user and system seconds of a command, whatever it answers."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, *command], env=os.environ | {"OMP_NUM_THREADS": "1"}, **quiet)
    _, process.returncode, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("overrides", nargs="*", default=["model=lstm", "data=names", "data.source=sample"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seconds: dict[str, list[float]] = {}
        for run in range(arguments.runs + 1):
            times = {name: processor_seconds(command) for name, command in ANSWERED.items()}
            elapsed, used = seconds_to_first_step(arguments.overrides, folder)
            times |= {"first step": used, ELAPSED: elapsed}
            if run:  # the first run warms the file cache
                for what, one in times.items():
                    seconds.setdefault(what, []).append(one)
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for what, found in seconds.items():
        kind = "elapsed" if what == ELAPSED else "processor"
        low, mid, high = min(found), statistics.median(found), max(found)
        print(f"{what:20s} median {mid:.2f} s {kind}   ({low:.2f} to {high:.2f}, {len(found)} runs)")


if __name__ == "__main__":
    main()
