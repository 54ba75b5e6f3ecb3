"""Small runs, and what they leave, to the last bit."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose, initialize_config_module
from safetensors.torch import load_file

from seqlab.config.compose import make_config
from seqlab.config.schema import Config
from seqlab.io import console_log
from seqlab.training.fit import train

SMALL = (
    "trainer.accelerator=cpu",
    "trainer.max_epochs=3",
    "trainer.limit_train_batches=8",
    "trainer.limit_val_batches=2",
    "trainer.limit_test_batches=2",
    "trainer.log_every_n_steps=1",
    "data.batch_size=8",
    "model.hidden_size=6",
    "model.dropout=0.3",
    "task.baselines=false",
    "callbacks.figures=false",
    "logger=none",
    "verbosity=quiet",
)


class Runs:
    """Small runs below a folder: 3 epochs of 8 batches.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def settings(self, *overrides: str) -> Config:
        """Compose the configuration of a run."""
        with initialize_config_module("seqlab.conf", version_base="1.3"):
            return make_config(compose("config", [*SMALL, *overrides]))

    def train(self, config: Config, name: str | Path = "run") -> None:
        """Begin a run, or go on with the one that is there."""
        console_log.configure(config.verbosity)
        train(config, self.root / name, resume=(self.root / name).exists())

    def step(self, name: str | Path = "run") -> int:
        """Return at which step a run's last.ckpt stands."""
        return int(torch.load(self.root / name / "checkpoints/last.ckpt", weights_only=True)["global_step"])

    def record(self, name: str | Path = "run") -> dict[str, Any]:
        """Return a run's record."""
        found: dict[str, Any] = json.loads((self.root / name / "run.json").read_text())
        return found

    def assert_same(self, name: str | Path, expected: str | Path) -> None:
        """Assert that two runs have left the same, bit for bit."""
        found, wanted = left_in(self.root / name), left_in(self.root / expected)
        assert found.keys() == wanted.keys()
        assert [part for part in wanted if found[part] != wanted[part]] == []


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Return small runs below tmp_path, which is the working folder."""
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    return Runs(tmp_path)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Return what starts a small run below tmp_path in processes of its own."""
    processes: list[subprocess.Popen[str]] = []

    def start(*overrides: str, **environment: str) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if name != "SEQLAB_DATA_DIR"}
        command = [
            sys.executable,
            "-m",
            "seqlab",
            "train",
            *SMALL,
            f"paths.output_dir={tmp_path}",
            *overrides,
        ]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=inherited | environment,
            start_new_session=True,
            # A test run in the background ignores Ctrl-C, and its children would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads yet)
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.fixture
def arrived(tmp_path: Path) -> Callable[["subprocess.Popen[str]", str, int], Path]:
    """Return what waits until a run has logged a step, and returns its folder."""

    def wait(process: "subprocess.Popen[str]", name: str, step: int) -> Path:
        while process.poll() is None:
            for journal in tmp_path.glob(f"{name}/*/metrics.jsonl"):
                if f'"step": {step},' in journal.read_text():
                    return journal.parent
            time.sleep(0.001)
        raise AssertionError(process.communicate()[0])

    return wait


BYTES = ("checkpoints/best.json", "metrics.jsonl", "predictions.csv")
"""Files of a run that are compared byte by byte."""


def left_in(folder: Path) -> dict[str, Any]:
    """Return what a run has left, part by part, as values that == compares.

    Lightning's own counters ("loops") are left out: after a resume between epochs two of them differ.
    """
    last = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
    record = json.loads((folder / "run.json").read_text())
    parts = ("state_dict", "optimizer_states", "lr_schedulers", "epoch", "global_step", "resume")
    found = {name: _plain(last[name]) for name in parts if name in last}
    # Only the folder's own place may differ.
    found["callbacks"] = repr(_plain(last["callbacks"])).replace(str(folder.resolve()), "")
    # The order of what the header tells beside the tensors is at random.
    found |= {"best": _plain(load_file(folder / "checkpoints/best.safetensors"))}
    found |= {name: record[name] for name in ("status", "metrics", "score", "epochs", "steps")}
    found |= {name: (folder / name).read_bytes() for name in BYTES if (folder / name).exists()}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.shape, value.contiguous().numpy().tobytes()
    if isinstance(value, dict):
        return {name: _plain(inside) for name, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inside) for inside in value]
    return value
