"""Sweeps on clusters of this machine: a real Slurm, which scripts/slurm_testbed.sh makes, and a real Ray.

Both are told that the machine has four GPUs.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from seqlab.data import samples

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SMALL = [
    "data=names",
    "data.source=auto",
    "debug=default",
    "trainer.accelerator=cpu",
    "verbosity=quiet",
    "callbacks.figures=false",
    "callbacks.predictions=false",
    "logger=none",
    "task.baselines=false",
    "engine=eager",
    "hydra.sweep.dir=out",
]
SIX = "data.root=a,b,c,d,e,missing"


class Sweeps:
    """Sweeps on a cluster, started as a user starts them.

    Args:
        folder: in which they run.
        launcher: its settings.
    """

    def __init__(self, folder, launcher):
        self.folder, self.launcher = folder, launcher
        for name in "abcde":
            (folder / name).symlink_to(f"{samples.__path__[0]}/names")

    def run(self, *arguments):
        command = [sys.executable, "-m", "seqlab", "train", "-m", *SMALL, *self.launcher, *arguments]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )

    def records(self):
        files = sorted((self.folder / "out").glob("*/run.json"))
        return [json.loads(file.read_text()) for file in files]


@pytest.fixture(scope="module")
def absent():
    """Return what a test does that lacks its cluster: it skips, or fails where one was promised."""
    return pytest.fail if os.environ.get("SEQLAB_CLUSTER") == "1" else pytest.skip


@pytest.fixture(scope="module")
def slurm(absent):
    """Return the settings with which jobs go to Slurm."""
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
    return ["launcher=slurm", "launcher.cpus_per_job=1", "launcher.memory_gb=1", "launcher.minutes=10"]


@pytest.fixture(scope="module")
def ray(absent, tmp_path_factory):
    """Return the settings with which jobs go to a Ray cluster, which ends with the tests."""
    if find_spec("ray") is None:
        absent("needs pip install 'seqlab[ray]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", f"--port={port}"]
    sizes = ["--num-gpus=4", "--num-cpus=8", "--object-store-memory=100000000", "--include-dashboard=false"]
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}  # of this cluster alone
    monkeypatch = pytest.MonkeyPatch()
    for name, value in (token | {"RAY_USAGE_STATS_ENABLED": "0"}).items():
        monkeypatch.setenv(name, value)
    with (tmp_path_factory.mktemp("ray") / "log").open("w+") as log:
        process = subprocess.Popen([*command, *sizes], stdout=log, stderr=log)
        try:
            wait_until_ready(process, log)
            yield ["launcher=ray", f"launcher.address=127.0.0.1:{port}"]
        finally:
            process.terminate()
            process.wait(90)
            monkeypatch.undo()


def wait_until_ready(process, log, seconds=120.0):
    end = time.monotonic() + seconds
    while "Ray runtime started" not in Path(log.name).read_text():
        assert process.poll() is None, Path(log.name).read_text()
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.fixture(scope="module", params=["slurm", "ray"])
def six(request, tmp_path_factory):
    """Return the sweeps of a cluster, the process that ran the first, and the name of the cluster."""
    launcher = request.getfixturevalue(request.param)
    sweeps = Sweeps(tmp_path_factory.mktemp(request.param), launcher)
    return sweeps, sweeps.run(SIX), request.param


def test_four_jobs_at_a_time_have_a_device_each_and_freed_ones_are_used_again(six):
    sweeps, ended, _ = six
    good = sweeps.records()[:5]
    assert [record["status"] for record in good] == ["done"] * 5, ended.stderr
    assert {record["visible_devices"] for record in good} == {"0", "1", "2", "3"}


def test_a_failing_job_hurts_no_other_and_its_reason_stands_at_the_end(six):
    sweeps, ended, _ = six
    assert ended.returncode == 1
    assert "accuracy" in ended.stdout
    assert "seqlab: 1 of 6 jobs failed" in ended.stderr.splitlines()
    assert "job 5 (data.root=missing) failed: no real data" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert sweeps.records()[5]["status"] == "failed"


def test_the_same_sweep_hands_over_only_what_is_not_done(six):
    sweeps, _, cluster = six
    before = sweeps.records()
    shutil.rmtree(sweeps.folder / "out/3")
    (sweeps.folder / "out/3.log").unlink(missing_ok=True)  # what Ray's task has said
    again = sweeps.run(SIX, *["launcher.gpus_per_job=0.25"] * (cluster == "ray"))  # a share will do
    assert f"submitting 2 of 6 jobs to {cluster}" in again.stderr
    assert "job 5 (data.root=missing) failed: no real data" in again.stderr
    after = sweeps.records()
    assert [after[job] for job in (0, 1, 2, 4)] == [before[job] for job in (0, 1, 2, 4)]
    assert after[3]["status"] == "done"
    assert "data.root=d" in after[3]["overrides"]


def test_an_address_without_a_ray_cluster_is_said_in_a_line(ray, tmp_path):
    ended = Sweeps(tmp_path, [*ray, "launcher.address=127.0.0.1:1"]).run("seed=0,1")
    assert ended.returncode == 2
    assert "launcher.address=127.0.0.1:1: no Ray cluster answers" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_wrong_value_in_one_job_is_refused_before_anything_is_submitted(slurm, tmp_path):
    ended = Sweeps(tmp_path, slurm).run("model.hidden_size=8,-1")
    assert ended.returncode == 2
    assert "model.hidden_size must be greater than or equal to 1, got -1" in ended.stderr
    assert not list(tmp_path.glob("out/.submitit/*"))


def test_what_slurm_refuses_is_said_in_a_line(slurm, tmp_path):
    ended = Sweeps(tmp_path, [*slurm, "launcher.partition=nowhere"]).run("seed=0,1")
    assert ended.returncode == 2
    assert "sbatch refuses the jobs" in ended.stderr
    assert "invalid partition specified: nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_processes_of_a_ddp_job_on_slurm_make_one_run(slurm, tmp_path):
    pair = ["launcher.cpus_per_job=2", "launcher.gpus_per_job=2", "trainer=ddp", "trainer.accelerator=cpu"]
    sweeps = Sweeps(tmp_path, [*slurm, *pair])
    ended = sweeps.run("seed=0")
    assert ended.returncode == 0, ended.stderr
    (record,) = sweeps.records()
    assert (record["status"], record["world_size"]) == ("done", 2)
    assert len(record["visible_devices"].split(",")) == 2
    assert [path.name for path in (tmp_path / "out").glob("[0-9]*")] == ["0"]
