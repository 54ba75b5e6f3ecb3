"""Several processes score and collect forecasts exactly as one does, for any number of test windows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

COUNTS = range(1, 14)
SCRIPT = Path(__file__).with_name("rank_forecasting.py")
READ, HORIZON = 3, 2
UNITS = {"a": (4.0, 2.0), "b": (-2.0, 0.5)}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Where three processes, as one, two and three ranks, have written what they know at the end."""
    folder = tmp_path_factory.mktemp("ranks")
    done = subprocess.run(
        [sys.executable, SCRIPT, str(folder)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(params=[1, 2, 3], ids=["one rank", "two ranks", "three ranks"])
def ranks(request, folder) -> list[dict[int, dict]]:
    """Results by number of windows, of every rank."""
    files = [folder / f"{request.param}-{rank}.json" for rank in range(request.param)]
    return [{int(count): values for count, values in json.loads(file.read_text()).items()} for file in files]


def column(name: str, step: int) -> int:
    return 3 * step % 5 if name == "a" else step * step % 7


def expected(count: int) -> list[dict]:
    """Return every forecast: the answer added to the last value that is read, in the target's unit."""
    rows = []
    for window in range(count):
        for place, (target, (mean, scale)) in enumerate(UNITS.items()):
            for step in range(HORIZON):
                answer = (window * 5 + 2 * (2 * step + place)) % 6
                found = column(target, window + READ - 1) + answer
                true = column(target, window + READ + step)
                rows.append(
                    {
                        "after": str(window),
                        "hours_ahead": step + 1,
                        "target": target,
                        "true": true * scale + mean,
                        "predicted": found * scale + mean,
                    }
                )
    return rows


def test_forecasts_are_those_of_all_windows_in_their_order(ranks):
    for results in ranks:
        assert {count: results[count]["predictions"] for count in COUNTS} == {
            count: expected(count) for count in COUNTS
        }


def test_scores_are_those_of_all_windows(ranks):
    for count in COUNTS:
        errors = {
            name: np.array(
                [row["predicted"] - row["true"] for row in expected(count) if row["target"] == name]
            )
            for name in UNITS
        }
        scores = {}
        for name, off in errors.items():
            scores[f"mae/{name}"] = np.abs(off).mean()
            scores[f"median_ae/{name}"] = np.median(np.abs(off))
            scores[f"rmse/{name}"] = np.sqrt((off**2).mean())
            scores[f"bias/{name}"] = off.mean()
            true = np.array([row["true"] for row in expected(count) if row["target"] == name])
            scores[f"smape/{name}"] = np.mean(200 * np.abs(off) / (np.abs(true) + np.abs(true + off)))
            scores[f"wape/{name}"] = 100 * np.abs(off).sum() / np.abs(true).sum()
        names = ("mae", "median_ae", "rmse", "bias", "smape", "wape")
        means = {s: (scores[f"{s}/a"] + scores[f"{s}/b"]) / 2 for s in names}
        loss = np.mean([np.abs(off / UNITS[name][1]).mean() for name, off in errors.items()])
        for results in ranks:
            found = results[count]["test"]
            assert found == pytest.approx(scores | means | {"loss": loss}, rel=1e-6, abs=1e-12)
            assert found == ranks[0][count]["test"]
            assert results[count]["train"] == pytest.approx({"loss": loss, "mae": means["mae"]}, rel=1e-6)
