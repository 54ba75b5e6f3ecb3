"""Models of single series: those of statsforecast on the same past, in an environment that has it."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from seqlab.data import SequenceData, Series
from seqlab.tasks.baselines import forecasts as forecasts_module
from seqlab.tasks.baselines.bounds import scattered
from seqlab.tasks.baselines.series import Baseline, UnavailableError
from seqlab.tasks.baselines.statistical import MOST_STEPS, auto_arima, ets, season_of, theta
from seqlab.tasks.forecasting import Forecasting

SMALL = {"input_steps": 20, "horizon_steps": 5, "calendar": False}


@pytest.fixture
def models():
    return pytest.importorskip("statsforecast.models", reason="needs pip install 'seqlab[statistics]'")


def panel(lengths=(300, 240), late=0, **settings) -> tuple[dict[str, np.ndarray], SequenceData]:
    """Return days of two shops, whose values are positive, and their windows; others begin so much later."""
    random = np.random.default_rng(3)
    shops = {}
    for shop, length in zip("abcd", lengths, strict=False):
        week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(length) / 7)
        shops[shop] = 50 * 10.0 ** (shop == "b") * week * random.lognormal(0, 0.05, length)
    first = pd.Timestamp("2024-01-01")
    frames = [
        pd.DataFrame({"day": pd.date_range(begin, periods=len(sold)), "shop": shop, "sold": sold})
        for (shop, sold), begin in zip(
            shops.items(), [first, first + pd.Timedelta(late, "D")] * 2, strict=False
        )
    ]
    usual = {"time": "day", "series_id": "shop", "targets": ["sold"]} | SMALL
    data = SequenceData(Series(path=pd.concat(frames), **(usual | settings)))
    data.setup()
    return shops, data


def series_data(values, **settings) -> SequenceData:
    data = SequenceData(Series(path={"x": values}, time=None, targets=["x"], **(SMALL | settings)))
    data.setup()
    return data


def in_units(data, scaled, series=0):
    settings = data.spec.series
    found = scaled * np.take(settings.scales, settings.places) + np.take(settings.means, settings.places)
    member = settings.members[series] if settings.members else None
    return found * member.scales[0] + member.means[0] if member and member.scales else found


@pytest.mark.filterwarnings("ignore:possible convergence problem")
@pytest.mark.parametrize("targets", [["t"], ["p", "t"]])
@pytest.mark.parametrize("name", ["ets", "theta", "auto_arima"])
def test_each_is_the_one_of_statsforecast_on_the_same_past(load, table, models, name, targets):
    frame = table(600, step="D")
    data = load(frame, targets=targets, input_days=10, horizon_days=3)
    samples = data.samples["test"]
    ids = torch.tensor([0, 7, len(samples) - 1])
    found = in_units(data, {"ets": ets, "theta": theta, "auto_arima": auto_arima}[name](data)("test", ids))
    end = int(data.samples["train"].starts[-1]) + 10 + 3
    for place, target in enumerate(targets):
        values = frame[target].to_numpy()
        train, begin = values[:end], max(end - MOST_STEPS, 0)
        pasts = [values[: int(samples.starts[row]) + 10] for row in ids]
        if name == "ets":
            model = models.AutoETS(7, "ZZZ" if train.min() > 0 else "AZZ").fit(train[begin:])
            expected = [model.forward(past[begin:], 3)["mean"] for past in pasts]
        elif name == "theta":
            model = models.Theta(7, "multiplicative" if train.min() > 0 else "additive")
            expected = [model.forecast(past[-MOST_STEPS:], 3)["mean"] for past in pasts]
        else:
            model = models.AutoARIMA(season_length=7, approximation=True).fit(train[begin:])
            expected = [model.forward(past[-MOST_STEPS:], 3)["mean"] for past in pasts]
        np.testing.assert_allclose(found[:, :, place], expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("scaling", ["all", "series"])
def test_each_series_has_a_model_of_its_own_in_its_units(models, scaling):
    shops, data = panel((605, 240), scaling=scaling)  # a model of the first begins on another day of the week
    found = ets(data)("test")
    row = 0
    for number, sold in enumerate(shops.values()):
        windows = data.spec.series.members[number].windows[2]
        trained = data.samples["train"].starts.numpy()
        first = number * len(shops["a"])  # of the series on the grid
        mine = trained[(trained >= first) & (trained < first + len(sold))]
        end = mine.max() - first + 25
        begin = max(end - MOST_STEPS, 0)
        model = models.AutoETS(7).fit(sold[begin:end])
        for start in data.samples["test"].starts.numpy()[row : row + windows] - first:
            expected = model.forward(sold[begin : start + 20], 5)["mean"]
            np.testing.assert_allclose(
                in_units(data, found[row], number)[:, 0], expected, rtol=3e-3
            )  # of float32
            row += 1
    assert row == len(found)


def test_what_comes_after_an_origin_changes_no_forecast_of_it(models):
    values = np.sin(np.arange(200) / 3) + np.random.default_rng(0).normal(0, 0.1, 200)
    changed = values.copy()
    changed[183:] += 5  # the first three origins are 180 to 182
    early = slice(0, 3)
    for method in (ets, theta, auto_arima):
        before, after = (method(series_data(one))("test")[early] for one in (values, changed))
        np.testing.assert_array_equal(before, after)


def test_gaps_are_bridged_by_straight_lines(models, load, table):
    frame = table(400, step="D")
    there = np.r_[:150, 153:400]
    bridged = np.interp(np.arange(400), there, frame["t"].to_numpy()[there])
    data = load(frame.iloc[there], input_days=10, horizon_days=3)
    starts = data.samples["test"].starts.numpy()[:3]
    expected = [
        models.Theta(7, "additive").forecast(bridged[: start + 10][-MOST_STEPS:], 3)["mean"]
        for start in starts
    ]
    found = in_units(data, theta(data)("test", torch.arange(3)))
    np.testing.assert_allclose(found[:, :, 0], expected, atol=1e-3)


def test_constants_and_short_series_have_an_answer(models):
    values = np.r_[np.random.default_rng(2).normal(size=60), np.full(140, 3.0)]
    data = series_data(values)
    for method in (ets, theta, auto_arima):
        forecast = method(data)("test")
        assert np.isfinite(forecast).all()
        np.testing.assert_allclose(in_units(data, forecast), 3, atol=0.3)


DATED = {"late": 230, "val_start": "2024-08-20", "test_start": "2024-09-20"}


@pytest.mark.parametrize("scaling", ["all", "series"])
def test_a_series_that_begins_late_has_a_model_of_what_comes_before_its_first_forecast(
    models, caplog, scaling
):
    caplog.set_level("INFO")
    shops, data = panel((300, 70, 300, 22), **DATED, scaling=scaling)
    whole, late = (208, 27, 33), (0, 9, 33)
    assert [member.windows for member in data.spec.series.members] == [whole, late, whole, (0, 0, 0)]
    found = ets(data)("val")
    assert np.isfinite(found).all()
    assert "baseline ets: 1 of 4 series have fewer than 12 steps of training;" in caplog.text
    model = models.AutoETS(7).fit(shops["b"][:20])
    expected = [model.forward(shops["b"][: 20 + row], 5)["mean"] for row in range(9)]
    np.testing.assert_allclose(in_units(data, found[27:36], 1)[:, :, 0], expected, rtol=3e-3)


def test_a_series_of_whose_past_too_little_is_known_is_named(models):
    _, data = panel((300, 70), **DATED, input_steps=8)
    said = "series 'b' has 8 steps before its first forecast, and 12 are needed; raise data.input_steps, or "
    for method in (ets, theta, auto_arima):
        with pytest.raises(UnavailableError, match=said):
            method(data)


def test_series_of_which_none_is_in_training_have_models(models):
    _, data = panel([100] * 4, split="series", val_share=0.25, test_share=0.25)
    assert np.isfinite(ets(data)("test")).all()


def test_scores_say_how_many_windows_were_forecast(models, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setitem(forecasts_module.BASELINES, "theta", Baseline(theta, is_fitted=True, most=10))
    values = np.random.default_rng(5).normal(size=400)
    data = series_data(values)
    task = Forecasting.of(data.spec.as_dict(), {})
    found = task.baselines(data, fitted=True, names=("theta", "persistence"))
    assert found["theta"]["test/windows"] == found["theta"]["val/windows"] == 10
    assert "test/windows" not in found["persistence"]
    count = len(data.samples["test"])
    ids = scattered(count, 10, "")
    starts = data.samples["test"].starts.numpy()[ids]
    expected = [
        models.Theta(1, "additive").forecast(values[: start + 20][-MOST_STEPS:], 5)["mean"]
        for start in starts
    ]
    targets = [values[start + 20 : start + 25] for start in starts]
    assert found["theta"]["test/mae"] == pytest.approx(
        np.abs(np.subtract(expected, targets)).mean(), rel=1e-4
    )
    assert f"baseline theta forecasts in 'test' 10 of {count} samples" in caplog.text


def test_a_run_is_scored_beside_them(models, command, tmp_path):
    frame = pd.DataFrame({"x": np.random.default_rng(6).normal(size=300).round(3)})
    frame.to_csv(tmp_path / "x.csv", index=False)
    of_file = ["data=series_csv", f"data.path={tmp_path / 'x.csv'}", "data.time=null", "data.targets=[x]"]
    short = ["trainer.max_epochs=1", "model.hidden_size=4", "callbacks.figures=false"]
    asked = ["task.baselines=[theta,ets]", f"paths.output_dir={tmp_path}"]
    code, shown, complaint = command("train", *of_file, *short, *asked)
    assert code == 0, complaint
    record = json.loads(next(tmp_path.glob("**/run.json")).read_text())
    assert list(record["baselines"]) == ["theta", "ets"]
    assert "theta" in shown


def test_a_season_is_a_day_a_week_or_a_year(load, table):
    hourly = load(table(300))
    assert season_of(hourly.spec.series) == 24
    assert season_of(panel()[1].spec.series) == 7
    assert season_of(series_data(np.arange(200.0)).spec.series) == 1
    with pytest.raises(UnavailableError, match="a season has 96 steps, and 24 are the most"):
        auto_arima(load(table(1200, step="15min")))
