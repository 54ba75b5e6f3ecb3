"""Several series from the command line to the run's tables, and what is asked of the network afterwards."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

TINY = (
    *(
        "data=series_csv",
        "data.path=mine.csv",
        "data.time=date",
        "data.targets=[sales]",
        "data.series_id=store",
    ),
    *("data.input_steps=8", "data.horizon_steps=2", "trainer.max_epochs=1", "model.hidden_size=4"),
    *("logger=none", "verbosity=quiet", "task.baselines=false", "callbacks.figures=false"),
)
SCORES = ("mae", "median_ae", "rmse", "bias")


def stores() -> pd.DataFrame:
    random = np.random.default_rng(0)
    frames = [
        pd.DataFrame(
            {
                "store": name,
                "date": pd.date_range("2020-01-01", periods=count, freq="D").astype(str),
                "sales": random.normal(level, level / 10, count),
            }
        )
        for name, count, level in (("A", 120, 10), ("B", 150, 100_000))
    ]
    return pd.concat(frames)


@pytest.fixture(params=["all", "series"])
def run(request, trained) -> Path:
    """Return a run of two stores."""
    return trained(*TINY, f"data.scaling={request.param}", **{"mine.csv": stores().to_csv(index=False)})


def test_scores_are_by_series_and_over_all_in_the_units_of_the_file(run):
    predictions = pd.read_csv(run / "predictions.csv")
    assert predictions["series"].value_counts().to_dict() == {"A": 15 * 2, "B": 21 * 2}
    frame = stores().set_index(["store", "date"])["sales"]
    came = pd.to_datetime(predictions["after"]) + pd.to_timedelta(predictions.pop("hours_ahead"), unit="h")
    known = frame[list(zip(predictions["series"], came.dt.strftime("%Y-%m-%d"), strict=True))]
    np.testing.assert_allclose(predictions["true"], known, rtol=1e-4, atol=0.01)
    errors = predictions["predicted"] - predictions["true"]
    metrics = json.loads((run / "run.json").read_text())["metrics"]
    assert metrics["test/mae"] == pytest.approx(errors.abs().mean(), rel=1e-4)
    table = pd.read_csv(run / "errors_by_series.csv").set_index(["forecast", "series"])
    for name, off in errors.groupby(predictions["series"]):
        row = table.loc["model", name]
        expected = (off.abs().mean(), off.abs().median(), np.sqrt((off**2).mean()), off.mean())
        assert row[list(SCORES)].tolist() == pytest.approx(expected, rel=1e-3, abs=1e-2)
        assert row["windows"] == {"A": 15, "B": 21}[name]


def test_predict_answers_every_series_of_a_file_also_from_an_export(run, command):
    predictions = pd.read_csv(run / "predictions.csv")
    frame = stores()
    frame[frame["date"] <= "2020-04-20"].to_csv("latest.csv", index=False)
    code, shown, complaint = command("predict", run, "--file", "latest.csv", "--json")
    assert (code, complaint) == (0, "")
    rows = pd.DataFrame(json.loads(shown))
    assert rows["series"].tolist() == ["A", "A", "B", "B"]
    assert rows["time"].str[:10].tolist() == ["2020-04-21", "2020-04-22"] * 2
    expected = predictions[(predictions["series"] == "A") & (predictions["after"].str[:10] == "2020-04-20")]
    found = [values["sales"] for values in rows["values"][:2]]
    np.testing.assert_allclose(found, expected["predicted"], rtol=1e-4)
    assert all(50_000 < values["sales"] < 150_000 for values in rows["values"][2:])
    assert command("export", run, "--to", "safetensors", "--out", "net.safetensors")[0] == 0
    again = command("predict", "net.safetensors", "--file", "latest.csv", "--json")
    assert json.loads(again[1]) == json.loads(shown)
    assert command("predict", run, "--file", "latest.csv")[1].splitlines()[0] == "series\ttime\tsales"


def test_a_series_that_training_has_not_seen_needs_a_common_scale(run, command):
    is_own = "scaling: series" in (run / "config.yaml").read_text()
    stores().replace({"store": {"B": "Z"}}).to_csv("latest.csv", index=False)
    code, shown, complaint = command("predict", run, "--file", "latest.csv")
    assert (code, "series 'Z' was not in training" in complaint) == ((2, True) if is_own else (0, False))
    if not is_own:
        assert shown.count("Z\t") == 2


@pytest.mark.slow
def test_explain_follows_one_series_and_eval_gives_the_scores_again(run, command):
    stores().to_csv("latest.csv", index=False)
    code, _, complaint = command("explain", run, "--file", "latest.csv")
    assert (code, "latest.csv has 2 series; leave the rows of one" in complaint) == (2, True)
    stores()[:120].to_csv("latest.csv", index=False)
    assert command("explain", run, "--file", "latest.csv")[0] == 0
    code, shown, _ = command("eval", run, "--json")
    metrics = json.loads((run / "run.json").read_text())["metrics"]
    assert json.loads(shown) == pytest.approx(metrics, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
def test_series_with_vectors_of_their_own_are_told_apart_also_in_an_export(trained, command, suffix):
    """Two stores with the same last week but another next day: only their names tell which."""
    if suffix == ".onnx":
        pytest.importorskip("onnxruntime", reason="needs pip install 'seqlab[onnx]'")
    days = np.arange(150)
    frames = [
        pd.DataFrame(
            {
                "store": name,
                "date": pd.date_range("2020-01-01", periods=150).astype(str),
                "sales": np.where(days % 8 == 7, 50.0 + jump, 50.0 + days % 8),
            }
        )
        for name, jump in ((1, 40), (2, -40))
    ]
    table = pd.concat(frames)
    settings = ("data.static=[store]", "data.input_steps=7", "data.horizon_steps=1", "data.calendar=false")
    settings += ("trainer.max_epochs=60", "model.hidden_size=8", "optimizer.lr=0.02", "data.batch_size=32")
    run = trained(*TINY, *settings, **{"mine.csv": table.to_csv(index=False)})
    exported = f"net{suffix}"
    assert command("export", run, "--to", suffix[1:], "--out", exported)[0] == 0
    table.groupby("store").head(143).to_csv("latest.csv", index=False)
    for asked in (run, exported):
        code, shown, complaint = command("predict", asked, "--file", "latest.csv", "--json")
        assert (code, complaint) == (0, "")
        one, two = (row["values"]["sales"] for row in json.loads(shown))
        assert one == pytest.approx(90, abs=8)
        assert two == pytest.approx(10, abs=8)
    table.assign(store=table["store"] + 1).to_csv("latest.csv", index=False)
    code, shown, complaint = command("predict", run, "--file", "latest.csv", "--json")
    assert (code, len(json.loads(shown))) == (0, 2)
    assert "column 'store': training has not seen 3" in complaint


def test_predictions_are_bounded_evenly_and_said_to_be(train, caplog):
    stores().to_csv("mine.csv", index=False)
    assert train(*TINY, "callbacks.predictions=24") == 0
    (file,) = Path("out").rglob("predictions.csv")
    rows = pd.read_csv(file)
    assert len(rows) == 24
    assert rows.groupby(["series", "after"]).size().eq(2).all()
    assert rows["series"].value_counts().to_dict() == {"A": 10, "B": 14}
    assert (
        "predictions.csv has 24 of 72 rows, of 12 of 36 test samples" in (file.parent / "run.log").read_text()
    )
