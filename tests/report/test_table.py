"""Comparing runs: a few columns, or what is unusual about each."""

import json

import pytest
import yaml

from seqlab.errors import RunError
from seqlab.report import print_report


def write_run(root, name, accuracy, *, status="done", **settings):
    folder = root / name / "2026-01-01_00-00-00-abcdef"
    folder.mkdir(parents=True)
    model = {"cell": "lstm", "hidden_size": 128, "num_layers": 1, "dropout": 0.3, "init": "keras"} | settings
    (folder / "config.yaml").write_text(yaml.safe_dump({"model": model, "seed": 0}))
    record = {"name": name, "cell": "lstm", "status": status, "parameters": 1000, "seconds": 3.2}
    record |= {"engine": "torch", "data": {"name": "names", "source": "real"}}
    record |= {"metrics": {"test/accuracy": accuracy}, "baselines": {"majority": {"test/accuracy": 0.5}}}
    (folder / "run.json").write_text(json.dumps(record))


def test_runs_come_best_first_with_a_column_for_each_of_a_few_settings(tmp_path, capsys):
    write_run(tmp_path, "small", 0.7, hidden_size=64)
    write_run(tmp_path, "large", 0.8, hidden_size=256)
    print_report(tmp_path)
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    rows = [line[0].split("/")[0] for line in lines]
    assert [row for row in rows if row in ("small", "large", "baseline:")] == ["large", "small", "baseline:"]
    header = next(line for line in lines if line[0] == "run")
    assert header[:4] == ["run", "cell", "hidden_size", "accuracy"]
    (large,) = (line for line in lines if line[0].startswith("large/"))
    assert large[1:4] == ["lstm", "256", "0.8000"]


def test_runs_of_other_files_or_other_targets_are_other_questions(tmp_path, capsys):
    for name in ("first", "second"):
        write_run(tmp_path, name, 0.8)
        file = next((tmp_path / name).rglob("run.json"))
        record = json.loads(file.read_text())
        record["data"] |= {"path": f"/data/{name}.csv", "sha256": f"{name}0123"}
        file.write_text(json.dumps(record))
    print_report(tmp_path)
    shown = capsys.readouterr().out
    assert "names (real, first.csv first0): 1 run" in shown
    assert "names (real, second.csv second): 1 run" in shown
    assert shown.count("baseline: majority") == 2


def test_many_differing_settings_become_what_is_unusual_about_a_run(tmp_path, capsys):
    for name in ("a", "b"):
        write_run(tmp_path, name, 0.8)
    write_run(tmp_path, "odd", 0.7, hidden_size=64, num_layers=2, dropout=0.0, init="torch", pooling="max")
    write_run(tmp_path, "other", 0.6, hidden_size=64, cell="gru", dropout=0.1, num_layers=3, init="chrono")
    for run in tmp_path.rglob("config.yaml"):
        raw = yaml.safe_load(run.read_text())
        raw["model"].setdefault("pooling", "last")
        run.write_text(yaml.safe_dump(raw))
    print_report(tmp_path)
    shown = " ".join(capsys.readouterr().out.split())
    assert "hidden_size=64" in shown
    assert "num_layers=2" in shown
    assert "pooling=max" in shown
    assert "num_layers=1" not in shown


def test_failed_runs_are_shown_too(tmp_path, capsys):
    write_run(tmp_path, "good", 0.7)
    write_run(tmp_path, "bad", 0.1, status="failed")
    print_report(tmp_path)
    assert "failed" in capsys.readouterr().out


def test_a_folder_without_runs_is_an_error(tmp_path):
    with pytest.raises(RunError, match="no run below"):
        print_report(tmp_path)
