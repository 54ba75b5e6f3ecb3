"""Does a run that is killed at a random instant end bit for bit where it would have ended?

Run:  python scripts/torture.py [--kills 100] [--signal KILL|TERM|INT] [--ranks 1|2] [--data FOLDER]
      [--during anything|saving] [--jobs 2]

First every case runs to its end. Then, for each kill, a case is begun, stopped by the signal at a random
instant after its first checkpoint, and continued. What it leaves must be what the first run has left:
weights, the optimizer's state, learning rates, random numbers, the state of callbacks, best weights,
metrics.jsonl, metrics.csv, predictions or what a language model writes, and every step of TensorBoard once.
A case may be made longer, once or several times: it is stopped and continued at each of its lengths, and
compared with a run that was as long from the start. With --during saving the signal comes while a checkpoint
is being written, and TMPDIR lies on another file system. Prints a line for each kill; exits with 1 if a
run ended otherwise.
"""

import argparse
import hashlib
import json
import logging
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torture_data import STORED, write

from seqlab import cli
from seqlab.inference.generate import Sampling, Writer

SMALL = [
    "model.hidden_size=16",
    "model.embedding_size=8",
    "data.batch_size=32",
    "trainer.limit_train_batches=40",
]
QUIET = ["verbosity=quiet", "trainer.accelerator=cpu", "task.baselines=false", "callbacks.figures=false"]
LONGER = [
    *("callbacks.weight_average=0.9", "callbacks.early_stopping_patience=4", "checkpoint.every_steps=3"),
    *("trainer.accumulate_grad_batches=3", "trainer.gradient_clip_val=0.2", "logger=[tensorboard,csv]"),
    *(
        "scheduler=onecycle",
        "scheduler.epochs=6",
        "trainer.limit_val_batches=8",
        "trainer.limit_test_batches=8",
    ),
]
CASES = {
    "names": ["data=names", "model=lstm", "model.dropout=0.3", "checkpoint.every_steps=3"],
    "shopping": [
        "data=online_shopping_10_cats",
        "model=bigru",
        "checkpoint.every_steps=10",
        "scheduler=plateau",
    ],
    "jena": ["data=jena_climate", "model=lstm", "checkpoint.every_steps=7", "callbacks.weight_average=0.9"],
    "names_longer": ["data=names", "model=lstm", "model.dropout=0.3", *LONGER],
    "jena_longer": ["data=jena_climate", "model=lstm", *LONGER],
}
CASES |= {
    name: [*settings, "model.dropout=0.3", "checkpoint.every_steps=5"] for name, settings in STORED.items()
}
LENGTHS = {"names_longer": (2, 4, 6), "jena_longer": (2, 4, 6)}
"""Epochs to which a case is made longer, one after the other; others have 6 from the start."""

LEFT = ("checkpoints/best.json", "metrics.jsonl")
"""Files that are compared byte by byte."""
CODES = {"KILL": -signal.SIGKILL, "TERM": 143, "INT": 130}
PATIENCE = 300
"""Seconds after which a run is said to hang."""

SPAN = 3.0
"""Seconds after the first checkpoint in which a run is stopped: about as long as it takes."""

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    ["seqlab.sweep.worker", "seqlab.training.fit", "torch.fx.experimental.proxy_tensor"]
)


@dataclass(frozen=True)
class Case:
    """A run that can be repeated: its name, its command line, and the epochs to which it is made longer."""

    name: str
    settings: tuple[str, ...]
    lengths: tuple[int, ...] = (6,)

    def start(self, folder: Path, epochs: int, *more: str) -> ForkServerProcess:
        """Begin the run below ``folder``, or go on with it, in a process group of its own."""
        arguments = [*self.settings, f"trainer.max_epochs={epochs}", f"paths.output_dir={folder}", *more]
        process = SERVER.Process(target=_train, args=(arguments, folder / "output"))
        process.start()
        return process

    def finish(self, folder: Path, epochs: int, *more: str) -> None:
        """Run to the end."""
        process = self.start(folder, epochs, *more)
        if code := _end_of(process):
            raise RuntimeError(f"ended with code {code}: {(folder / 'output').read_text()[-500:]}")


