"""Whole sweeps through the command, as a user runs them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

QUICK = [
    "data=names",
    "data.source=auto",
    "debug=default",
    "trainer.accelerator=cpu",
    "verbosity=quiet",
    "callbacks.figures=false",
    "logger=none",
    "task.baselines=false",
    "hydra.sweep.dir=out",
]


FOUR = ["model=rnn,gru", "seed=0,1", "launcher.devices=[4,5]", "launcher.jobs_per_device=1"]


def command(*arguments):
    return [sys.executable, "-m", "seqlab", "train", "-m", *QUICK, *arguments]


def sweep(folder, *arguments, **environment):
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def eight_gpus(tmp_path_factory):
    """Return the environment of a machine that says it has GPUs 0 to 7."""
    tool = tmp_path_factory.mktemp("bin") / "nvidia-smi"
    listed = "\n".join(f"GPU {number}: A (UUID: GPU-{number})" for number in range(8))
    tool.write_text(f"#!/bin/sh\ncat <<END\n{listed}\nEND\n")
    tool.chmod(0o755)
    return {"PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}


def records(folder):
    return {file.parent.name: json.loads(file.read_text()) for file in (folder / "out").glob("*/run.json")}


@pytest.fixture(scope="module")
def four(tmp_path_factory, eight_gpus):
    """Four jobs on two pretended devices, one at a time on each."""
    folder = tmp_path_factory.mktemp("four")
    return folder, sweep(folder, *FOUR, **eight_gpus)


def test_every_point_has_a_finished_run_in_a_folder_of_its_own(four):
    folder, done = four
    assert done.returncode == 0, done.stderr
    assert {name: (record["cell"], record["seed"]) for name, record in records(folder).items()} == {
        "0": ("rnn", 0),
        "1": ("rnn", 1),
        "2": ("gru", 0),
        "3": ("gru", 1),
    }
    assert {record["status"] for record in records(folder).values()} == {"done"}
    assert "4 runs" in done.stdout


def test_jobs_at_the_same_time_see_different_devices_and_freed_ones_are_used_again(four):
    folder, done = four
    seen = [record["visible_devices"] for _, record in sorted(records(folder).items())]
    assert set(seen[:2]) == {"4", "5"}
    assert set(seen) == {"4", "5"}
    assert "job 0 starts on GPU 4: model=rnn seed=0" in done.stderr


@pytest.mark.slow
def test_the_same_command_runs_nothing_again(four, eight_gpus):
    folder, first = four
    before = {file: file.stat().st_mtime_ns for file in (folder / "out").glob("*/run.json")}
    again = sweep(folder, *FOUR, **eight_gpus)
    assert again.returncode == 0, again.stderr
    assert "starts" not in again.stderr
    assert {file: file.stat().st_mtime_ns for file in (folder / "out").glob("*/run.json")} == before
    assert again.stdout == first.stdout


@pytest.mark.slow
def test_a_wrong_value_in_one_job_is_refused_before_the_first_starts(tmp_path):
    done = sweep(tmp_path, "model.hidden_size=4,8,-1,zero")
    assert done.returncode == 2
    assert "model.hidden_size must be greater than or equal to 1, got -1" in done.stderr
    assert "got 'zero'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not records(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["launcher.devices=[0,1]", "launcher.gpus_per_job=2"])
def test_gpus_that_are_not_there_are_refused_before_the_first_job_starts(tmp_path, launcher):
    done = sweep(tmp_path, "seed=0,1", launcher, CUDA_VISIBLE_DEVICES="-1")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "no GPU is visible here" in done.stderr
    assert not records(tmp_path)
    assert not (tmp_path / "out/sweep.yaml").exists()


@pytest.mark.slow
def test_two_sweeps_of_one_folder_at_the_same_time_are_one_and_a_refusal(tmp_path):
    both = [
        subprocess.Popen(command(f"seed={seed}"), cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for seed in (10, 20)
    ]
    said = [process.communicate(timeout=300)[1] for process in both]
    codes = [process.returncode for process in both]
    assert sorted(codes) == [0, 2], said
    assert len(said[codes.index(2)].splitlines()) == 1
    assert [record["seed"] for record in records(tmp_path).values()] == [(10, 20)[codes.index(0)]]


@pytest.mark.slow
def test_a_failing_job_is_shown_at_once_and_the_others_go_on(tmp_path):
    done = sweep(tmp_path, "seed=0", "data.root=null,missing", "data.batch_size=16,32,64")
    found = records(tmp_path)
    assert done.returncode == 1
    assert sorted(name for name, record in found.items() if record["status"] == "done") == ["0", "1", "2"]
    assert "3 of 6 jobs failed" in done.stderr
    assert "missing" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_with_fail_fast_the_first_failure_ends_the_sweep(tmp_path):
    done = sweep(tmp_path, "data.root=missing,null", "seed=0,1", "launcher.fail_fast=true")
    assert done.returncode == 1
    assert "1 of 4 jobs failed" in done.stderr
    assert not [record for record in records(tmp_path).values() if record["status"] == "done"]


@pytest.mark.slow
def test_a_job_that_is_killed_is_reported_and_the_others_go_on(tmp_path):
    command_line = command("model=rnn,gru", "trainer.max_epochs=60")
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command_line, cwd=tmp_path, stdout=log, stderr=log)
        wait_until((tmp_path / "out/0/metrics.jsonl").exists)
        os.kill(records(tmp_path)["0"]["pid"], signal.SIGKILL)
        assert process.wait(120) == 1
    found = records(tmp_path)
    assert [found[job]["status"] for job in "01"] == ["failed", "done"]
    assert found["0"]["error"] == "killed by SIGKILL, perhaps out of memory"
    assert "1 of 2 jobs failed" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_two_processes_of_a_job_have_one_folder_and_the_devices_of_one_place(tmp_path, eight_gpus):
    places = ["launcher.devices=[4,5,6,7]", "launcher.gpus_per_job=2"]
    done = sweep(tmp_path, "seed=0,1", "trainer=ddp", "trainer.accelerator=cpu", *places, **eight_gpus)
    assert done.returncode == 0, done.stderr
    found = records(tmp_path)
    assert {record["visible_devices"] for record in found.values()} == {"4,5", "6,7"}
    assert {record["status"] for record in found.values()} == {"done"}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".sweep.lock",
        *("0", "0.log", "1", "1.log"),
        "multirun.yaml",
        "sweep.yaml",
    ]
    assert not (tmp_path / "outputs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_stopped_sweep_leaves_no_process_and_goes_on_later(tmp_path, number, code):
    arguments = ["model=rnn,gru", "seed=0,1", "trainer.max_epochs=60", "launcher.jobs_per_device=2"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command(*arguments),
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            # A test run in the background ignores Ctrl-C, and its children would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads yet)
        )
        wait_until(lambda: all((tmp_path / f"out/{job}/metrics.jsonl").exists() for job in (0, 1)))
        process.send_signal(number)
        assert process.wait(120) == code
    children = {record["pid"] for record in records(tmp_path).values()}
    assert len(children) == 2
    wait_until(lambda: not any(is_alive(child) for child in children))
    assert {record["status"] for record in records(tmp_path).values()} == {"interrupted"}
    resume = [sys.executable, "-m", "seqlab", "sweep", "resume", str(tmp_path / "out")]
    done = subprocess.run(resume, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert {record["status"] for record in records(tmp_path).values()} == {"done"}


def wait_until(is_so, seconds=200.0):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
