"""Sweeps on a real Ray cluster of this machine, which is told that it has four GPUs."""

import secrets
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

SIX = "data.root=a,b,c,d,e,missing"

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(absent, tmp_path_factory):
    """Return the address of a cluster, which ends with the tests."""
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
            yield f"127.0.0.1:{port}"
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


@pytest.fixture(scope="module")
def six(address, cluster_sweeps, tmp_path_factory):
    sweeps = cluster_sweeps(tmp_path_factory.mktemp("ray"), ["launcher=ray", f"launcher.address={address}"])
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
    assert "seqlab: 1 of 6 jobs failed" in ended.stderr
    assert "seqlab: job 5 (data.root=missing) failed: no real data" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert sweeps.records()[5]["status"] == "failed"


def test_the_same_sweep_hands_over_only_what_is_not_done_and_a_job_may_ask_for_a_share(six):
    sweeps, _ = six
    before = sweeps.records()
    (sweeps.folder / "out/3/run.json").unlink()
    again = sweeps.run(SIX, "launcher.gpus_per_job=0.25")
    assert "2 of 6 jobs go to ray" in again.stderr
    assert "job 5 (data.root=missing) failed: no real data" in again.stderr
    after = sweeps.records()
    assert [after[job] for job in (0, 1, 2, 4)] == [before[job] for job in (0, 1, 2, 4)]
    assert after[3]["status"] == "done"
    assert "data.root=d" in after[3]["overrides"]


def test_an_address_without_a_cluster_is_said_in_a_line(address, cluster_sweeps, tmp_path):
    ended = cluster_sweeps(tmp_path, ["launcher=ray", "launcher.address=127.0.0.1:1"]).run("seed=0,1")
    assert ended.returncode == 2
    assert "launcher.address=127.0.0.1:1: no Ray cluster answers" in ended.stderr
    assert "Traceback" not in ended.stderr
