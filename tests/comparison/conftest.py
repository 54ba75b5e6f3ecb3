"""Runs to report on, written as training leaves them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from seqlab.comparison.groups import Benchmark, compare
from seqlab.comparison.runs import read_runs
from seqlab.tasks.score import BITS_PER_CHARACTER, PERPLEXITY, loss_in

NUMBER = count()
TARGETS = ("T (degC)", "p (mbar)")
LANGUAGE_MODEL = {
    "monitor": "val/loss",
    "scores": [asdict(score) for score in (loss_in("nats per token"), BITS_PER_CHARACTER, PERPLEXITY)],
    "galleries": [],
}
"""What the record of a language model says of its task."""
HOURS = (1.0, 2.0, 3.0, 4.0)


def write_run(
    root: Path,
    name: str,
    *,
    seed: int = 0,
    accuracy: float | None = None,
    status: str = "done",
    classes: Sequence[str] = ("cat", "dog", "owl"),
    optimizer: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """Leave a folder as a classification run does; its answers, scores and curves are drawn from its number.

    Args:
        root: the folder to report on.
        name: of the run's folder, below which it gets one of its own.
        seed: of the run.
        accuracy: in place of that of its answers.
        status: its state.
        classes: what there is to tell apart.
        optimizer: settings.
        changes: to the record; ``model``, ``trainer``, ``data_settings`` and ``task_settings`` are added to
            the settings.
    """
    number = next(NUMBER)
    random = np.random.default_rng(number)
    folder = root / name / f"2026-01-01_00-00-00-{number:06x}"
    folder.mkdir(parents=True)
    model = {"cell": "lstm", "hidden_size": 128} | changes.pop("model", {})
    settings = {"seed": seed, "model": model, "data": {"name": "names"} | changes.pop("data_settings", {})}
    settings |= {"task": changes.pop("task_settings", {})}
    settings |= {"optimizer": optimizer or {"name": "adamw", "lr": 0.004}}
    settings |= {"trainer": {"max_epochs": 3, "accelerator": "auto"} | changes.pop("trainer", {})}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    true = random.integers(0, len(classes), 80)
    guess = np.where(random.random(80) < 0.6, true, random.integers(0, len(classes), 80))
    scores = {"test/accuracy": float((true == guess).mean()) if accuracy is None else accuracy}
    scores |= {f"test/{name}_macro": float(random.random()) for name in ("precision", "recall", "f1")}
    scores |= {"val/accuracy": float(random.random())}
    record = {"status": status, "cell": model["cell"], "seed": seed, "parameters": 1000, "engine": "native"}
    record |= {"data": {"name": "names", "source": "real", "classes": list(classes), "series": None}}
    record |= {"started": f"2026-01-01T00:00:{number % 60:02}+00:00"}
    if status == "done":
        record |= {"metrics": scores, "seconds": float(number), "epochs": 3}
        record |= {"baselines": {"majority": {"test/accuracy": 0.4, "test/f1_macro": 0.1}}}
        names = np.array(classes, dtype=object)
        answers = {"text": "a text", "true": names[true], "predicted": names[guess], "probability": 0.5}
        pd.DataFrame(answers).to_csv(folder / "predictions.csv", index=False)
        about = {"class": names, "title": names, **dict.fromkeys(("precision", "recall", "f1"), 0.5)}
        about["samples"] = np.bincount(true, minlength=len(names))
        pd.DataFrame(about).to_csv(folder / "classes.csv", index=False)
    (folder / "run.json").write_text(json.dumps(record | changes), encoding="utf-8")
    write_history(folder, random, ("loss", "accuracy", "f1_macro"))
    return folder


def write_history(folder: Path, random: np.random.Generator, scores: Sequence[str], epochs: int = 3) -> None:
    lines = []
    for epoch in range(epochs):
        lines.append({"step": epoch * 20, "step/loss": 1.0})
        for stage in ("val", "train"):
            values = {f"{stage}/{score}": random.random() for score in scores}
            lines.append({"step": epoch * 20 + 9, "epoch": epoch} | values)
    (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def write_forecast(root: Path, name: str, *, seed: int = 0, windows: int = 20, **changes: Any) -> Path:
    """Leave a folder as a forecasting run of two targets does."""
    record = {"data": {"name": "jena", "source": "sample", "series": {"targets": TARGETS}}}
    record |= {"metrics": {"test/mae": 2.0 + seed, "test/median_ae": 1.5, "test/rmse": 3.0, "val/mae": 1.0}}
    record |= {"baselines": {"persistence": {"test/mae": 2.5, "test/median_ae": 2.0, "test/rmse": 3.5}}}
    data = {"name": "jena", "targets": list(TARGETS)} | changes.pop("data_settings", {})
    folder = write_run(root, name, seed=seed, data_settings=data, **(record | changes))
    random = np.random.default_rng(next(NUMBER))
    times = pd.date_range("2026-01-01", periods=windows, freq="h").astype(str)
    keys = pd.MultiIndex.from_product([times, TARGETS, HOURS], names=["after", "target", "hours_ahead"])
    frame = pd.DataFrame(random.normal(size=(len(keys), 2)), index=keys, columns=["true", "predicted"])
    frame.reset_index().to_csv(folder / "predictions.csv", index=False)
    keys = pd.MultiIndex.from_product(
        [["model", "persistence"], TARGETS, HOURS], names=["forecast", "target", "hours_ahead"]
    )
    errors = pd.DataFrame(random.random((len(keys), 4)), keys, ["mae", "median_ae", "rmse", "bias"])
    errors.reset_index().to_csv(folder / "errors_by_step.csv", index=False)
    write_history(folder, random, ("loss", "mae"))
    return folder


@pytest.fixture(scope="module")
def leave() -> SimpleNamespace:
    """Return what leaves runs below a folder: write_run and write_forecast."""
    return SimpleNamespace(classification=write_run, forecast=write_forecast)


@pytest.fixture
def classify(tmp_path: Path) -> Callable[..., Path]:
    """Return what leaves a classification run below tmp_path/out; see write_run."""
    return lambda name, **changes: write_run(tmp_path / "out", name, **changes)


@pytest.fixture
def forecast(tmp_path: Path) -> Callable[..., Path]:
    """Return what leaves a forecasting run below tmp_path/out; see write_forecast."""
    return lambda name, **changes: write_forecast(tmp_path / "out", name, **changes)


@pytest.fixture
def benchmark(tmp_path: Path) -> Callable[..., Benchmark]:
    """Return what reads the only benchmark below tmp_path/out."""

    def read(**options: bool) -> Benchmark:
        (found,), _ = compare(read_runs(tmp_path / "out"), **options)
        return found

    return read
