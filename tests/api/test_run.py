"""seqlab.load and seqlab.report: what a run tells in Python."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

import seqlab
from seqlab.api.frames import of_rows
from seqlab.errors import ConfigError, DataError, ExportError, RunError

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


def test_a_run_in_two_spellings_is_one_run(leave, tmp_path, monkeypatch):
    first, second = leave("first"), leave("second", seed=1)
    monkeypatch.chdir(first.parent)
    near = seqlab.load("first")
    assert near.path == first  # also in another working directory
    (tmp_path / "link").symlink_to(first)
    for runs in (
        [near, tmp_path / "link", second],
        ["first", second],
        ["second", Path("../out/first"), near],
    ):
        assert seqlab.report(runs)["n"].tolist()[:1] == [2]


@pytest.mark.parametrize(
    ("runs", "kind", "message"),
    [
        ([], RunError, "there is no run to compare: the list is empty"),
        (None, ConfigError, "seqlab.report compares runs and folders, not a NoneType"),
        ([Path("out"), 3], ConfigError, "seqlab.report compares runs and folders, not a int"),
    ],
)
def test_what_cannot_be_compared_is_an_error(runs, kind, message):
    with pytest.raises(kind, match=message):
        seqlab.report(runs)


def test_a_run_can_be_loaded_again_and_pickled(leave):
    run = seqlab.load(leave("first"), "last")
    run._loaded = lambda: "what cannot be pickled"
    copy = pickle.loads(pickle.dumps(run))
    assert (copy.path, copy.checkpoint, copy.metrics) == (run.path, "last", SCORES)
    file = run.path / "run.json"
    file.write_text(file.read_text().replace('"done"', '"failed"'))
    assert (run.status, seqlab.load(run).status) == ("done", "failed")


@pytest.mark.parametrize("top", [0, -1])
def test_one_class_is_the_least_to_predict(leave, top):
    with pytest.raises(ConfigError, match=f"top must be 1 or more, got {top}"):
        seqlab.load(leave("first")).predict("Satoshi", top=top)


def test_a_run_without_a_name_or_an_end_says_so(leave):
    file = leave("first") / "run.json"
    record = json.loads(file.read_text()) | {"status": "running", "pid": 1}
    del record["name"]
    file.write_text(json.dumps(record))
    run = seqlab.load(file.parent)
    assert (run.name, run.status) == ("out", "died")


def test_a_file_that_is_missing_or_asked_for_a_checkpoint_is_an_error(tmp_path):
    with pytest.raises(ExportError, match="does not exist"):
        seqlab.load(tmp_path / "missing.onnx")
    (tmp_path / "there.onnx").touch()
    with pytest.raises(ConfigError, match="checkpoint='last' is for run folders"):
        seqlab.load(tmp_path / "there.onnx", checkpoint="last")


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_what_is_no_run_is_an_error(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=r"not a run folder: it has no run.json; name a folder below outputs/"):
        seqlab.load(path)
    with pytest.raises(RunError, match="no run found below"):
        seqlab.report(path)


def test_a_folder_of_runs_is_no_run_and_the_latest_is_named(tmp_path):
    for name in ("2026-01-01", "2026-01-02"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").touch()
    with pytest.raises(RunError, match=rf"did you mean {tmp_path}/2026-01-02\?"):
        seqlab.load(tmp_path)


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
        ({"time": "2026", "values": {"x": 1.5, "y": 2.5}, "interval": {"x": [1.0, 2.0], "y": [2.0, 3.0]}},
         [{"time": "2026", "x": 1.5, "x lower": 1.0, "x upper": 2.0,
           "y": 2.5, "y lower": 2.0, "y upper": 3.0}]),
        ({"time": "2026", "values": {"time": 1.5, "time_": 2.5}},
         [{"time": "2026", "time_": 1.5, "time__": 2.5}]),
        ({"time": "2026", "values": {"x lower": 4.0, "x": 1.5},
          "interval": {"x lower": [3.0, 5.0], "x": [1.0, 2.0]}},
         [{"time": "2026", "x lower": 4.0, "x lower lower": 3.0, "x lower upper": 5.0,
           "x": 1.5, "x lower_": 1.0, "x upper": 2.0}]),
        ({"text": "a", "labels": ["text"], "probabilities": {"text": 0.8, "labels": 0.2}},
         [{"text": "a", "labels": ["text"], "text_": 0.8, "labels_": 0.2}]),
    ],
)  # fmt: skip
def test_predictions_are_rows_whatever_was_asked(row, expected):
    found = of_rows([row])
    assert found.to_dict("records") == expected
    assert list(found) == list(expected[0])


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
