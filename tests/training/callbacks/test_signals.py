"""Signals that ask a run to stop, before, in and after training."""

import atexit
import json
import os
import signal
import time

import pytest

from seqlab.data import SequenceData

STOPS = {
    "SIGINT": (KeyboardInterrupt, None),
    "SIGTERM": (SystemExit, "143"),
    "SIGUSR1": (SystemExit, "143"),
}
"""What leaves a run that a signal stops: of the first the command makes exit code 130."""


@pytest.fixture
def stopped(happening, runs):
    """Return what trains and sends a signal at a hook, after so many steps."""

    def stop(name, hook, step, *, config=None, times=1):
        kind, code = STOPS[name]

        def send():
            for _ in range(times):
                signal.raise_signal(signal.Signals[name])

        before = signal.getsignal(signal.Signals[name])
        with happening(hook, step, send), pytest.raises(kind, match=code):
            runs.train(config or runs.settings())
        assert signal.getsignal(signal.Signals[name]) == before

    return stop


@pytest.mark.product(3)
@pytest.mark.parametrize("name", STOPS)
def test_a_signal_lets_the_batch_end_saves_that_very_step_and_goes_on_exactly(runs, stopped, name):
    config = runs.settings()
    stopped(name, "on_train_batch_start", 11, config=config)
    assert runs.step() == 12
    assert runs.record()["status"] == "interrupted"
    runs.train(config)
    runs.train(config, "whole")
    runs.assert_same("run", "whole")


@pytest.mark.product(2)
@pytest.mark.parametrize(
    ("hook", "sent", "saved"),
    [
        ("on_train_batch_start", 15, 16),
        ("on_validation_batch_start", 8, 8),
        ("on_train_epoch_end", 16, 16),
        ("on_train_end", 24, 24),
    ],
)
def test_what_an_epoch_ends_with_is_ended_before_the_run_stops(runs, stopped, hook, sent, saved):
    stopped("SIGTERM", hook, sent)
    assert runs.step() == saved
    assert runs.record()["status"] == "interrupted"
    rows = [json.loads(line) for line in (runs.root / "run/metrics.jsonl").read_text().splitlines()]
    epochs = [row["epoch"] for row in rows if "val/loss" in row]
    assert epochs == list(range(saved // 8))


def test_half_a_step_is_finished_too(runs, stopped):
    config = runs.settings("trainer.accumulate_grad_batches=4")
    stopped("SIGTERM", "on_train_batch_start", 2, config=config)
    assert runs.step() == 3


def test_a_second_ctrl_c_stops_at_once(runs, stopped):
    stopped("SIGINT", "on_train_batch_start", 11, times=2)
    assert runs.step() == 8
    assert runs.record()["status"] == "interrupted"


@pytest.mark.product(3)
@pytest.mark.parametrize("name", STOPS)
def test_while_testing_a_signal_ends_the_run_where_it_is(runs, stopped, name):
    config = runs.settings()
    stopped(name, "on_test_batch_start", 24, config=config)
    assert runs.record()["status"] == "interrupted"
    assert runs.step() == 24
    runs.train(config)
    runs.train(config, "whole")
    runs.assert_same("run", "whole")


@pytest.mark.parametrize("name", STOPS)
def test_while_data_are_read_a_signal_ends_the_run_before_there_is_one(runs, tmp_path, monkeypatch, name):
    kind, code = STOPS[name]
    monkeypatch.setattr(SequenceData, "setup", lambda *_: signal.raise_signal(signal.Signals[name]))
    before = signal.getsignal(signal.Signals[name])
    with pytest.raises(kind, match=code):
        runs.train(runs.settings())
    assert signal.getsignal(signal.Signals[name]) == before
    assert not (tmp_path / "run").exists()


@pytest.mark.product(2)
@pytest.mark.parametrize(
    ("name", "environment", "expected"),
    [
        ("SIGUSR1", {"JOB_ID": "7"}, [["scontrol", "requeue", "7"]]),
        (
            *("SIGUSR1", {"JOB_ID": "9", "ARRAY_JOB_ID": "7", "ARRAY_TASK_ID": "2"}),
            [["scontrol", "requeue", "7_2"]],
        ),
        ("SIGTERM", {"JOB_ID": "7"}, []),
        ("SIGUSR1", {}, []),
    ],
)
def test_slurm_is_asked_to_requeue_a_job_that_it_has_warned(
    stopped, monkeypatch, name, environment, expected
):
    for variable, value in environment.items():
        monkeypatch.setenv(f"SLURM_{variable}", value)
    registered = []
    monkeypatch.setattr(atexit, "register", lambda _function, *given, **_: registered.append(*given))
    stopped(name, "on_train_batch_start", 11)
    assert registered == expected


@pytest.mark.slow
def test_slurm_is_asked_once_and_after_the_record_is_written(runs, started, arrived, tmp_path):
    fake = tmp_path / "bin/scontrol"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncat {tmp_path}/job/*/run.json >> {tmp_path}/asked\n'
    )
    fake.chmod(0o755)
    path = os.pathsep.join([str(fake.parent), os.environ["PATH"]])
    process = started("trainer.max_epochs=2000", "name=job", PATH=path, SLURM_JOB_ID="7")
    run = arrived(process, "job", 11)
    process.send_signal(signal.SIGUSR1)
    assert process.wait() == 143
    command, _, record = (tmp_path / "asked").read_text().partition("\n")
    assert command == "requeue 7"
    assert json.loads(record)["status"] == "interrupted"
    assert runs.step(run) >= 11


@pytest.mark.slow
@pytest.mark.parametrize("send", [os.killpg, os.kill], ids=["to all processes", "to the first process"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_two_processes_stop_together(runs, started, arrived, name, send):
    process = started("trainer=ddp", "trainer.accelerator=cpu", "trainer.max_epochs=2000", "name=two")
    run = arrived(process, "two", 11)
    send(process.pid, signal.Signals[name])
    shown, _ = process.communicate(timeout=120)
    assert process.returncode == {"SIGTERM": 143, "SIGINT": 130}[name], shown
    assert "Traceback" not in shown
    assert f"stopped after step {runs.step(run)};" in shown
    assert runs.record(run)["status"] == "interrupted"
    assert all_gone(process.pid)


def all_gone(group: int) -> bool:
    """Return whether the processes of a group end; the second one may take some seconds longer."""
    for _ in range(600):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
