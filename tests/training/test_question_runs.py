"""Runs of one's own texts that are asked for other things than a class, from the command line."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error

QUICK = (
    "data=text_csv",
    "model=gru",
    "model.hidden_size=4",
    "trainer.max_epochs=1",
    "logger=none",
    "engine=eager",
    "verbosity=quiet",
)


def record(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


RATINGS = "text,score\n" + "".join(
    f"{'good ' * (n % 5)}review {n},{50 + 10 * (n % 5) + n / 8}\n" for n in range(80)
)


@pytest.fixture
def rated(trained) -> Path:
    """A run of ratings: a number for each text."""
    settings = ("data.path=ratings.csv", "data.label=score", "task=regression")
    return trained(*QUICK, *settings, **{"ratings.csv": RATINGS})


def test_a_number_of_each_text_is_scored_in_its_own_units(rated):
    table, given = pd.read_csv(rated / "predictions.csv"), pd.read_csv("ratings.csv").set_index("text")
    assert table.true.tolist() == given.score[table.text].tolist()
    metrics, baselines = record(rated)["metrics"], record(rated)["baselines"]
    assert metrics["test/mae"] == pytest.approx(mean_absolute_error(table.true, table.predicted), rel=1e-5)
    assert metrics["test/mse"] == pytest.approx(mean_squared_error(table.true, table.predicted), rel=1e-5)
    assert set(baselines) == {"mean", "median", "char_ngrams"}
    assert all(math.isfinite(found["test/mae"]) for found in baselines.values())
    # A network that has learnt nothing answers the mean, not 0.
    assert metrics["test/mae"] < 2 * baselines["mean"]["test/mae"]
    assert {"loss.png", "mae.png", "predictions.png"} <= {file.name for file in (rated / "figures").iterdir()}


def test_a_run_and_its_exports_predict_the_numbers_of_the_table(rated, command):
    table = pd.read_csv(rated / "predictions.csv")
    answers = []
    for network in (rated, "net.onnx", "net.safetensors"):
        if network != rated:
            assert command("export", rated, "--to", network.partition(".")[2], "--out", network)[0] == 0
        code, shown, _ = command("predict", network, *table.text)
        assert code == 0
        answers.append([float(line.rpartition("\t")[2]) for line in shown.splitlines()])
    assert answers == [pytest.approx(table.predicted.tolist(), rel=1e-5)] * 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ["data=names", "task=regression"],
            "task=regression does not suit data=names; use task=classification",
        ),
        (
            ["data.label=score", "task=tagging"],
            "use task=classification or task=regression or task=multilabel",
        ),
        (["data.label=score"], "column 'score' has 80 classes in 80 texts (is data.label the right column?)"),
        (["data.label=text", "task=regression"], "data.text and data.label are both 'text'"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_a_line(settings, said, train, capfd):
    Path("ratings.csv").write_text(RATINGS)
    assert train(*QUICK, "data.path=ratings.csv", *settings) == 2
    assert said in capfd.readouterr().err
