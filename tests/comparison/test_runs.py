"""Reading runs: whatever is damaged in one of them is said of that one alone."""

import json

import pytest
from filelock import FileLock

from seqlab.comparison.runs import numbers, read_history, read_runs
from seqlab.errors import RunError


def test_runs_below_one_anothers_folders_are_all_found(tmp_path, classify):
    first = classify("first")
    nested = classify(f"{first.relative_to(tmp_path / 'out')}/below")
    assert [run.path for run in read_runs(tmp_path / "out")] == [nested, first]
    assert [run.folder for run in read_runs(nested)] == [nested.name]


def test_settings_are_flat_and_curves_by_epoch(tmp_path, classify):
    folder = classify("one", seed=3)
    (run,) = read_runs(tmp_path)
    assert run.settings["seed"] == 3
    assert run.settings["model.hidden_size"] == 128
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    expected = [(line["epoch"], line["val/loss"]) for line in lines if "val/loss" in line]
    assert run.history["val/loss"] == expected
    assert "step/loss" not in run.history


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("run.json", '{"status": "do', "run.json is not JSON (Unterminated string"),
        ("run.json", b"\xff\xfe", "run.json is not UTF-8 at byte 0"),
        ("run.json", "[]", "not the record of a run"),
        ("run.json", '{"data": {"name": "x"}, "metrics": 3}', "run.json is damaged: 'metrics'"),
        ("config.yaml", "model: [", "config.yaml is not YAML (line 2"),
        ("config.yaml", "", "config.yaml contains no settings"),
        ("config.yaml", None, "config.yaml is missing"),
    ],
)
def test_a_damaged_run_is_listed_with_its_reason(tmp_path, classify, file, content, words):
    classify("sound")
    damaged = classify("damaged") / file
    if content is None:
        damaged.unlink()
    else:
        damaged.write_bytes(content if isinstance(content, bytes) else content.encode())
    first, second = read_runs(tmp_path / "out")
    assert (first.status, second.status) == ("damaged", "done")
    assert words in first.reason
    assert "\n" not in first.reason


def test_curves_go_as_far_as_they_can_be_read(classify):
    file = classify("cut") / "metrics.jsonl"
    whole, problems = read_history(file)
    assert problems == ()
    file.write_text(file.read_text()[:-20])
    cut, problems = read_history(file)
    assert problems == ("metrics.jsonl, line 9 is damaged or cut off",)
    assert cut["val/loss"] == whole["val/loss"]
    assert cut["train/loss"] == whole["train/loss"][:-1]


def test_a_last_line_that_is_no_epochs_can_be_cut_off_too(classify):
    file = classify("cut") / "metrics.jsonl"
    with file.open("a") as lines:
        lines.write('{"step": 40, "step/lo')
    assert read_history(file)[1] == ("metrics.jsonl, line 10 is damaged or cut off",)


def test_why_a_run_is_not_done_is_its_error_or_how_far_it_came(tmp_path, classify):
    classify("a", status="failed", error="ValueError: first line\nsecond line")
    classify("b", status="interrupted")
    failed, interrupted = read_runs(tmp_path / "out")
    assert failed.reason == "ValueError: first line"
    assert interrupted.reason == "after epoch 3 of 3"


def test_numbers_are_those_that_a_float_can_be():
    given = {"a": 1, "b": 0.5, "c": True, "d": None, "e": "1", "f": 10**400, "g": -(10**300)}
    assert numbers(given) == {"a": 1.0, "b": 0.5, "g": -1e300}


def test_a_folder_without_runs_is_an_error(tmp_path):
    with pytest.raises(RunError, match="no run found below"):
        read_runs(tmp_path)


def test_a_run_whose_process_is_gone_has_died(tmp_path, classify):
    folder = classify("killed", status="running", pid=1)
    lock = folder / ".lock"
    assert [run.status for run in read_runs(tmp_path)] == ["died"]
    assert not lock.exists()  # a report changes nothing
    with FileLock(lock):
        assert [run.status for run in read_runs(tmp_path)] == ["running"]
    assert [(run.status, run.reason) for run in read_runs(tmp_path)] == [("died", "after epoch 3 of 3")]


def test_a_job_of_a_sweep_that_has_yet_to_start_has_not_died(tmp_path, classify):
    classify("waiting", status="running")
    assert [run.status for run in read_runs(tmp_path)] == ["running"]


def test_scores_of_the_test_are_no_further_epoch(tmp_path, classify):
    folder = classify("stopped", status="interrupted", trainer={"max_epochs": 3})
    with (folder / "metrics.jsonl").open("a") as file:
        file.write('{"step": 99, "epoch": 3, "test/loss": 1.0}\n')
    assert [run.reason for run in read_runs(tmp_path)] == ["after epoch 3 of 3"]
