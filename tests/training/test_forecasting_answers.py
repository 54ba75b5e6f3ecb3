"""What is asked of the runs of forecasters: values, intervals, quantiles."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .forecasts import OWN, record_of, series


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
