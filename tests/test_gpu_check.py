"""scripts/gpu_check.py, tried on the processor: what fails is told, and the rest still runs."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ["versions", "cells", "data", "resume", "pool", "speed", "loop", "memory"]


@pytest.fixture
def gpu_check(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module("gpu_check")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_rows_are_told_apart_from_what_else_is_printed(gpu_check):
    code = """print("a warning"); print('gpu_check: {"cell": "gru", "ok": true}')"""
    row, end = gpu_check.run_part("cells", python(code), 60)
    assert row == {"part": "cells", "cell": "gru", "ok": True}
    assert (end["part"], end["end"]) == ("cells", "done")


def test_a_part_with_a_row_that_is_not_as_it_must_be_has_failed(gpu_check):
    *_, end = gpu_check.run_part("cells", python("""print('gpu_check: {"ok": false}')"""), 60)
    assert end["end"] == "failed"


def test_a_part_that_ends_in_an_error_leaves_its_last_words(gpu_check):
    code = "for number in range(99): print(number)\nraise ValueError('no such device')"
    (end,) = gpu_check.run_part("data", python(code), 60)
    assert (end["end"], end["reason"]) == ("failed", "exit code 1")
    assert len(end["last_words"]) == gpu_check.LAST_WORDS
    assert end["last_words"][-1] == "ValueError: no such device"


def test_a_part_that_takes_too_long_is_ended_with_what_it_started(gpu_check, tmp_path):
    sleeping = "import time; time.sleep(999)"
    begin = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleeping!r}])"
    code = f"{begin}; print('begun', flush=True); {sleeping}"
    (end,) = gpu_check.run_part("pool", python(code), 3)  # returns once nothing holds its output
    assert (end["end"], end["reason"]) == ("failed", "took more than 3 s")
    assert end["last_words"] == ["begun"]


def test_the_others_still_run_and_the_page_tells_which_has_failed(gpu_check, monkeypatch, tmp_path, capsys):
    parts = {
        "versions": """print('gpu_check: {"torch": "2.13", "processor": "P", "cores": 2}')""",
        "cells": "raise SystemExit('out of memory')",
        "memory": """print('gpu_check: {"network": "eager", "shape": "B1", "peak_mib": 1234.5}')""",
    }
    script = tmp_path / "parts.py"
    script.write_text(f"import sys\nexec({parts!r}[sys.argv[1]])")
    monkeypatch.setattr(gpu_check.gpu_parts, "__file__", str(script))
    results, page = tmp_path / "made/results.jsonl", tmp_path / "page.md"
    files = ["--results", str(results), "--page", str(page)]
    assert gpu_check.main(["--device", "cpu", "--parts", "versions,cells,memory", *files]) == 1
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [row["part"] for row in rows] == ["command", "versions", "versions", "cells", "memory", "memory"]
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == rows
    text = page.read_text()
    assert "no GPU; P, 2 cores; torch 2.13\n" in text
    assert "failed: cells." in text
    assert "**Failed: exit code 1.**\n\n```\nout of memory\n```" in text
    assert "| eager | B1 | 1,234 MiB |" in text
    assert gpu_check.main(["--device", "cpu", "--parts", "memory", *files]) == 0


def test_an_unknown_part_says_what_there_is(gpu_check, capsys):
    with pytest.raises(SystemExit, match="2"):
        gpu_check.main(["--parts", "cells,speeed"])
    assert f"'speeed' is none of {', '.join(PARTS)}" in capsys.readouterr().err


def test_all_parts_together_take_less_than_eight_minutes(gpu_check):
    assert list(gpu_check.LIMITS) == PARTS
    assert sum(gpu_check.LIMITS.values()) <= 8 * 60


@pytest.mark.slow
def test_all_parts_run_on_the_processor(tmp_path):
    files = ["--results", tmp_path / "results.jsonl", "--page", tmp_path / "page.md"]
    command = [
        sys.executable,
        ROOT / "scripts/gpu_check.py",
        "--device",
        "cpu",
        "--quick",
        "--patience",
        "20",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "SEQLAB_DATA_DIR"}
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert {row["part"]: row["end"] for row in rows if "end" in row} == dict.fromkeys(PARTS, "done")
    compared = {(row["engine"], row["precision"]) for row in rows if "error" in row}
    assert len(compared) == 6
    assert len([row for row in rows if row["part"] == "data" and "scores" in row]) == 3
    text = (tmp_path / "page.md").read_text()
    assert text.count("\n## ") == 7
    assert "nothing failed" in text
