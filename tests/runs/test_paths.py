"""Where a run goes."""

from pathlib import Path

import pytest

from seqlab.errors import RunError
from seqlab.runs.paths import check_writable, default_name, new_path


def test_two_runs_of_one_second_get_two_folders(tmp_path):
    paths = {new_path(str(tmp_path), "names-lstm") for _ in range(20)}
    assert len(paths) == 20
    assert {path.parent for path in paths} == {tmp_path / "names-lstm"}


def test_processes_that_slurm_has_started_have_one_folder(tmp_path, monkeypatch):
    for name, value in {"JOB_ID": "7", "STEP_ID": "0", "NTASKS": "2"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    assert new_path(str(tmp_path), "run") == new_path(str(tmp_path), "run") == tmp_path / "run/slurm-7.0"


def test_a_place_that_cannot_be_written_is_an_error_before_any_work():
    with pytest.raises(RunError, match="cannot write to /dev/null/runs: Not a directory"):
        check_writable(Path("/dev/null/runs"))


def test_checking_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_run_without_a_name_is_called_by_what_was_chosen():
    chosen = {"data": "names", "model": "gru"}
    assert default_name(chosen) == "names-gru"
    assert default_name(chosen | {"experiment": "names_best"}) == "names_best"
