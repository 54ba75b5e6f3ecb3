"""seqlab.load and seqlab.report: what a run tells in Python."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

import seqlab
from seqlab.api.frames import of_rows
from seqlab.errors import DataError, RunError

SCORES = {"val/accuracy": 0.7, "test/accuracy": 0.75, "test/f1_macro": 0.5}


@pytest.fixture
def leave(tmp_path: Path) -> Callable[..., Path]:
    """Return what leaves the folder of a run that is done."""

    def run(name: str, seed: int = 0, accuracy: float = 0.75) -> Path:
        folder = tmp_path / "out" / name
        folder.mkdir(parents=True)
        settings = {"seed": seed, "model": {"cell": "lstm", "hidden_size": 8}, "data": {"name": "names"}}
        (folder / "config.yaml").write_text(yaml.safe_dump(settings))
        record = {"status": "done", "name": "names-lstm", "cell": "lstm", "parameters": 1000, "seconds": 2.0}
        record |= {
            "data": {"name": "names", "source": "real"},
            "metrics": SCORES | {"test/accuracy": accuracy},
        }
        record |= {"baselines": {"majority": {"test/accuracy": 0.25}}}
        record |= {"task": {"scores": [], "monitor": "val/accuracy", "galleries": []}}
        (folder / "run.json").write_text(json.dumps(record))
        rows = [
            {"step": 0, "step/loss": 3.0},
            {"step": 3, "epoch": 0, "val/loss": 2.0},
            {"step": 3, "epoch": 0, "train/loss": 2.5},
            {"step": 7, "epoch": 1, "val/loss": 1.0},
            {"step": 8, "epoch": 2, "test/accuracy": 0.75},
        ]
        (folder / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return folder

    return run


def test_a_run_tells_its_scores_settings_and_curves(leave):
    folder = leave("first")
    run = seqlab.load(str(folder))
    assert run.metrics == SCORES
    assert (run.name, run.status, run.record["parameters"]) == ("names-lstm", "done", 1000)
    assert run.config["model"]["hidden_size"] == 8
    expected = pd.DataFrame({"val/loss": [2.0, 1.0], "train/loss": [2.5, None]}).rename_axis("epoch")
    pd.testing.assert_frame_equal(run.history, expected)
    assert repr(run) == f"Run('{folder}', done, test/accuracy 0.7500)"


def test_a_notebook_shows_the_scores_beside_the_baselines_and_runs_no_code(leave):
    file = leave("first") / "run.json"
    record = json.loads(file.read_text()) | {"name": "<script>", "baselines": {"<b>": {"test/accuracy": 0.5}}}
    file.write_text(json.dumps(record))
    page = seqlab.load(file.parent)._repr_html_()
    assert "<script>" not in page
    assert "<b>" not in page
    assert page.count("<tr") == 3
    assert "0.7500" in page


def test_runs_are_compared_as_a_table(leave):
    first, second = leave("first", seed=0, accuracy=0.75), leave("second", seed=1, accuracy=0.25)
    for runs in (first.parent, [seqlab.load(first), second]):
        table = seqlab.report(runs)
        assert table["n"].tolist()[:1] == [2]
        assert table["status"].tolist() == ["done", "baseline"]
    each = seqlab.report(str(first.parent), by_seed=False)
    assert each["seed"].tolist()[:2] == ["0", "1"]


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_what_is_no_run_is_an_error(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"is no folder of a run|run.json is missing"):
        seqlab.load(path)
    with pytest.raises(RunError, match="no run found below"):
        seqlab.report(path)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "a", "classes": ["x", "y"], "probabilities": [0.8, 0.2]},
         [{"text": "a", "class": "x", "probability": 0.8}, {"text": "a", "class": "y", "probability": 0.2}]),
        ({"text": "a", "labels": ["x"], "probabilities": {"x": 0.8, "y": 0.2}},
         [{"text": "a", "labels": ["x"], "x": 0.8, "y": 0.2}]),
        ({"series": "s", "time": "2026", "values": {"x": 1.5}}, [{"series": "s", "time": "2026", "x": 1.5}]),
        ({"tokens": ["a", "b"], "tags": ["O", "P"], "probabilities": [1.0, 0.5]},
         [{"token": "a", "tag": "O", "probability": 1.0}, {"token": "b", "tag": "P", "probability": 0.5}]),
        ({"text": "a", "value": 2.0}, [{"text": "a", "value": 2.0}]),
    ],
)  # fmt: skip
def test_predictions_are_rows_whatever_was_asked(row, expected):
    assert of_rows([row]).to_dict("records") == expected


@pytest.mark.slow
def test_a_run_predicts_what_the_command_predicts(trained, command):
    quick = ("trainer.max_epochs=1", "trainer.limit_train_batches=4", "engine=eager", "verbosity=quiet")
    folder = trained("data=names", "data.source=sample", "model=gru", "model.hidden_size=4", *quick)
    run = seqlab.load(folder)
    code, shown, _ = command("predict", folder, "Satoshi", "Smith", "--json", "--top", "2")
    assert code == 0
    expected = json.loads(shown)
    found = run.predict(["Satoshi", "Smith"], top=2)
    assert found["class"].tolist() == [name for row in expected for name in row["classes"]]
    assert found["probability"].tolist() == [value for row in expected for value in row["probabilities"]]
    assert run.predict("Satoshi")["class"].tolist() == expected[0]["classes"][:1]
    with pytest.raises(DataError, match="this network reads texts"):
        run.predict(pd.DataFrame({"text": ["Satoshi"]}))
