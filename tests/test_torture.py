"""scripts/torture.py kills runs at random instants; what it prints and its exit code say how they ended."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPTS = Path(__file__).parents[1] / "scripts"
TENSORS = {
    "state_dict": lambda last: last["state_dict"]["model.head.linear.bias"],
    "optimizer_states": lambda last: last["optimizer_states"][0]["state"][0]["exp_avg"],
    "resume": lambda last: last["resume"]["ranks"][0]["random"]["torch"],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "how", [[], ["--signal", "TERM"], ["--during", "saving"], ["--only", "unfreezing", "names_longer"]]
)
def test_runs_that_are_stopped_at_random_instants_end_bit_for_bit_alike(how):
    command = [sys.executable, SCRIPTS / "torture.py", "--kills", "2", "--jobs", "1", *how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    *runs, summary = done.stdout.splitlines()
    assert len(runs) == 2
    steps = [step for line in runs for step in line.rpartition("went on from step ")[2].split(" and ")]
    assert len(steps) == 4  # one of the runs is made longer twice
    assert min(map(int, steps)) > 0
    assert summary.endswith(": 2 of 2 runs ended bit for bit as if nothing had happened")


@pytest.mark.product(3)
@pytest.mark.parametrize("part", [*TENSORS, "callbacks", "metrics.jsonl", "metrics.csv", "record"])
def test_every_part_that_differs_is_seen(train, monkeypatch, part):
    monkeypatch.syspath_prepend(SCRIPTS)
    torture = importlib.import_module("torture")
    assert (
        train("debug=default", "verbosity=quiet", "callbacks.figures=false", "logger=[tensorboard,csv]") == 0
    )
    run = torture.run_folder(Path("out"))
    before = torture.left_by(run)
    last = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    if part == "record":
        record = json.loads((run / "run.json").read_text())
        (run / "run.json").write_text(json.dumps(record | {"steps": record["steps"] + 1}))
    elif part.startswith("metrics"):
        file = run / part if part == "metrics.jsonl" else run / "csv" / part
        file.write_text(file.read_text() + "\n")
    elif part == "callbacks":
        (best,) = (state for name, state in last[part].items() if name.startswith("Best"))
        best["current_score"] = None
        torch.save(last, run / "checkpoints/last.ckpt")
    else:
        TENSORS[part](last).view(-1)[0] += 1
        torch.save(last, run / "checkpoints/last.ckpt")
    after = torture.left_by(run)
    assert [name for name in before if before[name] != after[name]] == [part]
