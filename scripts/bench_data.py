"""What do the data cost? Reading and encoding, memory of whole runs, and the loader's share of a step.

Run:  python scripts/bench_data.py [--data FOLDER] [--rows 5000000] [--skip-large] [--check]

Prints, each in a process of its own so that its peak memory is its own:
  1. reading and encoding all reviews the first time, and from the cache;
  2. peak memory of a short run of train.py on every data set;
  3. a generated text file of five million rows: encoding, and a hundred training batches from the memory map;
  4. the share of a training step that is spent cutting the batch;
  5. a generated series of five million rows: reading, and starting again from the cache.

With --check only the last, with --texts only a generated file of two million texts; both fail if a figure is
beyond its limit.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]

SETUP = """
import json, resource, sys, time
def kept(kind):
    with open("/proc/self/status") as file:
        return next((int(line.split()[1]) / 1024 for line in file if line.startswith(kind)), 0)
from seqlab.data import SequenceData, datasets
imported = time.perf_counter()
data = SequenceData(datasets[sys.argv[1]](**json.loads(sys.argv[2])))
data.setup()
done = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for number, batch in zip(range(100), data.train_dataloader()):
    pass
print(json.dumps({
    "seconds": done - imported, "batches": time.perf_counter() - done, "sizes": data.spec.sizes,
    "peak_mb": peak, "own_mb": kept("RssAnon"), "mapped_mb": kept("RssFile"),
}))
"""

SERIES = """
import json, resource, sys, time
import pandas as pd
from seqlab.data import SequenceData, datasets
from seqlab.data.series import prepared
settings = json.loads(sys.argv[1])
def parse():
    # the processor seconds that pandas needs for the first million rows, without any check
    start = time.process_time()
    frame = pd.read_csv(settings["path"], nrows=1_000_000)
    pd.to_datetime(frame["time"], format="ISO8601")
    return time.process_time() - start
spent, kept, parsed = [0.0], prepared.kept, []
def timed(group, *given):
    if group != "series":
        return kept(group, *given)
    parsed.append(parse())
    start = time.process_time()
    found = kept(group, *given)
    spent[0] = time.process_time() - start
    parsed.append(parse())
    return found
