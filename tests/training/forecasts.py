"""A small series, runs of it, and their scores counted again."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

TINY = (
    "trainer.max_epochs=1",
    "model.hidden_size=4",
    "data.input_days=1",
    "data.horizon_days=0.5",
    "data.batch_size=64",
    "logger=none",
    "verbosity=quiet",
)
OWN = ("data=series_csv", "data.path=mine.csv", "data.targets=[load]", *TINY)
PLAIN = ("callbacks=none", "task.baselines=false")
WHOLE = ("callbacks.figures=true", "task.baselines=true")
SCORES = ("mae", "median_ae", "rmse", "bias")


def series(rows: int = 500, step: str = "h") -> pd.DataFrame:
    random = np.random.default_rng(0)
    time = pd.date_range("2021-03-01", periods=rows, freq=step)
    day = 2 * np.pi * (time.hour + time.minute / 60).to_numpy() / 24
    load = 50 + 10 * np.sin(day) + random.normal(size=rows)
    return pd.DataFrame({"time": time.astype(str), "load": load, "sun": np.cos(day) + random.random(rows)})


def the_run() -> Path:
    (record,) = Path("out").rglob("run.json")
    return record.parent


def record_of(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def scores_of(predictions: pd.DataFrame) -> dict[str, float]:
    errors = (predictions["predicted"] - predictions["true"]).to_numpy()
    off = np.abs(errors)
    values = (off.mean(), np.median(off), np.sqrt((errors**2).mean()), errors.mean())
    return dict(zip(SCORES, values, strict=True))
