"""Sweeps on a real Slurm: scripts/slurm_testbed.sh makes one with four GPUs that do not exist."""

import subprocess
from importlib.util import find_spec

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SIX = "data.root=a,b,c,d,e,missing"
SMALL_JOBS = ["launcher=slurm", "launcher.cpus_per_job=1", "launcher.memory_gb=1", "launcher.minutes=10"]


@pytest.fixture(scope="module", autouse=True)
def slurm(absent):
    if find_spec("submitit") is None:
        absent("needs pip install 'seqlab[slurm]'")
    try:
        gpus = subprocess.run(
            ["sinfo", "--noheader", "--format=%G"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        gpus = None
    if gpus is None or "gpu:4" not in gpus.stdout:
        absent("needs a Slurm with four GPUs: scripts/slurm_testbed.sh up")


@pytest.fixture(scope="module")
def six(cluster_sweeps, tmp_path_factory):
    sweeps = cluster_sweeps(tmp_path_factory.mktemp("slurm"), SMALL_JOBS)
    return sweeps, sweeps.run(SIX)


def test_four_jobs_at_a_time_have_a_device_each_and_freed_ones_are_used_again(six):
    sweeps, ended = six
    good = sweeps.records()[:5]
    assert [record["status"] for record in good] == ["done"] * 5, ended.stderr
    assert {record["visible_devices"] for record in good} == {"0", "1", "2", "3"}


def test_a_failing_job_hurts_no_other_and_its_reason_stands_at_the_end(six):
    sweeps, ended = six
    assert ended.returncode == 1
    assert "accuracy" in ended.stdout
    counted, reason = ended.stderr.splitlines()[-2:]
    assert counted == "seqlab: 1 of 6 jobs failed"
    assert "job 5 (data.root=missing) failed: no real data" in reason
    assert "Traceback" not in ended.stderr
    assert sweeps.records()[5]["status"] == "failed"


def test_the_same_command_submits_only_what_is_not_done(six):
    sweeps, _ = six
    before = sweeps.records()
    (sweeps.folder / "out/3/run.json").unlink()
    again = sweeps.run(SIX)
    assert "2 of 6 jobs go to slurm" in again.stderr
    assert "job 5 (data.root=missing) failed: no real data" in again.stderr
    after = sweeps.records()
    assert [after[job] for job in (0, 1, 2, 4)] == [before[job] for job in (0, 1, 2, 4)]
    assert after[3]["status"] == "done"
    assert "data.root=d" in after[3]["overrides"]


def test_a_wrong_value_in_one_job_is_refused_before_anything_is_submitted(cluster_sweeps, tmp_path):
    ended = cluster_sweeps(tmp_path, SMALL_JOBS).run("model.hidden_size=8,-1")
    assert ended.returncode == 2
    assert "model.hidden_size must be greater than or equal to 1, got -1" in ended.stderr
    assert not list(tmp_path.glob("out/.submitit/*"))


def test_what_slurm_refuses_is_said_in_a_line(cluster_sweeps, tmp_path):
    ended = cluster_sweeps(tmp_path, [*SMALL_JOBS, "launcher.partition=nowhere"]).run("seed=0,1")
    assert ended.returncode == 2
    assert "sbatch refuses the jobs" in ended.stderr
    assert "invalid partition specified: nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_processes_of_a_ddp_job_make_one_run(cluster_sweeps, tmp_path):
    pair = ["launcher.cpus_per_job=2", "launcher.gpus_per_job=2", "trainer=ddp", "trainer.accelerator=cpu"]
    sweeps = cluster_sweeps(tmp_path, [*SMALL_JOBS, *pair])
    ended = sweeps.run("seed=0")
    assert ended.returncode == 0, ended.stderr
    (record,) = sweeps.records()
    assert (record["status"], record["world_size"]) == ("done", 2)
    assert len(record["visible_devices"].split(",")) == 2
    assert [path.name for path in (tmp_path / "out").glob("[0-9]*")] == ["0"]
