"""The commands that use a finished run: eval, predict, report, cells."""

import json
import os
import pickle
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import torch

QUICK = (
    *("trainer.max_epochs=1", "data.limit_train_samples=200", "model.hidden_size=16"),
    *("callbacks=none", "logger=none", "verbosity=quiet"),
)


@pytest.fixture
def run(trained) -> Path:
    return trained(*QUICK, "task.baselines=false", "callbacks.predictions=true")


def test_eval_gives_the_scores_of_the_run_again(command, run):
    code, shown, _ = command("eval", run, "--json")
    assert code == 0
    recorded = json.loads((run / "run.json").read_text())["metrics"]
    assert json.loads(shown) == pytest.approx(recorded, abs=1e-6)


def test_eval_finds_the_data_where_the_run_found_them(command, train, tmp_path, monkeypatch):
    (tmp_path / "data/names").mkdir(parents=True)
    for language, letters in (("Greek", "abcdefghijkl"), ("Irish", "mnopqrstuvwx")):
        names = [f"{first}{second}\n" for first in letters for second in letters]
        (tmp_path / f"data/names/{language}.txt").write_text("".join(names))
    monkeypatch.setenv("SEQLAB_DATA_DIR", str(tmp_path / "data"))
    assert train(*QUICK, "task.baselines=false") == 0
    monkeypatch.delenv("SEQLAB_DATA_DIR")
    (record,) = Path("out").rglob("run.json")
    assert json.loads(record.read_text())["data"]["source"] == "real"
    code, _, complaint = command("eval", record.parent)
    assert (code, complaint) == (0, "")


def test_eval_refuses_data_that_are_not_the_runs_own(command, run, tmp_path):
    (tmp_path / "names").mkdir()
    for language in ("Greek", "Irish"):
        (tmp_path / f"names/{language}.txt").write_text("".join(f"Name{chr(97 + i)}\n" for i in range(20)))
    config = (run / "config.yaml").read_text().replace("source: auto", "source: real")
    (run / "config.yaml").write_text(config)
    code, _, complaint = command("eval", run, "--root", tmp_path / "names")
    assert code == 2
    assert "differs from the data of" in complaint


def test_options_may_stand_anywhere(command, run):
    expected = command("predict", run, "--checkpoint", "last", "--top", 1, "--", "Satoshi", "Ito")
    assert expected[0] == 0
    for arguments in (
        (run, "--checkpoint", "last", "Satoshi", "--top", 1, "Ito"),
        ("--top", 1, run, "Satoshi", "Ito", "--checkpoint", "last"),
    ):
        assert command("predict", *arguments) == expected
    assert command("explain", run, "--checkpoint", "last", "Satoshi")[0] == 0


def test_predict_agrees_with_the_runs_own_predictions(command, run):
    table = pd.read_csv(run / "predictions.csv", keep_default_na=False).head(20)
    Path("texts").write_text("\n".join(table["text"]))
    code, shown, _ = command("predict", run, "--file", "texts", "--top", 1, "--json")
    assert code == 0
    answers = json.loads(shown)
    assert [answer["classes"][0] for answer in answers] == list(table["predicted"])
    assert [answer["probabilities"][0] for answer in answers] == pytest.approx(
        list(table["probability"]), abs=1e-4
    )


def test_predict_names_the_best_classes_in_order(command, run):
    code, shown, _ = command("predict", run, "Satoshi", "O'Neill", "--json")
    assert code == 0
    for answer in json.loads(shown):
        assert len(answer["classes"]) == 3
        assert answer["probabilities"] == sorted(answer["probabilities"], reverse=True)
    assert [answer["text"] for answer in json.loads(shown)] == ["Satoshi", "O'Neill"]


def test_unseen_characters_are_unknown_and_said(command, run):
    code, shown, complaint = command("predict", run, "北")
    assert code == 0
    assert "北" in shown
    assert "1 characters did not occur in training: 北" in complaint


@pytest.mark.slow
def test_report_shows_every_run_with_what_differs_and_the_baselines(command, train):
    for model in ("rnn", "gru"):
        assert train(*QUICK, f"model={model}") == 0
    assert train(*QUICK, "model=gru", "optimizer.lr=0.01", "task.baselines=true") == 0
    code, shown, _ = command("report", "out")
    assert code == 0
    rows = [line.split()[0] for line in shown.splitlines() if line.strip()]
    assert rows.count("names-gru") == 2
    assert rows.count("names-rnn") == 1
    assert "lr" in shown
    assert "0.01" in shown
    assert "baseline: majority" in shown
    assert "SAMPLE" in shown
    assert "batch_size" not in shown


