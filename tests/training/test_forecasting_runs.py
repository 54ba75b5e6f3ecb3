"""Forecasting from the command line to the folder of the run, and what is done with it afterwards."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from seqlab.tasks.baselines.names import USUAL

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


@pytest.fixture
def run(trained) -> Path:
    """Return a run of hours whose forecasts are in predictions.csv."""
    settings = ("callbacks=none", "callbacks.predictions=true", "task.baselines=false")
    return trained(*OWN, *settings, **{"mine.csv": series().to_csv(index=False)})


def test_baselines_that_are_not_asked_for_are_not_scored(run):
    assert not record_of(run)["baselines"]
    assert not record_of(run)["baselines_missing"]
    assert set(pd.read_csv(run / "errors_by_step.csv")["forecast"]) == {"model"}


def test_predict_goes_on_where_the_file_ends_as_the_runs_own_test_did(run, command):
    predictions = pd.read_csv(run / "predictions.csv")
    for after, rows in list(predictions.groupby("after"))[::30]:
        frame = series()
        frame[frame["time"] <= after.replace("T", " ")].to_csv("latest.csv", index=False)
        code, shown, complaint = command("predict", run, "--file", "latest.csv", "--json")
        assert (code, complaint) == (0, "")
        steps = json.loads(shown)
        expected = [str(pd.Timestamp(after) + pd.Timedelta(hours=ahead)) for ahead in rows["hours_ahead"]]
        assert [step["time"].replace("T", " ") for step in steps] == expected
        found = [step["values"]["load"] for step in steps]
        np.testing.assert_allclose(found, rows["predicted"], rtol=1e-5)


def test_predict_needs_no_more_than_what_the_model_reads(run, command):
    frame = series()
    frame.to_csv("whole.csv", index=False)
    frame[-24:].to_csv("short.csv", index=False)
    whole = command("predict", run, "--file", "whole.csv")
    assert whole[0] == 0
    assert command("predict", run, "--file", "short.csv") == whole
    header, *lines = whole[1].splitlines()
    assert header == "time\tload"
    assert [line.split("\t")[0] for line in lines] == [
        f"{time:%Y-%m-%dT%H:%M:%S}" for time in pd.date_range("2021-03-21 20:00", periods=12, freq="h")
    ]


def test_predict_reads_finer_rows_as_the_means_of_its_steps(run, command):
    fine = series(144 * 3, "10min")
    fine.to_csv("fine.csv", index=False)
    hours = fine.set_index(pd.to_datetime(fine["time"]))[["load", "sun"]].resample("h").mean()
    hours.to_csv("hours.csv")
    found = command("predict", run, "--file", "fine.csv", "--json")
    again = command("predict", run, "--file", "hours.csv", "--json")
    assert found[0] == again[0] == 0
    values = [[step["values"]["load"] for step in json.loads(shown)] for _, shown, _ in (found, again)]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5)
    assert json.loads(found[1])[0]["time"] == "2021-03-04T00:00:00"


def test_predict_passes_over_columns_and_rows_that_it_does_not_need(run, command):
    frame = series()
    expected = command("predict", run, "--file", "mine.csv")
    frame.loc[10:20, "sun"] = np.nan
    frame.assign(note="text").sample(frac=1, random_state=1).to_csv("odd.csv", index=False)
    code, shown, _ = command("predict", run, "--file", "odd.csv")
    assert (code, shown) == expected[:2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give its latest rows with --file"),
        (["text", "--file", "mine.csv"], "give its latest rows with --file"),
        (["--file", "missing.csv"], "missing.csv cannot be read"),
        (["--file", "short.csv"], "the last 24 steps of 60 minutes must have no gap"),
        (["--file", "gap.csv"], "the last 24 steps of 60 minutes must have no gap"),
        (["--file", "narrow.csv"], "no column 'sun'"),
        (["--file", "days.csv"], "1440 minutes apart"),
    ],
)
def test_predict_says_in_one_line_what_is_missing(run, command, arguments, words):
    frame = series()
    frame[:23].to_csv("short.csv", index=False)
    frame.drop(index=490).to_csv("gap.csv", index=False)
    frame.drop(columns="sun").to_csv("narrow.csv", index=False)
    frame[::24].to_csv("days.csv", index=False)
    code, shown, complaint = command("predict", run, *arguments)
    assert (code, shown) == (2, "")
    assert words in complaint
    *warnings, last = complaint.splitlines()
    assert last.startswith("seqlab: ")
    assert not any(line.startswith("seqlab: ") for line in warnings)


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


@pytest.fixture
def with_intervals(trained) -> Path:
    """Return a run whose quantiles are calibrated, with its predictions."""
    settings = ("callbacks=none", "callbacks.predictions=true", "task.baselines=false", "task.loss=quantiles")
    more = ("task.levels=[0.1,0.5,0.9]", "task.conformal=0.8")
    return trained(*OWN, *settings, *more, **{"mine.csv": series().to_csv(index=False)})


@pytest.mark.slow
def test_predict_prints_the_intervals_and_quantiles_of_the_runs_own_test(with_intervals, command):
    predictions = pd.read_csv(with_intervals / "predictions.csv")
    after, rows = list(predictions.groupby("after"))[7]
    frame = series()
    frame[frame["time"] <= after.replace("T", " ")].to_csv("latest.csv", index=False)
    asked = ("--file", "latest.csv", "--quantiles", "0.9,0.5")
    code, shown, complaint = command("predict", with_intervals, *asked, "--json")
    assert (code, complaint) == (0, "")
    steps = json.loads(shown)
    np.testing.assert_allclose([step["values"]["load"] for step in steps], rows["predicted"], rtol=1e-5)
    np.testing.assert_allclose(
        [step["interval"]["load"] for step in steps], rows[["lower", "upper"]], rtol=1e-5
    )
    assert [step["quantiles"]["load"]["0.5"] for step in steps] == [step["values"]["load"] for step in steps]
    code, table, _ = command("predict", with_intervals, *asked)
    assert table.splitlines()[0] == "time\tload\tload lower\tload upper\tload 0.9\tload 0.5"
    inside = (rows["lower"] <= rows["true"]) & (rows["true"] <= rows["upper"])
    assert 0 <= inside.mean() <= 1
    whole = (predictions["lower"] <= predictions["true"]) & (predictions["true"] <= predictions["upper"])
    assert record_of(with_intervals)["metrics"]["test/coverage"] == pytest.approx(whole.mean(), abs=1e-3)
    # The weights alone, and as ONNX, have the calibration too.
    for form, file in (("safetensors", "model.safetensors"), ("onnx", "model.onnx")):
        assert command("export", with_intervals, "--to", form)[0] == 0
        code, found, complaint = command("predict", with_intervals / file, *asked, "--json")
        assert (code, complaint) == (0, "")
        for step, other in zip(steps, json.loads(found), strict=True):
            assert other["time"] == step["time"]
            for key in ("interval", "quantiles", "values"):
                np.testing.assert_allclose(
                    np.ravel(list(flat(other[key]))), np.ravel(list(flat(step[key]))), rtol=1e-4
                )


def flat(value):
    """Yield the numbers in a value of JSON."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from flat(one)
    if isinstance(value, float):
        yield value


