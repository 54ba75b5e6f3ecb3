"""Do runs on the GPU train without waiting for it, go on after SIGKILL, and share it?"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import torch
import torture
from gpu_place import Place, Row, peak
from hydra import compose, initialize_config_module
from lightning.pytorch import Callback, Trainer

from seqlab.config.compose import make_config
from seqlab.inference.evaluate import evaluate
from seqlab.io import console_log
from seqlab.training.fit import train

DATA = {
    "names": ["model=lstm", "model.bidirectional=true"],
    "online_shopping_10_cats": ["model=gru"],
    "jena_climate": ["model=lstm_layernorm"],
}
QUICK = ["model.hidden_size=8", "data.batch_size=8", "trainer.limit_train_batches=3"]
QUICK += ["trainer.limit_val_batches=2", "trainer.limit_test_batches=2"]
PLAIN = ["verbosity=quiet", "task.baselines=false", "callbacks.figures=false"]
KILLED = {
    "names": ["data=names", "model=lstm", "model.dropout=0.3", "checkpoint.every_steps=3"],
    "averaged": ["data=names", "model=bigru", "callbacks.weight_average=0.9", "checkpoint.every_steps=3"],
}
"""Runs that are killed."""


class Unwaited(Callback):
    """Has CUDA refuse what the processor waits for, from an epoch's first step to its last; counts steps."""

    def __init__(self, place: Place) -> None:
        self.watches, self.steps = place.device == "cuda", 0

    def on_train_batch_start(self, *_arguments: object) -> None:
        """Refuse from here on."""
        self._refuse("error")

    def on_train_batch_end(self, trainer: Trainer, *_arguments: object) -> None:
        """Allow it again once the epoch is over."""
        self.steps += 1
        if trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            self._refuse("default")

    def _refuse(self, mode: str) -> None:
        if self.watches:
            torch.cuda.set_sync_debug_mode(mode)


def data(place: Place) -> Iterator[Row]:
    """Train, test and score again on each data set, so that no step waits for the GPU."""
    console_log.configure("quiet")
    for name, model in DATA.items():
        sizes = QUICK if place.quick else ["trainer.limit_train_batches=150"]
        callback, start = Unwaited(place), time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="seqlab-gpu-") as folder:
            settings = [f"data={name}", *model, *sizes, *PLAIN, *place.settings, "trainer.max_epochs=2"]
            settings += ["trainer.log_every_n_steps=1", f"paths.output_dir={folder}"]
            with initialize_config_module("seqlab.conf", version_base="1.3"):
                config = make_config(compose("config", settings))
            with mock.patch("seqlab.training.trainer.progress", return_value=[callback]):
                done = train(config)
            seconds = time.perf_counter() - start
            metrics = done.folder.record["metrics"]
            again = evaluate(done.folder.path) if not place.quick else metrics
            off = max(abs(again[score] - metrics[score]) / max(abs(metrics[score]), 1) for score in again)
            yield {
                "data": done.data.spec.name,
                "source": done.data.spec.source,
                "cell": config.model.cell,
                "engine": done.folder.record["engine"],
                "ran_on": done.folder.record["device"],
                "steps": callback.steps,
                "seconds": round(seconds, 1),
                "scores": {score: metrics[score] for score in sorted(metrics) if score.startswith("test/")},
                "scored_again_off_by": off,
                "ok": callback.steps > 0 and off < 1e-3,  # noqa: PLR2004 (a class on the edge)
                "peak_mib": peak(place),
            }


def resume(place: Place) -> Iterator[Row]:
    """Kill runs at a random instant, continue them, and compare what they leave with what others leave."""
    for number, (name, settings) in enumerate(list(KILLED.items())[: 1 if place.quick else None]):
        exact = [*place.settings, "trainer.deterministic=true", "trainer.log_every_n_steps=1"]
        small = ["trainer.limit_train_batches=40", "model.hidden_size=16"]
        epochs = 3 if place.quick else 6
        case = torture.Case(name, (*settings, *PLAIN, *exact, *small), (epochs,))
        with tempfile.TemporaryDirectory(prefix="seqlab-gpu-") as folder:
            case.finish(Path(folder), epochs)
            expected = torture.left_by(torture.run_folder(Path(folder)))
        try:
            told = torture.torment(case, "KILL", expected, during="anything", seed=number)
            yield {"run": name, "told": told, "ok": True}
        except RuntimeError as error:
            yield {"run": name, "told": str(error), "ok": False}


def pool(place: Place) -> Iterator[Row]:
    """Run two jobs of a sweep side by side on one device."""
    with tempfile.TemporaryDirectory(prefix="seqlab-gpu-") as folder:
        points = [
            "data=names",
            "seed=0,1",
            *place.settings,
            *PLAIN,
            *QUICK,
            f"hydra.sweep.dir={folder}/sweep",
        ]
        devices = ["launcher.devices=[0]"] if place.device == "cuda" else []
        command = [sys.executable, "-m", "seqlab", "train", "-m", *points, "trainer.max_epochs=3"]
        command += ["launcher=pool", "launcher.jobs_per_device=2", *devices]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        records = [json.loads(file.read_text()) for file in sorted(Path(folder).glob("sweep/*/run.json"))]
        print(done.stdout, done.stderr)
        yield {
            "jobs": [
                {name: record.get(name) for name in ("status", "device", "started", "ended")}
                for record in records
            ],
            "ok": done.returncode == 0 and [record["status"] for record in records] == ["done", "done"],
        }
