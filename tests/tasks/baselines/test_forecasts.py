"""The scores of baselines of forecasts: in the targets' units, chosen by name, and fitted once."""

import numpy as np
import pytest

from seqlab.tasks.baselines import names
from seqlab.tasks.baselines.bounds import scattered
from seqlab.tasks.baselines.forecasts import BASELINES
from seqlab.tasks.baselines.least_squares import ridge
from seqlab.tasks.baselines.names import FORECASTS
from seqlab.tasks.baselines.series import Baseline
from seqlab.tasks.forecasting import Forecasting

READ, ASKED = 24, 30


@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
def test_baselines_are_scored_in_the_targets_units_or_say_why_not(load, targets, table):
    frame = table()
    data = load(frame, targets=targets)
    task = Forecasting.of(data.spec.as_dict(), {})
    found = task.baselines(data, fitted=False)
    assert list(found) == ["persistence", "yesterday", "climatology"]
    assert found["climatology"] == "needs a year of training (365 days)"
    assert "ridge" in task.baselines(data, fitted=True)
    values = frame[list(data.spec.series.targets)].to_numpy()
    for split in ("val", "test"):
        errors = [
            values[start + READ - 1] - values[start + READ : start + READ + ASKED]
            for start in data.samples[split].starts.tolist()
        ]
        expected = np.array(errors).mean((0, 1))
        for place, target in enumerate(targets):
            name = f"{split}/bias" if len(targets) == 1 else f"{split}/bias/{target}"
            assert found["persistence"][name] == pytest.approx(expected[place], abs=1e-4)
            mae = name.replace("bias", "mae")
            assert found["persistence"][mae] == pytest.approx(np.abs(errors).mean((0, 1))[place], abs=1e-4)
        mean = np.abs(errors).mean((0, 1)).mean()
        assert found["persistence"][f"{split}/mae"] == pytest.approx(mean, abs=1e-4)


def test_baselines_are_chosen_by_name_and_all_names_are_known(load, table):
    data = load(table(400))
    assert tuple(BASELINES) == FORECASTS
    task = Forecasting.of(data.spec.as_dict(), {})
    assert list(task.baselines(data, fitted=True, names=("dlinear", "persistence"))) == [
        "dlinear",
        "persistence",
    ]


def test_a_library_that_is_not_installed_is_named_before_anything_is_read(command, monkeypatch):
    monkeypatch.setattr(names, "find_spec", lambda _package: None)
    said = (
        "seqlab: task.baselines=theta needs statsforecast, with pandas 2: pip install 'seqlab[statistics]'\n"
    )
    for asked in ("train", "backtest"):
        assert command(asked, "data=jena_climate", "task.baselines=[ridge,theta]") == (2, "", said)


def test_scores_say_how_many_windows_were_forecast_where_they_are_not_all(load, table, monkeypatch):
    monkeypatch.setitem(BASELINES, "ridge", Baseline(ridge, is_fitted=True, most=10))
    data = load(table(400))
    task = Forecasting.of(data.spec.as_dict(), {})
    found = task.baselines(data, fitted=True, names=("ridge", "persistence"))
    assert found["ridge"]["test/windows"] == 10
    assert "test/windows" not in found["persistence"]
    ids = scattered(len(data.samples["test"]), 10, "")
    chosen = data.samples["test"].subset(ids.numpy())
    errors = (ridge(data)("test", ids) - chosen.y.numpy()) * data.spec.series.scales[
        data.spec.series.places[0]
    ]
    assert found["ridge"]["test/mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)


def test_a_fitted_baseline_is_fitted_once_for_the_same_windows(load, table, monkeypatch):
    times = []

    def counted(data):
        times.append(data)
        return ridge(data)

    monkeypatch.setitem(BASELINES, "ridge", Baseline(counted, is_fitted=True))
    frame = table(400)

    def score(**settings) -> dict[str, float]:
        data = load(frame, **settings)
        return Forecasting.of(data.spec.as_dict(), {}).baselines(data, fitted=True, names=("ridge",))["ridge"]

    assert score() == score()
    assert len(times) == 1
    others = [score(horizon_days=1), score(val_share=0.2), score(limit_train_samples=50)]
    frame.loc[10, "p"] += 1
    others.append(score())
    assert len(times) == 5
    assert len({one["test/mae"] for one in others}) == 4


@pytest.mark.parametrize("name", ["ridge", "boosting"])
def test_what_is_known_ahead_is_read_at_the_step_that_it_tells_of(load, table, name):
    frame = table(600).assign(price=np.random.default_rng(1).random(600).round(1))
    frame["t"] = 3 * frame["price"]  # which nothing else tells ahead
    errors = []
    for known in ([], ["price"]):
        data = load(frame, known=known, horizon_days=3 / 24, calendar=False)
        forecasts = BASELINES[name].prepare(data)("test")
        errors.append(np.abs(forecasts - data.samples["test"].y.numpy()).mean())
    assert errors[0] > 0.8
    assert errors[1] < 0.1