def test_cells_lists_equations_engines_and_parameters(command):
    code, shown, _ = command("cells")
    assert code == 0
    (lstm,) = (line for line in shown.splitlines() if line.split()[:1] == ["lstm"])
    assert "4HI + 4H² + 4H" in lstm
    assert "torch eager reference" in lstm
    assert "linear" not in lstm
    assert "linear" in next(line for line in shown.splitlines() if line.split()[:1] == ["mingru"])


class Evil:
    def __reduce__(self):
        return os.system, ("touch executed",)


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:1000])


def hostile_pickle(file: Path) -> None:
    file.write_bytes(pickle.dumps(Evil()))


def hostile_archive(file: Path) -> None:
    torch.save({"state_dict": {}, "evil": Evil()}, file)


def compressed(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def other_shapes(file: Path) -> None:
    content = torch.load(file, weights_only=True)
    content["state_dict"]["model.head.linear.bias"] = torch.zeros(3)
    torch.save(content, file)


def not_finite(file: Path) -> None:
    content = torch.load(file, weights_only=True)
    content["state_dict"]["model.head.linear.bias"][0] = float("nan")
    torch.save(content, file)


def other_network(file: Path) -> None:
    torch.save({"state_dict": {"w": torch.zeros(1)}, "hyper_parameters": {}}, file)


def damaged_spec(file: Path) -> None:
    content = torch.load(file, weights_only=True)
    content["hyper_parameters"]["spec"]["input_size"] = "many"
    torch.save(content, file)


def huge_spec(file: Path) -> None:
    content = torch.load(file, weights_only=True)
    content["hyper_parameters"]["spec"]["input_size"] = -5
    torch.save(content, file)


@pytest.mark.product(4)
@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        hostile_pickle,
        hostile_archive,
        compressed,
        other_shapes,
        not_finite,
        other_network,
        damaged_spec,
        huge_spec,
        Path.unlink,
    ],
)
@pytest.mark.parametrize("name", ["eval", "predict"])
def test_a_broken_or_hostile_checkpoint_gives_one_line_and_executes_nothing(command, run, damage, name):
    damage(run / "checkpoints/last.ckpt")
    code, shown, complaint = command(
        name, run, "--checkpoint", "last", *(["Satoshi"] if name == "predict" else [])
    )
    assert (code, shown) == (2, "")
    assert len(complaint.splitlines()) == 1
    assert "last.ckpt: " in complaint
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "{run}"], "nothing to predict"),
        (["predict", "{run}", "--file", "missing"], "missing: No such file"),
        (["predict", "{run}", "--file", "empty"], "nothing to predict"),
        (["predict", "{run}", "--file", "latin"], "latin is not UTF-8 at byte 1"),
        (["predict", "{run}", "x", "--top", "0"], "--top must be 1 or more"),
        (["predict", "{run}", "x", "--checkpoint", "first"], "invalid choice: 'first'"),
        (["predict", "nowhere", "x"], "nowhere is not a run folder"),
        (["predict"], "required: run"),
        (["eval", "."], "is not a run folder"),
        (["report", "empty_folder"], "no run found below empty_folder"),
        (["cells", "--imports", "nope"], "imports=nope"),
    ],
)
def test_mistakes_give_one_line_and_exit_code_2(command, run, arguments, words):
    Path("empty").touch()
    Path("empty_folder").mkdir()
    Path("latin").write_bytes("Léa".encode("latin-1"))
    code, _, complaint = command(*(argument.format(run=run) for argument in arguments))
    assert code == 2
    assert words in complaint
    assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("run.json", "{", "not JSON"),
        ("run.json", "[]", "not the record of a run"),
        ("config.yaml", "model: [", "config.yaml: "),
        ("config.yaml", "model: 3\n", "config.yaml: "),
    ],
)
def test_damaged_records_are_named(command, run, file, content, words):
    (run / file).write_text(content)
    code, _, complaint = command("predict", run, "Satoshi")
    assert code == 2
    assert words in complaint
    assert len(complaint.splitlines()) == 1