def _train(arguments: list[str], output: Path) -> None:
    """Do what ``seqlab train`` does, in a process that a server has forked once it had imported torch."""
    os.setsid()
    with output.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    torch.set_num_threads(1)
    sys.argv = ["seqlab", "train", *arguments]
    sys.modules["__main__"].__spec__ = find_spec("seqlab.__main__")  # DDP starts its other processes from it
    sys.exit(cli.train(arguments))


def _end_of(process: ForkServerProcess) -> int | None:
    """Return the exit code of a process; one that does not end is ended, and has none."""
    process.join(PATIENCE)
    if process.exitcode is None:
        os.killpg(process.pid or 0, signal.SIGKILL)
        raise RuntimeError(f"hung for {PATIENCE} s")
    return process.exitcode


def make_cases(ranks: int, names: Sequence[str], made: Path) -> list[Case]:
    """Return the cases with these names; what they read and nobody has is made in the folder ``made``."""
    write(made)
    several = ["trainer=ddp", f"trainer.devices={ranks}"] if ranks > 1 else []
    settings = [*SMALL, *several, *QUIET, "trainer.log_every_n_steps=1"]
    own = {name: [setting.format(made=made) for setting in CASES[name]] for name in names}
    return [Case(name, (*settings, *own[name]), LENGTHS.get(name, (6,))) for name in names]


def run_folder(folder: Path) -> Path:
    """Return the only run below a folder."""
    (record,) = folder.glob("*/*/run.json")
    return record.parent


def left_by(run: Path) -> dict[str, str]:
    """Return what a run has left, each part as a hash."""
    last = torch.load(run / "checkpoints/last.ckpt", map_location="cpu", weights_only=True)
    record = json.loads((run / "run.json").read_text())
    parts = {name: last[name] for name in ("state_dict", "optimizer_states", "lr_schedulers", "resume")}
    parts |= {
        "best": load_file(run / "checkpoints/best.safetensors"),
        "record": [record[name] for name in ("status", "metrics", "steps")],
    }
    parts |= {name: (run / name).read_bytes() for name in LEFT}
    predictions = run / "predictions.csv"
    parts["answers"] = predictions.read_bytes() if predictions.exists() else _written(run)
    parts["callbacks"] = repr(last["callbacks"]).replace(str(run.resolve()), "")
    table = run / "csv/metrics.csv"
    parts["metrics.csv"] = table.read_bytes() if table.exists() else b""
    parts["tensorboard"] = _scalars(run)
    return {name: _hash(part) for name, part in parts.items()}


def torment(case: Case, name: str, expected: Mapping[str, str], *, during: str, seed: int) -> str:
    """Begin a run, stop it, continue it; return the step it went on from, or raise what was wrong."""
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="seqlab-torture-") as place:
        folder = Path(place)
        steps = []
        for epochs in case.lengths:
            start = partial(case.start, folder, epochs)
            steps.append(_stop_somewhere(start, folder, name, during, draw))
            case.finish(folder, epochs, f"resume={run_folder(folder)}")
        found, where = left_by(run_folder(folder)), " and ".join(map(str, steps))
        if different := [part for part in expected if found[part] != expected[part]]:
            raise RuntimeError(f"stopped at step {where}, and different: {', '.join(different)}")
    return f"went on from step {where}"


def _stop_somewhere(
    start: Callable[..., ForkServerProcess], folder: Path, name: str, during: str, draw: random.Random
) -> int:
    """Stop a run at a random instant after its first checkpoint; return the step it has saved."""
    number = signal.Signals[f"SIG{name}"]
    begun = [f"resume={path.parent}" for path in folder.glob("*/*/run.json")]
    while True:
        process = start(*(begun or ["resume=auto"]))
        _wait_for(partial(_is_under_way, folder), process)
        process.join(draw.uniform(0, SPAN))
        if during == "saving":
            _wait_for(lambda: any(folder.glob("*/*/checkpoints/.last.ckpt.draft-*")), process)
        if process.is_alive():
            # A terminal sends Ctrl-C to all processes of a run, and SIGKILL would leave some.
            send = os.kill if name == "TERM" else os.killpg
            send(process.pid or 0, number)
        code = _end_of(process)
        if code == CODES[name] or (begun and not code):  # it was made longer, and was not stopped in time
            last = torch.load(
                run_folder(folder) / "checkpoints/last.ckpt", map_location="cpu", weights_only=True
            )
            if last["global_step"] <= 0:
                raise RuntimeError("the checkpoint is of step 0")
            return int(last["global_step"])
        if code:
            raise RuntimeError(
                f"exit code {code}, not {CODES[name]}: {(folder / 'output').read_text()[-500:]}"
            )
        for path in sorted(folder.rglob("*"), reverse=True):  # it was too late: once more
            path.rmdir() if path.is_dir() else path.unlink()


