"""Made-up tasks from the command line to the folder of the run, and what is done with it afterwards."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch

from seqlab.data import Adding

TINY = (
    "trainer.max_epochs=1",
    "model.hidden_size=4",
    "data.train_samples=150",
    "data.val_samples=40",
    "data.test_samples=50",
    "logger=none",
    "verbosity=quiet",
)
WHOLE = (*TINY, "callbacks.figures=true", "task.baselines=true")
TASKS = {
    "adding": ("data.length=12", {"loss", "mse", "mae"}, {"mean", "median", "ridge"}, 50),
    "copy": ("data.length=3", None, {"majority"}, 500),
    "parity": ("data.test_length=60", None, {"majority", "char_ngrams"}, 50),
    "temporal_order": ("data.length=20", None, {"majority", "char_ngrams"}, 50),
}
CLASSES = {"loss", "accuracy", "precision_macro", "recall_macro", "f1_macro"}


def the_run() -> Path:
    (record,) = Path("out").rglob("run.json")
    return record.parent


@pytest.mark.product(2)
@pytest.mark.parametrize("name", TASKS)
def test_a_run_leaves_its_scores_beside_the_tasks_own_baselines(name, trained, command):
    setting, scores, baselines, answers = TASKS[name]
    run = trained(f"data={name}", setting, *WHOLE)
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "done"
    assert (record["data"]["name"], record["data"]["source"]) == (name, "generated")
    expected = {f"{stage}/{score}" for stage in ("val", "test") for score in scores or CLASSES}
    assert set(record["metrics"]) == expected
    assert set(record["baselines"]) == baselines
    for found in record["baselines"].values():
        assert set(found) < expected
    assert len(pd.read_csv(run / "predictions.csv")) == answers
    assert (run / "figures" / "loss.png").exists()
    # Generated anew, the data are the same, and so are the scores.
    code, shown, _ = command("eval", run, "--json")
    assert code == 0
    assert json.loads(shown) == pytest.approx(record["metrics"], rel=1e-4)


def test_the_test_table_of_adding_agrees_with_the_score(trained):
    run = trained("data=adding", "data.length=12", *WHOLE)
    found = pd.read_csv(run / "predictions.csv")
    record = json.loads((run / "run.json").read_text())
    error = ((found["true"] - found["predicted"]) ** 2).mean()
    assert record["metrics"]["test/mse"] == pytest.approx(error, rel=1e-5)


@pytest.mark.product(2)
@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("model.bidirectional=true",),
        pytest.param(("model=gru", "model.num_layers=2"), marks=pytest.mark.slow),
    ],
)
def test_copy_is_learnt_where_little_is_to_be_remembered(settings, train):
    tiny = [part for part in TINY if not part.startswith(("model", "trainer", "data.train"))]
    more = ("data.train_samples=2000", "trainer.max_epochs=4", "model.hidden_size=32", "model.dropout=0")
    assert (
        train("data=copy", "data.length=1", "data.recalled=1", *more, *tiny, "callbacks=none", *settings) == 0
    )
    record = json.loads((the_run() / "run.json").read_text())
    assert record["metrics"]["test/accuracy"] > 0.95


def test_a_run_on_parity_answers_strings_of_ones_own(trained, command):
    run = trained("data=parity", "data.test_length=60", *WHOLE)
    code, shown, _ = command("predict", run, "0110", "--json")
    assert code == 0
    (answer,) = json.loads(shown)
    assert set(answer["classes"]) == {"even", "odd"}


@pytest.mark.parametrize("name", ["adding", "copy"])
def test_what_cannot_be_asked_of_generated_data_is_refused_in_a_line(name, trained, command):
    run = trained(f"data={name}", TASKS[name][0], *WHOLE)
    for arguments in (("predict", run, "abc"), ("eval", run, "--root", ".")):
        code, _, said = command(*arguments)
        assert code == 2
        assert f"data={name} is generated" in said
        assert len(said.strip().splitlines()) == 1


def test_a_network_for_generated_features_is_exported(trained, command):
    run = trained("data=adding", *TASKS["adding"][:1], *WHOLE)
    assert command("export", run, "--to", "onnx", "--out", "adding.onnx")[0] == 0
    session = onnxruntime.InferenceSession("adding.onnx")
    data = Adding(length=12, test_samples=50).load().samples["test"]
    x = data.batch(torch.arange(50)).x
    given = {"features": x.double().numpy(), "lengths": data.lengths.numpy()}
    (answers,) = session.run(["value"], given)
    predicted = pd.read_csv(run / "predictions.csv")["predicted"]
    np.testing.assert_allclose(answers[:, 0], predicted, rtol=1e-5)
    code, _, said = command("predict", "adding.onnx", "1 2 3")
    assert (code, "data=adding is generated" in said) == (2, True)


def test_tags_are_not_exported_to_onnx(trained, command):
    run = trained("data=copy", TASKS["copy"][0], *WHOLE)
    code, _, said = command("export", run, "--to", "onnx")
    assert (code, "use --to safetensors" in said) == (2, True)
    assert command("export", run, "--to", "safetensors")[0] == 0


def test_the_report_ranks_runs_on_adding_by_their_squared_error(train, command):
    for cell in ("rnn", "gru"):
        settings = ("data=adding", "data.length=6", f"model={cell}", *TINY, "task.baselines=false")
        assert train(*settings, "callbacks=none") == 0
    code, shown, _ = command("report", "out", "--html", "page.html")
    assert code == 0
    errors = {
        json.loads(path.read_text())["cell"]: json.loads(path.read_text())["metrics"]["test/mse"]
        for path in Path("out").rglob("run.json")
    }
    best, second = sorted(errors, key=errors.get)
    assert "mean sq. error" in " ".join(shown.split())
    assert shown.index(f" {best} ") < shown.index(f" {second} ")
    assert "mean squared error" in Path("page.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("experiment", "score", "least", "most"),
    [
        ("adding_gru", "test/mse", 0.0, 0.01),
        ("adding_rnn", "test/mse", 0.15, 0.18),  # 1/6 is what guessing costs
        ("parity_lstm", "test/accuracy", 0.99, 1.0),
    ],
)
def test_a_preset_shows_what_its_cell_can_and_cannot(experiment, score, least, most, train):
    assert train(f"experiment={experiment}", "callbacks=none", "task.baselines=false", "verbosity=quiet") == 0
    record = json.loads((the_run() / "run.json").read_text())
    assert least <= record["metrics"][score] <= most
