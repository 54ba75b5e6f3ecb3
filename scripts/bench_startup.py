"""How long from the start of the process to the first optimizer step?

Run:  python scripts/bench_startup.py [--runs 5] [KEY=VALUE ...]

Prints, over several runs after a warm-up, the seconds from process start to the first step of
``train.py``, and of ``train.py --help``, which must not wait for torch.
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

# Runs train.py's own code in a process that ends at the first optimizer step and prints the clock.
FIRST_STEP = """
import os, sys, time
import lightning.pytorch as pl
hook = pl.LightningModule.optimizer_step
def first_step(self, *args, **kwargs):
    hook(self, *args, **kwargs)
    print(f"FIRST STEP {time.time()}", flush=True)
    os._exit(0)
pl.LightningModule.optimizer_step = first_step
from seqlab.cli import train
train(sys.argv[1:])
"""


def seconds_to_first_step(overrides: list[str], folder: str) -> float:
    """Return the seconds from process start to the end of the first optimizer step."""
    command = [sys.executable, "-c", FIRST_STEP, f"paths.output_dir={folder}", *overrides]
    start = time.time()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("FIRST STEP"):
            return float(line.split()[-1]) - start
    raise SystemExit(f"no step was taken:\n{done.stdout}{done.stderr}")


def seconds_to_help() -> float:
    """Return the seconds that ``train.py --help`` takes."""
    start = time.time()
    subprocess.run([sys.executable, TRAIN, "--help"], capture_output=True, check=True)
    return time.time() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("overrides", nargs="*", default=["model=lstm", "data=names", "data.source=sample"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        step, usage = [], []
        for run in range(arguments.runs + 1):
            times = seconds_to_first_step(arguments.overrides, folder), seconds_to_help()
            if run:  # the first run warms the file cache
                step.append(times[0])
                usage.append(times[1])
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for what, seconds in (("first step", step), ("--help", usage)):
        low, mid, high = min(seconds), statistics.median(seconds), max(seconds)
        print(f"{what:12s} median {mid:.2f} s   ({low:.2f} to {high:.2f}, {len(seconds)} runs)")


if __name__ == "__main__":
    main()
