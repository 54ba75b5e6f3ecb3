"""Two processes train forecasts, calibrate their intervals and score them as one process does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.inference.evaluate import evaluate

ROWS, WINDOWS = 316, 208
SMALL = (
    *(
        "data=series_csv",
        "data.path=a.csv",
        "data.targets=[a,b]",
        "data.input_steps=8",
        "data.horizon_steps=6",
    ),
    *("model=lstm", "model.hidden_size=8", "model.dropout=0", "model.segment=2", "trainer.max_epochs=1"),
    *("task.conformal=0.8", "task.baselines=false", "callbacks=none", "trainer.accelerator=cpu"),
)
TOLD = ("model.decoder=autoregressive", "model.teacher_forcing_end=1")
VARIANTS = {
    "direct": ("task.loss=gaussian",),
    "parallel": ("model.decoder=parallel", "task.loss=quantiles"),
    "autoregressive": TOLD,
    "channels": ("model.channels=independent", "model.instance_norm=revin", *TOLD),
}

pytestmark = pytest.mark.slow


@pytest.fixture
def of_two(tmp_path, monkeypatch):
    """Return the folder of a run of two processes, which share its batches of 16."""
    day = np.sin(np.arange(ROWS) * 2 * np.pi / 24)
    numbers = np.random.default_rng(0).normal(day, 0.3, (2, ROWS)).round(3)
    times = pd.date_range("2021-01-01", periods=ROWS, freq="h").astype(str)
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"time": times, "a": numbers[0], "b": numbers[1]}).to_csv("a.csv", index=False)

    def run(*settings: str) -> Path:
        command = [sys.executable, "-m", "seqlab", "train", "trainer=ddp", *SMALL, *settings]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        ends = ["data.batch_size=8", "paths.output_dir=two"]
        done = subprocess.run([*command, *ends], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return run_in("two")

    return run


def run_in(root: str) -> Path:
    (record,) = Path(root).rglob("run.json")
    return record.parent


def told(run: Path) -> tuple[dict[str, float], np.ndarray]:
    """Return the scores of a run, and how much its intervals are widened."""
    record, manifest = (
        json.loads((run / name).read_text()) for name in ("run.json", "checkpoints/best.json")
    )
    assert record["data"]["sizes"]["train"] == WINDOWS  # so that all batches are whole
    return record["metrics"], np.array(manifest["calibration"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_scores_and_calibrated_intervals_are_those_of_one_process(of_two, train, variant):
    metrics, margins = told(of_two(*VARIANTS[variant]))
    assert train(*SMALL, *VARIANTS[variant], "data.batch_size=16") == 0
    alone, expected = told(run_in("out"))
    assert metrics == pytest.approx(alone, rel=1e-4, abs=1e-5)
    np.testing.assert_allclose(margins, expected, rtol=1e-4, atol=1e-5)


def test_scheduled_sampling_draws_apart_on_each_process_and_is_scored_as_alone(of_two):
    run = of_two("model.decoder=autoregressive")
    metrics, margins = told(run)
    assert margins.shape == (6, 2)
    found = evaluate(run)
    assert {name: found[name] for name in metrics} == pytest.approx(metrics, rel=1e-5, abs=1e-6)
    saved = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    first, second = (rank["random"]["torch"] for rank in saved["resume"]["ranks"])
    assert not torch.equal(first, second)