prepared.kept = timed
start = time.process_time()
data = SequenceData(datasets["series_csv"](**settings))
data.setup()
print(json.dumps({
    "reading": spent[0], "whole": time.process_time() - start - sum(parsed), "pandas": sum(parsed) / 2 or 1,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""

LIMITS = {"peak_mb": 1200, "reading": 20, "again": 3}
"""MB of memory, and processor seconds to read a long series, and to set it up again from the cache."""
USUAL = 0.7
"""Processor seconds that pandas needs for a million rows on the machine on which the limits were set."""
TEXTS, LARGEST_TEXTS = 2_000_000, 1000
"""Texts that --texts generates, and MB of memory that they may take."""

TRAIN = """
import json, resource, sys, time
from seqlab.data.loader import BatchLoader
spent = [0.0]
cut = BatchLoader.__iter__
def timed(self):
    batches = cut(self)
    while True:
        start = time.perf_counter()
        batch = next(batches, None)
        spent[0] += time.perf_counter() - start
        if batch is None:
            return
        yield batch
BatchLoader.__iter__ = timed
import lightning.pytorch as pl
fit, whole = pl.Trainer.fit, [0.0]
def timed_fit(self, *args, **kwargs):
    spent[0], start = 0.0, time.perf_counter()
    fit(self, *args, **kwargs)
    whole[0], share[0] = time.perf_counter() - start, spent[0]
share = [0.0]
pl.Trainer.fit = timed_fit
from seqlab.cli import train
code = train(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("BENCH " + json.dumps({"code": code, "peak_mb": peak, "share": share[0] / max(whole[0], 1e-9)}))
"""


def measure(code: str, *arguments: str, cache: str) -> dict[str, float]:
    """Run a piece of code in a process of its own and return the JSON object it prints last."""
    environment = os.environ | {"SEQLAB_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=ROOT,
    )
    lines = [line.removeprefix("BENCH ") for line in done.stdout.splitlines() if "peak_mb" in line]
    if not lines:
        raise SystemExit(f"nothing was measured:\n{done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(lines[-1])
    return found


def write_rows(path: Path, rows: int) -> None:
    """Write a CSV of ``rows`` generated texts of 20 to 60 characters in five classes."""
    words = ["red", "green", "blue", "quick", "slow", "warm", "cold", "bright", "silent", "heavy", "light"]
    with path.open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        for number in range(rows):
            chosen = [
                words[(number * (step + 7) // (step + 1)) % len(words)] for step in range(4 + number % 5)
            ]
            file.write(f"{' '.join(chosen)} {number},class {number % 5}\n")


def reviews(cache: str) -> None:
    """Print how long it takes to read and encode all reviews."""
    for how in ("first time", "from the cache"):
        for tokens in ("characters", "words"):
            found = measure(SETUP, "online_shopping_10_cats", json.dumps({"tokens": tokens}), cache=cache)
            print(
                f"reviews as {tokens}, {how}: {found['seconds']:.2f} s, "
                f"{sum(found['sizes'].values()):,} texts, peak {found['peak_mb']:.0f} MB"  # type: ignore[attr-defined]
            )


def runs(cache: str, output: str) -> None:
    """Print peak memory and the loader's share for a short run on every data set."""
    for name in ("names", "online_shopping_10_cats", "jena_climate"):
        common = (f"paths.output_dir={output}", "verbosity=quiet", "trainer.accelerator=cpu")
        found = measure(TRAIN, f"data={name}", "trainer.max_epochs=2", *common, cache=cache)
        print(f"train.py data={name}: peak {found['peak_mb']:.0f} MB, loader {found['share']:.1%} of fit")


def large(cache: str, folder: str, rows: int) -> bool:
    """Print what a very large file costs; return whether that is within its limit."""
    path = Path(folder) / "large.csv"
    write_rows(path, rows)
    print(f"a file of {rows:,} rows, {path.stat().st_size / 2**20:.0f} MB:")
    settings = json.dumps({"path": str(path), "text": "text", "label": "label"})
    peak = 0.0
    for how in ("first time", "from the cache"):
        found = measure(SETUP, "text_csv", settings, cache=cache)
        peak = max(peak, found["peak_mb"])
        print(
            f"  {how}: {found['seconds']:.1f} s, peak {found['peak_mb']:.0f} MB; then 100 batches in "
            f"{found['batches']:.2f} s, with {found['own_mb']:.0f} MB of its own and "
            f"{found['mapped_mb']:.0f} MB mapped from files, which the system may take back"
        )
    if peak > LARGEST_TEXTS:
        print(f"  peak_mb is {peak:.1f}, beyond {LARGEST_TEXTS}")
    return peak <= LARGEST_TEXTS


def write_series(path: Path, rows: int) -> None:
    """Write a CSV of ``rows`` minutes with two columns of numbers."""
    times = np.datetime64("2010-01-01T00:00") + np.arange(rows)
    numbers = np.random.default_rng(0)
    day = np.sin(np.arange(rows) * 2 * np.pi / 1440)
    with path.open("w", encoding="utf-8") as file:
        file.write("time,load,temperature\n")
        for begin in range(0, rows, 100_000):
            part = slice(begin, begin + 100_000)
            load = 100 + 20 * day[part] + numbers.normal(size=len(day[part]))
            warm = 10 + 5 * day[part] + numbers.normal(size=len(day[part]))
            rows_of = zip(times[part].astype(str), load, warm, strict=True)
            file.writelines(f"{time.replace('T', ' ')},{a:.5f},{b:.4f}\n" for time, a, b in rows_of)


def series(cache: str, folder: str, rows: int) -> bool:
    """Print what a very long series costs; return whether all is within its limits."""
    path = Path(folder) / "series.csv"
    write_series(path, rows)
    print(f"a series of {rows:,} rows, {path.stat().st_size / 2**20:.0f} MB:")
    settings = {"path": str(path), "targets": ["load"], "input_steps": 60, "horizon_steps": 10}
    first, again = (measure(SERIES, json.dumps(settings), cache=cache) for _ in range(2))
    print(
        f"  read in {first['reading']:.1f} s (of a processor), set up in {first['whole']:.1f} s, "
        f"again from the cache in {again['whole']:.1f} s; "
        f"peak {first['peak_mb']:.0f} MB, again {again['peak_mb']:.0f} MB"
    )
    slow = first["pandas"] / USUAL
    print(
        f"  before and after it, pandas alone parsed a million rows in {first['pandas']:.2f} s, "
        f"{slow:.1f} times as long as on the machine of the limits; reading takes "
        f"{first['reading'] / first['pandas'] / rows * 1e6:.1f} times as long per row"
    )
    found = {
        "peak_mb": max(first["peak_mb"], again["peak_mb"]),
        "reading": first["reading"],
        "again": again["whole"],
    }
    beyond = [key for key, limit in LIMITS.items() if found[key] > limit]
    for key in beyond:
        print(f"  {key} is {found[key]:.1f}, beyond {LIMITS[key]}")
    return not beyond


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=textwrap.dedent(__doc__ or ""), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder with the real data; else SEQLAB_DATA_DIR, else made-up ones")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--skip-large", action="store_true", help="leave the very large file out")
    parser.add_argument("--check", action="store_true", help="only the series, within limits")
    parser.add_argument("--texts", action="store_true", help="only two million texts, within their limit")
    options = parser.parse_args()
    if options.data:
        os.environ["SEQLAB_DATA_DIR"] = str(Path(options.data).resolve())
    with tempfile.TemporaryDirectory(prefix="seqlab-bench-") as folder:
        cache = str(Path(folder) / "cache")
        if options.check:
            raise SystemExit(not series(cache, folder, options.rows))
        if options.texts:
            raise SystemExit(not large(cache, folder, TEXTS))
        reviews(cache)
        runs(cache, folder)
        if not options.skip_large:
            large(cache, folder, options.rows)
            series(cache, folder, options.rows)
    versions = f"Python {platform.python_version()}, torch {version('torch')}"
    print(f"({platform.machine()}, {os.cpu_count()} cores, {versions})")


if __name__ == "__main__":
    main()
