"""scripts/zoo_table.py: the table says of the runs what they are, not of the machine that prints it."""

import importlib
import json
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def script(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    made = importlib.import_module("zoo_table")
    monkeypatch.setattr(made, "PAGE", tmp_path / "adding.md")
    return made


def leave(folder, cell, score, *, status="done", day="01", torch="9.8.7", machine="Amiga"):
    folder.mkdir(parents=True)
    record = {"status": status, "cell": cell, "platform": machine, "device": "cpu"}
    record |= {"versions": {"python": "3.99", "torch": torch}, "ended": f"2026-11-{day}T18:44:14+00:00"}
    record |= {"metrics": {"test/mse": score}}
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "metrics.jsonl").write_text('{"step": 7, "val/mse": 0.005}\n')


def test_machine_versions_and_days_are_those_of_the_finished_runs(script, tmp_path, capsys):
    runs = tmp_path / "runs"
    leave(runs / "0", "gru", 0.002)
    leave(runs / "1", "gru", 0.004, day="03", torch="9.9.0")
    leave(runs / "2", "lstm", 0.5)
    leave(runs / "3", "lstm", 0.5, status="failed", day="09", machine="Atari")
    assert script.main([str(runs), "--page"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "2026-11-01 to 2026-11-03; Amiga, cpu; python 3.99, torch 9.8.7; python 3.99, torch 9.9.0\n"
    )
    mean, spread = statistics.mean([0.002, 0.004]), statistics.stdev([0.002, 0.004])
    assert f"| gru | {mean:.2g} ± {spread:.2g} | 7 (2 of 2) | 2 of 2 |" in said
    assert said.rstrip("\n") in (tmp_path / "adding.md").read_text()


def test_runs_of_which_none_is_finished_are_told_of_in_a_line(script, tmp_path, capsys):
    leave(tmp_path / "runs/0", "gru", 0.002, status="failed")
    assert script.main([str(tmp_path / "runs"), "--page"]) == 2
    said = capsys.readouterr()
    assert said.err == f"no finished run below {tmp_path}/runs has the score test/mse\n"
    assert said.out == ""
    assert not (tmp_path / "adding.md").exists()
