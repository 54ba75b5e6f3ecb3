"""Finished runs to export, and the command."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

TINY = (
    "trainer.max_epochs=1",
    "trainer.limit_train_batches=8",
    "model.hidden_size=8",
    "callbacks=none",
    "logger=none",
    "task.baselines=false",
    "verbosity=quiet",
)


@pytest.fixture
def finished(train) -> Callable[..., Path]:
    """Return a function that trains a little and returns the run's folder."""

    def run(*arguments: str) -> Path:
        assert train(*TINY, *arguments) == 0
        (record,) = Path("out").rglob("run.json")
        return record.parent

    return run


@pytest.fixture
def classifier(trained) -> Path:
    return trained(*TINY, "model.bidirectional=true", "model.encoder=ngrams", "data.ngrams=3")


@pytest.fixture
def forecaster(trained) -> Path:
    hours = pd.date_range("2021-03-01", periods=400, freq="h")
    random = np.random.default_rng(0)
    day = 2 * np.pi * hours.hour.to_numpy() / 24
    columns = {
        "load": 50 + 10 * np.sin(day) + random.normal(size=400),
        "sun": np.cos(day) + random.random(400),
    }
    frame = pd.DataFrame({"time": hours.strftime("%d.%m.%Y %H:%M"), **columns})
    return trained(
        *TINY,
        "data=series_csv",
        "data.path=mine.csv",
        "data.separator=semicolon",
        "data.time_format=%d.%m.%Y %H:%M",
        "data.targets=[load]",
        "data.input_days=1",
        "data.horizon_days=0.5",
        **{"mine.csv": frame.to_csv(index=False, sep=";")},
    )


@pytest.fixture
def segrnn(trained) -> Path:
    random = np.random.default_rng(0)
    columns = {"load": random.normal(size=400).cumsum(), "sun": random.random(400)}
    frame = pd.DataFrame({"time": pd.date_range("2021-03-01", periods=400, freq="h"), **columns})
    return trained(
        *(*TINY, "data=series_csv", "data.path=mine.csv", "data.targets=[load,sun]", "task.loss=quantiles"),
        *("data.input_steps=48", "data.horizon_steps=20", "task.conformal=0.8", "model.instance_norm=revin"),
        *("model.encoder=segments", "model.segment=8", "model.decoder=parallel"),
        *("model.channels=independent", "model.channel_embedding=16"),
        **{"mine.csv": frame.to_csv(index=False)},
    )
