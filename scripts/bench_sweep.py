"""How many runs an hour: seqlab's device pool beside Hydra's basic and joblib launchers, on the same runs.

Run:  python scripts/bench_sweep.py [--data FOLDER] [--rounds 3] [--jobs 4] [--epochs 40]

Every job has one thread, whatever launches it. In each round every launcher runs the same jobs, as one whole
command, in turn; pool and joblib two at a time. joblib needs: pip install 'hydra-joblib-launcher==1.2.0'
'hydra-core>=1.3.8,<1.4'. Exits with 1 if the pool's median is below 1.6 times the basic launcher's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from measure import Spread, headline, ratios, table

MUST = 1.6
LAUNCHERS = {
    "pool": ["launcher=pool", "launcher.jobs_per_device=2"],
    "basic": ["launcher=basic"],
    "joblib": ["launcher=basic", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
}


def run_sweep(launcher: str, jobs: int, epochs: int) -> None:
    """Run a sweep of jobs that differ in their seed."""
    with tempfile.TemporaryDirectory(prefix="seqlab-bench-") as folder:
        seeds = ",".join(map(str, range(jobs)))
        points = ["model=lstm", f"seed={seeds}", f"trainer.max_epochs={epochs}", "trainer.accelerator=cpu"]
        quiet = ["verbosity=quiet", f"hydra.sweep.dir={folder}"]
        command = [sys.executable, "-m", "seqlab", "train", "-m", *points, *quiet, *LAUNCHERS[launcher]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        states = [json.loads(file.read_text())["status"] for file in Path(folder).glob("*/run.json")]
        if done.returncode or states != ["done"] * jobs:
            raise SystemExit(f"{launcher} failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Measure, print, and say by the exit code whether the pool is fast enough."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="where the real data sets are; else SEQLAB_DATA_DIR or the sample")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=4, help="of a round")
    parser.add_argument("--epochs", type=int, default=40, help="of a job")
    options = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1"}
    if options.data:
        os.environ["SEQLAB_DATA_DIR"] = str(Path(options.data).resolve())
    names = [name for name in LAUNCHERS if name != "joblib" or _has_joblib()]
    run_sweep("pool", 1, 1)  # kernels and tables are cached from here on
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            start = time.perf_counter()
            run_sweep(name, options.jobs, options.epochs)
            times[name].append(time.perf_counter() - start)
    print(headline())
    print(f"\n{options.rounds} rounds of {options.jobs} jobs, one thread each; two at a time, but for basic")
    rows = []
    for name in names:
        rate = Spread.of([3600 * options.jobs / seconds for seconds in times[name]])
        rows.append([name, str(rate), str(ratios(times["basic"], times[name]))])
    print("\n" + table(["launcher", "jobs an hour", "against basic"], rows))
    return int(ratios(times["basic"], times["pool"]).median < MUST)


def _has_joblib() -> bool:
    try:
        return find_spec("hydra_plugins.hydra_joblib_launcher") is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main())
