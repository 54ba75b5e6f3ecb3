"""Which share of the training time does callbacks=diagnostics cost, as it is configured by default?

Run:  python scripts/bench_diagnostics.py --data FOLDER [--rounds 3] [--epochs 15] [--model lstm] [--check]

Trains ``model=lstm data=names`` with and without it, in turn, each run in a process of its own, and prints
processor times: the share is that of measuring and drawing over that of the whole fit without it.
"""

import argparse
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

MOST = 0.05
"""Share that the diagnostics may cost."""


def fit(model: str, epochs: int, *, measured: bool) -> tuple[str, float, float]:
    """Train once in this process; return the kind of data, and processor seconds of fit and diagnostics."""
    import torch  # noqa: PLC0415 (only the children need it)
    from hydra import compose, initialize_config_module  # noqa: PLC0415
    from lightning.pytorch import seed_everything  # noqa: PLC0415

    from seqlab.config.compose import make_config  # noqa: PLC0415
    from seqlab.io import console_log  # noqa: PLC0415
    from seqlab.models.build import make_data, make_module  # noqa: PLC0415
    from seqlab.runs.folder import RunFolder  # noqa: PLC0415
    from seqlab.training.callbacks import Diagnostics  # noqa: PLC0415
    from seqlab.training.trainer import make_trainer  # noqa: PLC0415

    torch.set_num_threads(1)
    overrides = [f"model={model}", "data=names", "trainer.accelerator=cpu", f"trainer.max_epochs={epochs}"]
    overrides.append(f"callbacks={'diagnostics' if measured else 'default'}")
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        config = make_config(compose("config", overrides))
    console_log.configure("quiet")
    seed_everything(config.seed, verbose=False)
    data = make_data(config)
    data.setup()
    module = make_module(config, data.spec)
    spent = [0.0]
    for name in ("on_train_start", "on_train_epoch_end", "on_train_end"):
        setattr(Diagnostics, name, clocked(getattr(Diagnostics, name), spent))
    with tempfile.TemporaryDirectory(prefix="seqlab-bench-") as output:
        trainer = make_trainer(config, RunFolder(Path(output)), data.spec)
        start = time.process_time()
        trainer.fit(module, datamodule=data)
        return data.spec.source, time.process_time() - start, spent[0]


def clocked(hook: Any, spent: list[float]) -> Any:
    """Return a hook that adds the processor time it takes."""

    def run(*arguments: Any) -> None:
        start = time.process_time()
        hook(*arguments)
        spent[0] += time.process_time() - start

    return run


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="lstm")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", help="folder with the real names; else SEQLAB_DATA_DIR")
    parser.add_argument("--check", action="store_true", help=f"exit code 1 if the share is above {MOST:.0%}")
    parser.add_argument("--one", choices=["with", "without"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.data:
        os.environ["SEQLAB_DATA_DIR"] = str(Path(options.data).resolve())
    if options.one:
        print(*fit(options.model, options.epochs, measured=options.one == "with"))
        return 0
    cpuinfo = Path("/proc/cpuinfo").read_text() if platform.system() == "Linux" else ""
    processor = [*re.findall("model name.*: (.*)", cpuinfo), platform.processor()][0]
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "lightning", "seqlab"))
    print(f"{processor}, {os.cpu_count()} cores, 1 thread; {versions}\n`python {shlex.join(sys.argv)}`\n")
    print("| round | fit with, s | fit without, s | measuring and drawing, s | ratio of fits | share |")
    print("|---:|---:|---:|---:|---:|---:|")
    shares, kind = [], ""
    for number in range(1, options.rounds + 1):
        command = [
            sys.executable,
            __file__,
            "--model",
            options.model,
            "--epochs",
            str(options.epochs),
            "--one",
        ]
        order = ("with", "without") if number % 2 else ("without", "with")
        found = {}
        for one in order:
            done = subprocess.run([*command, one], capture_output=True, text=True, check=True)
            kind, *seconds = done.stdout.split()[-3:]
            found[one] = [float(value) for value in seconds]
        own, plain, spent = found["with"][0], found["without"][0], found["with"][1]
        shares.append(spent / plain)
        print(
            f"| {number} | {own:.1f} | {plain:.1f} | {spent:.2f} | {own / plain:.3f} | {spent / plain:.1%} |"
        )
    print(f"\nmedian share on {kind} data: {statistics.median(shares):.1%} (at most {MOST:.0%})")
    return int(options.check and statistics.median(shares) > MOST)


if __name__ == "__main__":
    sys.exit(main())
