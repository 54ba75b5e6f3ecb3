"""A small series of hours, and its windows that read a day and ask for 30 hours."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqlab.data import SequenceData, Series

READ, ASKED = 24, 30


@pytest.fixture
def table() -> Callable[..., pd.DataFrame]:
    """Return a function that makes a table of temperature "t" and pressure "p"."""

    def make(rows: int = 900, step: str = "h") -> pd.DataFrame:
        random = np.random.default_rng(rows)
        times = pd.date_range("2018-05-01", periods=rows, freq=step)
        day = 2 * np.pi * times.hour.to_numpy() / 24
        year = 2 * np.pi * times.day_of_year.to_numpy() / 365.25
        noise = np.convolve(random.normal(size=rows), 0.8 ** np.arange(30))[:rows]
        t = 9 - 8 * np.cos(year) + 4 * np.sin(day) + noise
        return pd.DataFrame({"time": times.astype(str), "t": t, "p": random.normal(990, 5, rows) - noise})

    return make


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., SequenceData]:
    """Return a data set of a table that reads a day and asks for 30 hours, set up."""

    def from_table(frame: pd.DataFrame, **settings) -> SequenceData:
        frame.to_csv(tmp_path / "series.csv", index=False)
        usual = {"time": "time", "targets": ["t"], "input_days": READ / 24, "horizon_days": ASKED / 24}
        data = SequenceData(Series(path=str(tmp_path / "series.csv"), **(usual | settings)))
        data.setup()
        return data

    return from_table