@pytest.mark.slow
def test_eval_and_resume_give_the_coverage_of_the_run_again(with_intervals, command, train):
    before = record_of(with_intervals)["metrics"]
    code, shown, complaint = command("eval", with_intervals, "--json")
    assert (code, complaint) == (0, "")
    assert json.loads(shown) == pytest.approx(before, rel=1e-5, abs=1e-6)
    assert train(f"resume={with_intervals}") == 0
    assert record_of(with_intervals)["metrics"] == before


@pytest.mark.parametrize("given", ["0.1,x", "", "1.5", "0"])
def test_levels_that_are_none_are_refused(run, command, given):
    code, _, complaint = command("predict", run, "--file", "mine.csv", f"--quantiles={given}")
    assert code == 2
    assert "give numbers between 0 and 1, such as 0.1,0.5,0.9" in complaint


def test_a_forecast_of_values_has_no_quantiles(run, command):
    code, _, complaint = command("predict", run, "--file", "mine.csv", "--quantiles", "0.5")
    assert code == 2
    assert "forecasts values without a distribution; train one with task.loss=quantiles" in complaint


@pytest.mark.slow
def test_a_level_that_was_not_learnt_is_refused(with_intervals, command):
    code, _, complaint = command("predict", with_intervals, "--file", "mine.csv", "--quantiles", "0.25")
    assert code == 2
    assert "the network forecasts 0.1, 0.5, 0.9, not 0.25" in complaint