def _is_under_way(folder: Path) -> bool:
    """Return whether a run below a folder is running and has a checkpoint, its own or an earlier one."""
    runs = [path.parents[1] for path in folder.glob("*/*/checkpoints/last.ckpt")]
    return any(json.loads((run / "run.json").read_text())["status"] == "running" for run in runs)


def _wait_for(found: Callable[[], bool], process: ForkServerProcess) -> None:
    while process.is_alive() and not found():
        time.sleep(0.0005)


def _written(run: Path) -> str:
    """Return what a language model writes."""
    random = torch.Generator().manual_seed(0)
    written = Writer.of(run).write("", Sampling(), length=200, until=None, random=random)
    return "".join(one.text for one in written)


def _hash(value: Any) -> str:
    digest = hashlib.sha256()

    def add(part: Any) -> None:
        if isinstance(part, torch.Tensor):
            digest.update(part.contiguous().numpy().tobytes())
        elif isinstance(part, dict):
            for key, inside in part.items():
                digest.update(str(key).encode())
                add(inside)
        elif isinstance(part, list | tuple):
            for inside in part:
                add(inside)
        else:
            digest.update(repr(part).encode())

    add(value)
    return digest.hexdigest()


def _scalars(folder: Path) -> list[tuple[str, int, float]]:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    tags = [tag for tag in events.Tags()["scalars"] if not tag.startswith("hp")]
    return [(tag, event.step, event.value) for tag in sorted(tags) for event in events.Scalars(tag)]


def main() -> int:
    """Torment, print, and say by the exit code whether all was well."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--signal", choices=CODES, default="KILL")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--during", choices=["anything", "saving"], default="anything")
    parser.add_argument(
        "--data", help="where the real data sets are; else the sample of names, and made-up files"
    )
    parser.add_argument("--only", nargs="*", choices=CASES, help="these cases; else all that have data")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    parser.add_argument("--seed", type=int, default=0, help="of the instants")
    options = parser.parse_args()
    logging.getLogger("tensorboard").setLevel(logging.ERROR)  # it tells of every purge
    os.environ |= {"OMP_NUM_THREADS": "1", "SEQLAB_OFFLINE": "1"}
    if options.during == "saving":
        os.environ["TMPDIR"] = "/dev/shm"
    if options.data:
        os.environ["SEQLAB_DATA_DIR"] = str(Path(options.data).resolve())
    names = options.only or (list(CASES) if options.data else ["names_longer", "names"])
    with tempfile.TemporaryDirectory(prefix="seqlab-torture-") as place:
        made = Path(place) / "made"
        made.mkdir()
        return _torment_all(make_cases(options.ranks, names, made), options, Path(place))


def _torment_all(cases: Sequence[Case], options: argparse.Namespace, place: Path) -> int:
    """Stop as many runs as are asked for; return the exit code."""
    expected = {case.name: _expected(case, place) for case in cases}

    def one(number: int) -> bool:
        case = cases[number % len(cases)]
        try:
            told = torment(
                case, options.signal, expected[case.name], during=options.during, seed=options.seed + number
            )
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            print(f"{number} {case.name}: WRONG: {error}", flush=True)
            return False
        print(f"{number} {case.name}: {told}", flush=True)
        return True

    with ThreadPoolExecutor(options.jobs) as pool:
        counts = Counter(pool.map(one, range(options.kills)))
    what = f"SIG{options.signal} during {options.during}, {options.ranks} process(es) a run"
    print(f"{what}: {counts[True]} of {options.kills} runs ended bit for bit as if nothing had happened")
    return int(counts[False] > 0)


def _expected(case: Case, place: Path) -> dict[str, str]:
    folder = place / case.name
    folder.mkdir()
    case.finish(folder, case.lengths[-1])
    return left_by(run_folder(folder))


if __name__ == "__main__":
    sys.exit(main())
