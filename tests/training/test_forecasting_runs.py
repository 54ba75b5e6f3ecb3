"""Forecasting from the command line to the folder of the run."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from seqlab.tasks.baselines.names import USUAL

from .forecasts import OWN, PLAIN, SCORES, TINY, WHOLE, record_of, scores_of, series, the_run


def test_a_run_leaves_scores_tables_and_figures_that_agree(train, capsys):
    frame = series()
    frame.to_csv("mine.csv", index=False)
    assert train(*OWN, *WHOLE) == 0
    run = the_run()
    record = record_of(run)
    assert record["status"] == "done"
    assert (record["data"]["name"], record["data"]["source"]) == ("series_csv", "real")
    metrics = record["metrics"]
    names = ("loss", *SCORES, "mase", "smape", "wape")
    assert set(metrics) == {f"{stage}/{name}" for stage in ("val", "test") for name in names}
    # The test: the last 100 hours, whose windows read 24 and ask for 12.
    predictions = pd.read_csv(run / "predictions.csv")
    assert len(predictions) == 65 * 12
    assert {name: metrics[f"test/{name}"] for name in SCORES} == pytest.approx(
        scores_of(predictions), rel=1e-3
    )
    known = frame.set_index("time")["load"]
    after = pd.to_datetime(predictions["after"])
    came = after + pd.to_timedelta(predictions["hours_ahead"], unit="h")
    np.testing.assert_allclose(predictions["true"], known[came.astype(str)], rtol=1e-5)
    assert list(after.unique().astype(str)) == list(frame["time"][423:488])
    # The loss is the error in standard deviations of the training part.
    scale = frame["load"][:350].std(ddof=0)
    assert metrics["test/loss"] == pytest.approx(metrics["test/mae"] / scale, rel=1e-4)
    # Scaled by the error of the same hour of the day before, in the training part.
    train_part = frame["load"][:350].to_numpy()
    naive = np.abs(train_part[24:] - train_part[:-24]).mean()
    assert metrics["test/mase"] == pytest.approx(metrics["test/mae"] / naive, rel=1e-6)
    # Step by step, and on average the same.
    steps = pd.read_csv(run / "errors_by_step.csv")
    assert set(steps["forecast"]) == {"model", "persistence", "yesterday", "ridge", "nlinear", "dlinear"}
    assert set(steps["hours_ahead"]) == set(range(1, 13))
    for ahead, rows in predictions.groupby("hours_ahead"):
        row = steps[(steps["forecast"] == "model") & (steps["hours_ahead"] == ahead)].iloc[0]
        assert {name: row[name] for name in SCORES} == pytest.approx(scores_of(rows), rel=2e-3, abs=1e-4)
    for name, found in {"model": metrics, **record["baselines"]}.items():
        rows = steps[steps["forecast"] == name]
        assert rows["mae"].mean() == pytest.approx(found["test/mae"], rel=1e-4)
        assert np.sqrt((rows["rmse"] ** 2).mean()) == pytest.approx(found["test/rmse"], rel=1e-4)
    assert record["baselines_missing"] == {"climatology": "needs a year of training (365 days)"}
    figures = {file.stem for file in (run / "figures").iterdir()}
    assert figures == {"loss", "mae", "error_by_horizon", "forecasts", "errors"}
    # Best weights are those of the least error in validation.
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert any(line.get("val/mae") == pytest.approx(metrics["val/mae"], rel=1e-5) for line in lines)
    shown = capsys.readouterr().out
    assert "test/median_ae" in shown
    assert "needs a year of training" in shown


@pytest.mark.product(2)
@pytest.mark.parametrize(
    "settings",
    [("task.loss=mse", "task.residual=none"), ("task.residual=persistence",), ("task.loss=student_t",)],
)
def test_eval_gives_the_scores_of_the_run_again(train, command, settings):
    series().to_csv("mine.csv", index=False)
    assert train(*OWN, *PLAIN, *settings) == 0
    code, shown, complaint = command("eval", the_run(), "--json")
    assert (code, complaint) == (0, "")
    assert json.loads(shown) == pytest.approx(record_of(the_run())["metrics"], rel=1e-5, abs=1e-6)


def test_eval_finds_a_file_that_has_moved_and_refuses_another(train, command, tmp_path):
    series().to_csv("mine.csv", index=False)
    assert train(*OWN, *PLAIN) == 0
    Path("mine.csv").rename("moved.csv")
    code, shown, _ = command("eval", the_run(), "--root", tmp_path / "moved.csv", "--json")
    assert code == 0
    assert json.loads(shown) == pytest.approx(record_of(the_run())["metrics"], rel=1e-5, abs=1e-6)
    frame = series()
    frame.loc[0, "load"] += 1
    frame.to_csv("other.csv", index=False)
    code, _, complaint = command("eval", the_run(), "--root", tmp_path / "other.csv")
    assert code == 2
    assert "differs from the data of" in complaint


@pytest.mark.slow
def test_several_targets_are_scored_and_forecast_apart(train, command):
    series().to_csv("mine.csv", index=False)
    arguments = [argument.replace("[load]", "[sun,load]") for argument in OWN]
    assert train(*arguments, *WHOLE) == 0
    run = the_run()
    metrics = record_of(run)["metrics"]
    predictions = pd.read_csv(run / "predictions.csv")
    for target, rows in predictions.groupby("target"):
        found = {name: metrics[f"test/{name}/{target}"] for name in SCORES}
        assert found == pytest.approx(scores_of(rows), rel=2e-3, abs=1e-5)
    assert metrics["test/mae"] == pytest.approx((metrics["test/mae/sun"] + metrics["test/mae/load"]) / 2)
    assert metrics["test/mae/load"] > 3 * metrics["test/mae/sun"]
    kinds = ("error_by_horizon", "forecasts", "errors")
    figures = {file.stem for file in (run / "figures").iterdir()}
    assert figures == {"loss", "mae", *(f"{kind}_{place}" for kind in kinds for place in (1, 2))}
    steps = pd.read_csv(run / "errors_by_step.csv")
    forecasts = ("model", "persistence", "yesterday", "ridge", "nlinear", "dlinear")
    assert len(steps) == len(forecasts) * 2 * 12
    code, shown, _ = command("predict", run, "--file", "mine.csv")
    assert code == 0
    assert shown.splitlines()[0] == "time\tsun\tload"
    code, shown, _ = command("eval", run, "--json")
    assert json.loads(shown) == pytest.approx(metrics, rel=1e-5, abs=1e-6)


def test_targets_far_from_zero_lose_nothing_on_their_way_to_the_tables(train, command):
    frame = series()
    frame["load"] = frame["load"] / 10 + 1e6
    frame.to_csv("mine.csv", index=False)
    assert train(*OWN, "callbacks=none", "callbacks.predictions=true", "task.baselines=true") == 0
    metrics = record_of(the_run())["metrics"]
    predictions = pd.read_csv(the_run() / "predictions.csv")
    assert {name: metrics[f"test/{name}"] for name in SCORES} == pytest.approx(
        scores_of(predictions), rel=1e-2, abs=1e-3
    )
    persistence = record_of(the_run())["baselines"]["persistence"]
    truth = frame["load"].to_numpy()
    errors = [truth[at + 23] - truth[at + 24 : at + 36] for at in range(400, 465)]
    assert persistence["test/mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-4)
    _, shown, _ = command("predict", the_run(), "--file", "mine.csv", "--json")
    values = [step["values"]["load"] for step in json.loads(shown)]
    assert np.ptp(values) > 0
    assert all(abs(value - 1e6 - 5) < 5 for value in values)
    _, shown, _ = command("predict", the_run(), "--file", "mine.csv")
    printed = [float(line.split("\t")[1]) for line in shown.splitlines()[1:]]
    np.testing.assert_allclose(printed, values, atol=0.5, rtol=0)


@pytest.mark.slow
def test_the_sample_of_the_weather_is_marked_as_one(train, command):
    settings = ("data=jena_climate", "data.limit_train_samples=200", *TINY)
    assert train(*settings, "task.baselines=true", "callbacks.predictions=false") == 0
    record = record_of(the_run())
    assert record["data"]["source"] == "sample"
    assert list(record["baselines"]) == list(USUAL)
    assert record["data"]["sizes"]["train"] == 200
    assert record["data"]["series"]["step_minutes"] == 60
    metrics = record["metrics"]
    assert {f"test/{name}" for name in SCORES} < set(metrics)
    assert all(np.isfinite(value) for value in metrics.values())
    assert metrics["test/median_ae"] < metrics["test/mae"] < metrics["test/rmse"]
    code, shown, _ = command("eval", the_run(), "--json")
    assert code == 0
    assert json.loads(shown) == pytest.approx(metrics, rel=1e-5, abs=1e-6)
    code, shown, _ = command("report", "out")
    assert code == 0
    assert "T (degC): 1 run " in shown
    assert re.search(r"mean abs\. error +median abs\. error +RMSE +bias", " ".join(shown.split()))
    names = [line.split()[1] for line in shown.splitlines() if line.strip().startswith("baseline:")]
    assert names == list(USUAL)


def test_six_columns_of_hours_with_iso_times_in_a_zip_are_weather_too(train, command):
    random = np.random.default_rng(0)
    names = ("p (mbar)", "T (degC)", "rh (%)", "rho (g/m**3)", "wv (m/s)", "wd (deg)")
    frame = pd.DataFrame({name: random.normal(10, 2, 500).round(2) for name in names})
    frame.insert(0, "Date Time", pd.date_range("2012-01-01", periods=500, freq="h").astype(str))
    frame.loc[3, "wv (m/s)"] = -9999
    Path("folder").mkdir()
    with zipfile.ZipFile("folder/jena_climate_hours.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("jena_climate_hours.csv", frame.to_csv(index=False))
    assert train("data=jena_climate", "data.root=folder", *TINY, *PLAIN) == 0
    record = record_of(the_run())
    assert record["data"]["source"] == "real"
    assert record["data"]["series"]["columns"] == [
        *names[:5],
        "wind north (m/s)",
        "wind east (m/s)",
        "sin of day",
        "cos of day",
    ]
    assert record["data"]["sizes"] == {"train": 350 - 35 - 4, "val": 50 - 35, "test": 100 - 35}
    frame.to_csv("latest.csv", index=False)
    code, shown, _ = command("predict", the_run(), "--file", "latest.csv")
    assert code == 0
    assert shown.splitlines()[:1] == ["time\tT (degC)"]
    assert shown.splitlines()[1].startswith("2012-01-21T20:00:00\t")
    assert "-9999" not in shown
    code, shown, _ = command("eval", the_run(), "--json")
    assert json.loads(shown) == pytest.approx(record["metrics"], rel=1e-5, abs=1e-6)


def test_a_report_puts_the_least_error_first_and_asks_each_question_apart(tmp_path, command):
    def write(name: str, mae: float, targets: list[str], loss: str) -> None:
        folder = tmp_path / name / "2026-01-01_00-00-00-abcdef"
        folder.mkdir(parents=True)
        settings = {
            "data": {"name": "series_csv", "targets": targets},
            "task": {"name": "forecasting", "loss": loss},
            "seed": 0,
        }
        (folder / "config.yaml").write_text(yaml.safe_dump(settings))
        record = {"name": name, "cell": "lstm", "status": "done", "parameters": 10, "seconds": 1.0}
        record |= {"engine": "torch", "data": {"name": "series_csv", "source": "real"}}
        record |= {
            "metrics": {"test/mae": mae, "test/median_ae": mae / 2, "test/rmse": mae * 2, "test/bias": -mae}
        }
        record |= {"baselines": {"persistence": {"test/mae": 9.0}}}
        (folder / "run.json").write_text(json.dumps(record))

    write("worse", 2.5, ["a"], "mae")
    write("other", 0.5, ["b"], "mae")
    write("better", 1.5, ["a"], "mse")
    code, shown, _ = command("report", tmp_path)
    assert code == 0
    first, second = re.split(r"(?=series_csv \(real\): [ab])", shown)[1:]
    if "other" in first:
        first, second = second, first
    assert "series_csv (real): a: 2 runs" in first
    assert "series_csv (real): b: 1 run " in second
    rows = [line.split() for line in first.splitlines() if line.strip()]
    names = [row[0].split("/")[0] for row in rows]
    assert [name for name in names if name in ("worse", "better", "baseline:")] == [
        "better",
        "worse",
        "baseline:",
    ]
    (better,) = (row for row in rows if row[0] == "better")
    assert better[2:7] == ["mse", "1.5000", "0.7500", "3.0000", "-1.5000"]


@pytest.mark.product(3)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["task=classification"], "task=classification does not suit data=series_csv"),
        (["task.loss=hinge"], "task.loss"),
        (["task.residual=season"], "task.residual"),
        (["data.targets=[]"], "data.targets"),
        (["data.targets=[laod]"], "did you mean 'load'"),
        (["data.targets=[time]"], "'time'"),
        (["data.input_days=0"], "data.input_days"),
        (["data.horizon_days=30"], "(24 to read, 720 to forecast) in a row; lower data.input_days"),
        (["data.val_share=0.5", "data.test_share=0.5"], "val_share + test_share is 1"),
        (["callbacks.score_balanced=true"], "callbacks.score_balanced"),
        (["model.encoder=embedding"], "model.encoder=embedding does not read features"),
    ],
)
def test_mistakes_are_answered_before_anything_is_left(train, capsys, settings, words):
    series().to_csv("mine.csv", index=False)
    assert train(*OWN, *settings) == 2
    complaint = capsys.readouterr().err
    assert words in complaint
    assert "Traceback" not in complaint
    assert not list(Path("out").glob("*"))
