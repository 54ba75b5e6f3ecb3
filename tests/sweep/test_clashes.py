"""Jobs are kept out of each other's folders, and out of strangers'."""

import json

import pytest
from omegaconf import DictConfig

from seqlab.errors import ConfigError, RunError
from seqlab.sweep.clashes import job_folder, refuse_shared_folders, unfinished
from seqlab.sweep.job import Job

OVERRIDES = ("model=gru", "seed=1")


def make_jobs(folder, *names):
    return [
        Job(number, f"seed={number}", OVERRIDES, folder / name, DictConfig({}))
        for number, name in enumerate(names)
    ]


@pytest.fixture
def job(tmp_path):
    (tmp_path / "0").mkdir()
    return make_jobs(tmp_path, "0")[0]


def write(job, **record):
    (job.folder / "run.json").write_text(json.dumps(record))


@pytest.mark.parametrize("subdir", [".", "", "..", "../0", "a/../../b", "/tmp/a", "./"])
def test_a_job_is_below_its_sweep(subdir):
    with pytest.raises(
        ConfigError, match=r"is not below hydra\.sweep\.dir; hydra\.sweep\.subdir must differ"
    ):
        job_folder(DictConfig({"dir": "/sweep", "subdir": subdir}))


@pytest.mark.parametrize(
    ("subdir", "expected"), [(0, "/sweep/0"), ("a/b/", "/sweep/a/b"), ("./0", "/sweep/0")]
)
def test_any_name_below_it_will_do(subdir, expected):
    assert str(job_folder(DictConfig({"dir": "/sweep", "subdir": subdir}))) == expected


@pytest.mark.parametrize("names", [("a", "b"), ("a/0", "a/1"), ("0", "1", "10"), ("a", "A")])
def test_jobs_apart_are_let_through(tmp_path, names):
    refuse_shared_folders(make_jobs(tmp_path, *names))


@pytest.mark.parametrize(
    "names", [("a", "a"), ("b", "a", "a/0"), ("a/0", "a"), ("0", "0.log"), ("0.log/1", "0")]
)
def test_jobs_that_would_share_a_folder_are_refused(tmp_path, names):
    with pytest.raises(ConfigError, match=r"jobs \d \(seed=\d\) and \d \(seed=\d\) would share"):
        refuse_shared_folders(make_jobs(tmp_path, *names))


def test_a_link_does_not_hide_that_two_folders_are_one(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ConfigError, match=f"would share {tmp_path.resolve() / 'a'};"):
        refuse_shared_folders(make_jobs(tmp_path, "a", "b"))


def test_a_finished_run_with_other_settings_is_not_lost(job, tmp_path):
    assert unfinished([job], tmp_path) == [job]
    write(job, status="done", overrides=OVERRIDES)
    assert unfinished([job], tmp_path) == []
    write(job, status="done", overrides=["model=lstm"])
    with pytest.raises(ConfigError, match=r"0 contains a finished run with other settings; set another"):
        unfinished([job], tmp_path)
    write(job, status="failed", overrides=["model=lstm"])
    assert unfinished([job], tmp_path) == [job]


@pytest.mark.parametrize("checkpoint", ["best.safetensors", "best.ckpt", "last.ckpt"])
@pytest.mark.parametrize("status", ["interrupted", "failed", "running"])
def test_an_unfinished_run_with_checkpoints_and_other_settings_is_not_lost(job, tmp_path, status, checkpoint):
    (job.folder / "checkpoints").mkdir()
    (job.folder / f"checkpoints/{checkpoint}").touch()
    write(job, status=status, overrides=OVERRIDES)
    assert unfinished([job], tmp_path) == [job]
    write(job, status=status, overrides=["model=gru", "seed=7"])
    both_ways = (
        r"0 contains an unfinished run with other settings \(there seed=7, here seed=1\); to resume it: "
        rf"seqlab sweep resume {tmp_path}; to start again: set another hydra\.sweep\.dir"
    )
    with pytest.raises(ConfigError, match=both_ways):
        unfinished([job], tmp_path)
    assert json.loads((job.folder / "run.json").read_text())["overrides"] == ["model=gru", "seed=7"]


def test_a_strangers_files_are_refused(job, tmp_path):
    (job.folder / "photos").mkdir()
    with pytest.raises(RunError, match="contains 'photos' and is not a run of seqlab"):
        unfinished([job], tmp_path)
    (job.folder / "photos").rmdir()
    job.output.write_text("a stranger's")
    with pytest.raises(ConfigError, match=r"job 0 would write to .*0\.log, which exists and does not belong"):
        unfinished([job], tmp_path)
    write(job, status="failed", overrides=OVERRIDES)
    assert unfinished([job], tmp_path) == [job]
