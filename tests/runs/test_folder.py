"""The run folder and its record."""

import json
from pathlib import Path

import pytest

from seqlab.errors import DataError, RunError
from seqlab.runs import RunFolder, check_writable, read_history


def record_in(folder: RunFolder) -> dict:
    return json.loads((folder.path / "run.json").read_text())


def test_two_runs_of_one_second_get_two_folders(tmp_path):
    paths = {RunFolder.create(str(tmp_path), "names-lstm").path for _ in range(20)}
    assert len(paths) == 20
    assert {path.parent for path in paths} == {tmp_path / "names-lstm"}


def test_the_status_goes_from_running_to_done(tmp_path):
    folder = RunFolder.create(str(tmp_path), "run")
    with folder.running():
        assert record_in(folder)["status"] == "running"
        folder.write(metrics={"test/accuracy": 0.5})
    assert record_in(folder)["status"] == "done"
    assert record_in(folder)["metrics"] == {"test/accuracy": 0.5}
    assert record_in(folder)["seconds"] >= 0


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), "interrupted", None),
        (SystemExit(143), "interrupted", None),
        (ValueError("bad"), "failed", "ValueError: bad"),
        (DataError("no data"), "failed", "no data"),
    ],
)
def test_what_ends_a_run_is_recorded_and_raised_on(tmp_path, error, status, message):
    folder = RunFolder.create(str(tmp_path), "run")
    with pytest.raises(type(error)), folder.running():
        raise error
    assert record_in(folder)["status"] == status
    assert record_in(folder).get("error") == message


def test_other_processes_of_a_run_join_its_folder_and_do_not_write(tmp_path):
    first = RunFolder.create(str(tmp_path), "run")
    with first.running():
        second = RunFolder.create(str(tmp_path), "run")
        with second.running():
            second.write(status="nonsense")
        assert second.path == first.path
        assert record_in(first)["status"] == "running"
    assert RunFolder.create(str(tmp_path), "run").path != first.path


def test_a_place_that_cannot_be_written_is_an_error_before_any_work():
    with pytest.raises(RunError, match="cannot write to /dev/null/runs: Not a directory"):
        check_writable("/dev/null/runs")


def test_checking_leaves_nothing_behind(tmp_path):
    check_writable(str(tmp_path / "new"))
    assert list((tmp_path / "new").iterdir()) == []


def test_history_is_read_by_metric_and_epoch(tmp_path):
    path = tmp_path / "metrics.jsonl"
    rows = [
        {"step": 1, "step/loss": 3.0},
        {"step": 2, "val/loss": 2.0, "epoch": 0},
        {"step": 2, "train/loss": 2.5, "epoch": 0},
        {"step": 4, "val/loss": 1.0, "epoch": 1},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_history(path) == {"val/loss": [(0, 2.0), (1, 1.0)], "train/loss": [(0, 2.5)]}
    assert read_history(Path("nowhere")) == {}
