"""The run folder and its record."""

import errno
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import pytest

from seqlab.errors import DataError, RunError, StorageError
from seqlab.runs.folder import RunFolder, read_history
from seqlab.runs.paths import FOLDER_VARIABLE, shared_path


def record_in(folder: RunFolder) -> dict:
    return json.loads((folder.path / "run.json").read_text())


def test_the_status_goes_from_running_to_done(tmp_path):
    folder = RunFolder(tmp_path / "run")
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
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(type(error)), folder.running():
        raise error
    assert record_in(folder)["status"] == status
    assert record_in(folder).get("error") == message


def test_other_processes_of_a_run_join_its_folder_and_do_not_write(tmp_path):
    first = RunFolder(tmp_path / "run")
    with first.running():
        second = RunFolder(shared_path())
        with second.running():
            second.write(status="nonsense")
        assert second.path == first.path
        assert record_in(first)["status"] == "running"
    assert shared_path() is None


@pytest.mark.parametrize("variable", ["RANK", "SLURM_PROCID", "LOCAL_RANK"])
def test_processes_that_others_have_started_do_not_write_either(tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()  # as rank 0 does before it looks whose the folder is, and then takes it
    threading.Timer(0.3, (folder.path / "run.json").write_text, ["{}"]).start()
    with folder.running():
        folder.write(status="nonsense")
        assert [path.name for path in folder.path.iterdir()] == ["run.json"]
    assert (folder.path / "run.json").read_text() == "{}"


def test_processes_do_not_wait_for_ever_for_the_first_one(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("seqlab.runs.folder.PATIENCE", 0.1)
    with (
        pytest.raises(RunError, match="was not created by the first process"),
        RunFolder(tmp_path / "run").running(),
    ):
        pass


def test_a_second_run_is_kept_out_of_a_folder(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.running():
        command = "import sys; from seqlab.runs.folder import RunFolder; from pathlib import Path"
        body = "with RunFolder(Path(sys.argv[1])).running(): pass"
        environment = {name: value for name, value in os.environ.items() if name != FOLDER_VARIABLE}
        run = subprocess.run(
            [sys.executable, "-c", f"{command}\n{body}", folder.path],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert f"is in use: process {os.getpid()} on {platform.node()}" in run.stderr
        assert record_in(folder)["pid"] == os.getpid()
    with folder.running(resume=True):
        pass


def test_a_finished_run_is_not_overwritten(tmp_path):
    folder = RunFolder(tmp_path / "run")
    with folder.running():
        (folder.path / "predictions.csv").touch()
    with (
        pytest.raises(RunError, match=r"run contains a finished run; choose another folder"),
        folder.running(),
    ):
        pass
    assert record_in(folder)["status"] == "done"
    assert (folder.path / "predictions.csv").exists()


def test_a_run_that_goes_on_keeps_what_is_there_and_takes_its_end_back(tmp_path):
    folder = RunFolder(tmp_path / "run")

    def stop():
        with folder.running():
            folder.write(seed=3, seconds=100)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    (folder.path / "metrics.jsonl").write_text("{}")
    (folder.path / ".run.json.draft-0a1b2c3d").touch()
    again = RunFolder(folder.path)
    with again.running(resume=True):
        assert "ended" not in record_in(folder)
        assert not (folder.path / ".run.json.draft-0a1b2c3d").exists()
    assert (folder.path / "metrics.jsonl").exists()
    found = record_in(folder)
    assert (found["status"], found["seed"], found["started"]) == ("done", 3, folder.record["started"])
    assert found["seconds"] >= 100


def test_a_run_that_begins_anew_removes_what_the_attempt_before_it_wrote_and_nothing_else(tmp_path):
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "mine").mkdir()
    (folder / "run.json").write_text('{"status": "interrupted", "format": 1, "steps": 3}')
    own = (
        "metrics.jsonl",
        "run.log",
        "checkpoints/best.safetensors",
        "checkpoints/best.json",
        "events.out.tfevents.1",
    )
    for name in (*own, "notes.txt", "mine/notes.txt", ".mine.draft-notes"):
        (folder / name).write_text("{}")
    with RunFolder(folder).running():
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert found == {".lock", "run.json", "notes.txt", "mine/notes.txt", ".mine.draft-notes"}
        assert "steps" not in record_in(RunFolder(folder))


@pytest.mark.parametrize("record", [None, "{}", '{"status": "done"}', '{"name": "mine"}', "[1]", "{"])
def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_is(tmp_path, record):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").touch()
    (tmp_path / ".lock").write_text("a stranger's")
    if record is not None:
        (tmp_path / "run.json").write_text(record)
    before = {path: path.is_dir() or path.read_bytes() for path in tmp_path.rglob("*")}
    with (
        pytest.raises(RunError, match=r"contains '\.lock' and is not a run of seqlab"),
        RunFolder(tmp_path).running(),
    ):
        pass
    assert {path: path.is_dir() or path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_a_file_is_no_folder_for_a_run(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match="Not a directory"), RunFolder(tmp_path / "thesis.tex").running():
        pass
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_a_run_that_can_go_on_is_not_begun_anew(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.checkpoints.mkdir(parents=True)
    folder.last.touch()
    (folder.path / "run.json").write_text('{"status": "interrupted", "format": 1}')
    with pytest.raises(RunError, match=r"unfinished run; resume it: seqlab train resume="), folder.running():
        pass
    assert folder.last.exists()


@pytest.mark.parametrize("name", ["best.safetensors", "best.ckpt"])
@pytest.mark.parametrize(("epoch", "refused"), [(0, False), (1, True)])
def test_a_run_that_has_lost_its_last_checkpoint_keeps_the_best_one(tmp_path, epoch, refused, name):
    folder = RunFolder(tmp_path / "run")
    best = folder.checkpoints / name
    folder.checkpoints.mkdir(parents=True)
    best.touch()
    folder.metrics.write_text(f'{{"step": 3}}\n{{"step": 3, "val/loss": 1, "epoch": {epoch}}}\n{{"st')
    (folder.path / "run.json").write_text('{"status": "interrupted", "format": 1}')
    refusal = pytest.raises(RunError, match=r"checkpoints/last\.ckpt is missing, .* remove its best weights")
    with refusal if refused else nullcontext(), folder.running():
        pass
    assert best.exists() == refused


@pytest.mark.parametrize("way", ["link/run", "here/../real/run", "real/run/"])
def test_a_path_is_resolved_where_it_enters(tmp_path, way):
    (tmp_path / "real").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert RunFolder(Path(f"{tmp_path}/{way}")).path == tmp_path.resolve() / "real/run"


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(143), ValueError("bad"), DataError("gone")]
)
def test_the_record_of_a_finished_run_is_not_made_worse_by_an_attempt_that_does_not_train(tmp_path, error):
    with RunFolder(tmp_path / "run").running():
        pass
    folder = RunFolder(tmp_path / "run")
    before = record_in(folder)

    def go_on():
        with folder.running(resume=True):
            folder.write(device="another", overrides=[])
            folder.defer_if_done((tmp_path / "run/config.yaml").touch)
            assert record_in(folder) == before
            raise error

    with pytest.raises(type(error)):
        go_on()
    assert record_in(folder) == before
    assert not (tmp_path / "run/config.yaml").exists()


def test_a_finished_run_that_trains_further_is_running_until_it_is_done_again(tmp_path):
    with RunFolder(tmp_path / "run").running():
        pass
    folder = RunFolder(tmp_path / "run")
    with folder.running(resume=True):
        folder.defer_if_done((tmp_path / "run/config.yaml").touch)
        folder.mark_training()
        assert record_in(folder)["status"] == "running"
        assert "ended" not in record_in(folder)
        assert (tmp_path / "run/config.yaml").exists()
        folder.write(steps=7)
    assert (record_in(folder)["status"], record_in(folder)["steps"]) == ("done", 7)


def test_a_full_disk_does_not_hide_why_a_run_failed(tmp_path, monkeypatch):
    folder = RunFolder(tmp_path / "run")

    def fail(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def run():
        with folder.running():
            monkeypatch.setattr(folder, "write", fail)
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        run()


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


def test_a_run_whose_folder_is_removed_is_told_so(tmp_path):
    folder = RunFolder(tmp_path / "run")

    def lose_it():
        with folder.running():
            shutil.rmtree(folder.path)
            folder.write(steps=1)

    with pytest.raises(StorageError, match=r"run was removed while .* run the command again$"):
        lose_it()
