"""scripts/compare_panel.py: the panel is what its text says, ratios are paired, and a missed goal is told."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("compare_panel")


def test_the_panel_is_what_the_text_says(script):
    panel = script.Panel.made(0)
    assert panel.sold.shape == panel.holidays.shape == (200, 500)
    logs = np.log(panel.sold)
    levels = np.exp(np.median(logs, 1))
    assert levels.min() < 1.5
    assert 700 < levels.max() < 1400
    assert panel.holidays.mean() == pytest.approx(0.05, abs=0.003)
    # A regression on the days of the week and the holidays finds both, and the noise is what is left.
    days = np.eye(7)[np.arange(500) % 7]
    fitted = [
        np.linalg.lstsq(np.column_stack([days, holidays]), values, rcond=None)
        for values, holidays in zip(logs, panel.holidays, strict=True)
    ]
    halved = np.exp([coefficients[7] for coefficients, *_ in fitted])
    assert halved.mean() == pytest.approx(0.5, abs=0.01)
    assert np.sqrt(np.mean([squares for _, squares, *_ in fitted]) / 492) == pytest.approx(0.1, abs=0.002)
    amplitudes = [np.polyfit(script.WEEK, coefficients[:7], 1)[0] for coefficients, *_ in fitted]
    assert 0.4 < min(amplitudes) < 0.6
    assert 1.4 < max(amplitudes) < 1.6


def test_a_ratio_is_paired_by_series(script):
    random = np.random.default_rng(0)
    second = pd.Series(random.lognormal(0, 1, 50), index=np.arange(50))
    first = 0.8 * second.loc[::-1]
    assert script.ratio(first, second, random) == pytest.approx((0.8, 0.8, 0.8))
    value, low, high = script.ratio(first * random.uniform(0.9, 1.1, 50), second, random)
    assert low < value < high
    assert high - low < 0.1


@pytest.mark.parametrize(("of_others", "code"), [((1.2, 3.0), 0), ((1.05, 3.0), 1), ((1.2, 1.9), 1)])
def test_a_missed_goal_is_the_exit_code(script, monkeypatch, capsys, of_others, code):
    local, past = of_others

    def errors(_panel, chosen, _settings, *, known):
        error = local if len(chosen) == 1 else 1.0 if known else past
        return pd.DataFrame(
            {"series": np.repeat(chosen, 2), "is_holiday": [True, False] * len(chosen), "error": error}
        )

    monkeypatch.setattr(script, "errors_of", errors)
    assert script.main(["--local", "3", "--check"]) == code
    assert script.main(["--local", "3"]) == 0
    assert f"| {1 / local:.3f} ({1 / local:.3f} to {1 / local:.3f}) |" in capsys.readouterr().out


@pytest.mark.slow
def test_a_network_is_scored_in_units_of_the_naive_change(script, monkeypatch, tmp_path):
    panel = script.Panel.made(0)
    monkeypatch.setattr(script, "NETWORK", ["model=gru", "model.hidden_size=2"])
    common = [f"paths.output_dir={tmp_path}", "trainer.max_epochs=1"]
    found = script.errors_of(panel, np.array([3, 7]), common, known=True)
    record = next(tmp_path.glob("**/run.json"))
    metrics = pd.read_json(record, typ="series")["metrics"]
    assert found["error"].mean() == pytest.approx(metrics["test/mase"], rel=1e-3)
