"""scripts/update_readme.py: what stands between two marks is replaced, by what a run has left."""

import importlib
import json
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def script(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(SCRIPTS)
    made = importlib.import_module("update_readme")
    monkeypatch.setattr(made, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text("before\n<!-- written -->\nold\n<!-- /written -->\nafter\n")
    return made


def test_a_language_models_scores_and_text_stand_in_the_readme(script, monkeypatch, tmp_path):
    scores = {"loss": 1.5, "bits_per_character": 2.16, "loss_windows_64": 1.65, "loss_windows_256": 1.55}
    record = {
        "status": "done",
        "data": {"source": "real"},
        "metrics": {f"test/{name}": value for name, value in scores.items()},
        "baselines": {"ngram": {"test/loss": 1.6}, "lzma": {"test/bits_per_character": 2.5}},
    }
    (tmp_path / "run.json").write_text(json.dumps(record))
    done = subprocess.CompletedProcess((), 0, stdout="DUKE:\nSo it is.\n")
    monkeypatch.setattr(script.subprocess, "run", lambda *_, **__: done)
    script.main(["--written", str(tmp_path)])
    text = (tmp_path / "README.md").read_text()
    assert text.startswith(
        "before\n<!-- written -->\nOn the last tenth of the plays the preset gets 1.500 nats"
    )
    assert "it gets 1.650, of 256 1.550." in text
    assert text.endswith("```text\nDUKE:\nSo it is.\n```\n<!-- /written -->\nafter\n")
    record["data"]["source"] = "sample"
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(SystemExit, match="not a finished run on the real plays"):
        script.main(["--written", str(tmp_path)])


def test_the_marks_stand_in_the_readme():
    text = (SCRIPTS.parent / "README.md").read_text(encoding="utf-8")
    for name in ("output", "written"):
        assert [text.count(f"<!-- {slash}{name} -->") for slash in ("", "/")] == [1, 1]
