"""Processes of one run that die or stop are named, and the run ends and can be resumed."""

import os
import platform
import signal
import time
from types import SimpleNamespace

import pytest

from seqlab.errors import TrainingError
from seqlab.runs.folder import RunFolder
from seqlab.training import ranks
from seqlab.training.ranks import Ranks

LOST = (
    "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:525] Connection closed by peer [127.0.0.1]:29437"
)


def watching(folder, patience=60.0, count=2, nodes=1):
    strategy = SimpleNamespace(launcher=None)
    trainer = SimpleNamespace(global_rank=0, world_size=count, num_nodes=nodes, strategy=strategy)
    return Ranks(folder, trainer, patience)


def broken(folder, before=lambda: None):
    with watching(folder).watched():
        time.sleep(0.1)
        before()
        raise RuntimeError(LOST)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(ranks, "BEAT", 0.02)
    return RunFolder(tmp_path)


def test_a_broken_connection_is_told_by_the_process_that_is_silent(folder, tmp_path):
    (tmp_path / ".rank-1.draft-00000001").touch()
    message = r"^rank 1 of 2 has been silent for .*; there is no checkpoint yet"
    with pytest.raises(TrainingError, match=message):
        broken(folder)
    assert not (tmp_path / ".rank-0.draft-00000000").exists()


def test_a_process_that_ended_before_the_others_has_said_why(folder, tmp_path):
    other = tmp_path / ".rank-1.draft-00000001"
    other.touch()
    folder.checkpoints.mkdir()
    folder.last.touch()
    message = r"^rank 1 of 2 has ended .* resume: seqlab train resume=/"
    with pytest.raises(TrainingError, match=message):
        broken(folder, other.unlink)


@pytest.mark.parametrize("message", ["mat1 and mat2 shapes cannot be multiplied", LOST])
def test_an_error_while_all_are_there_stays_as_it_is(folder, message):
    with pytest.raises(RuntimeError, match=message[-9:]), watching(folder).watched():
        raise RuntimeError(message)


@pytest.mark.parametrize(("nodes", "beats"), [(1, 3), (2, 15)])
def test_on_several_machines_a_process_may_be_silent_for_longer(folder, tmp_path, nodes, beats):
    (tmp_path / ".rank-1.draft-00000001").touch()
    watch = watching(folder, nodes=nodes)
    watch._look()
    begun = time.monotonic()
    assert "rank 1 of 2 has been silent" in watch._reason()
    assert time.monotonic() - begun > beats * ranks.BEAT


class Ended:
    """A child process that has ended with an error and whose number another process may have by now."""

    def poll(self):
        return 1

    def kill(self):
        """Do nothing, as subprocess does for a process that has been waited for."""


def test_the_number_of_a_process_that_has_ended_is_not_killed(folder, tmp_path, monkeypatch):
    (tmp_path / ".rank-1.draft-00000001").write_text(f"123 {ranks.here()}")
    (tmp_path / ".rank-2.draft-00000002").write_text(f"456 {ranks.here()}")
    killed = []
    monkeypatch.setattr(os, "kill", lambda number, _: killed.append(number))
    monkeypatch.setattr(os, "_exit", lambda _: None)
    monkeypatch.setattr(ranks, "child_processes", lambda _: [Ended()])
    watching(folder, count=3)._end([1, 2])
    assert killed == [456]


def test_the_number_of_a_process_elsewhere_is_not_killed(folder, tmp_path, monkeypatch):
    (tmp_path / ".rank-1.draft-00000001").write_text(f"123 {platform.node()} pid:[1]")
    killed = []
    monkeypatch.setattr(os, "kill", lambda number, _: killed.append(number))
    watching(folder)._kill(1)
    assert killed == []


def test_one_process_alone_is_not_watched(folder, tmp_path):
    with watching(folder, count=1).watched():
        assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(("lost", "name"), [(1, "SIGSTOP"), (1, "SIGKILL"), (0, "SIGSTOP")])
def test_the_process_that_dies_or_stops_is_named_and_the_run_can_be_resumed(
    runs, started, arrived, lost, name
):
    settings = (
        "trainer=ddp",
        "trainer.accelerator=cpu",
        "trainer.rank_timeout_s=4",
        "checkpoint.every_steps=3",
    )
    process = started(*settings, "trainer.max_epochs=2000", "name=two")
    run = arrived(process, "two", 11)
    victim = int((run / f".rank-{lost}.draft-{lost:08x}").read_text().partition(" ")[0])
    os.kill(victim, getattr(signal, name))
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == (1 if lost else -signal.SIGKILL), shown
    assert "Traceback" not in shown
    assert "gloo" not in shown
    words = "was killed by SIGKILL, perhaps out of memory" if name == "SIGKILL" else "has been silent for"
    assert f"seqlab: rank {lost} of 2 {words}" in shown
    assert f"to resume: seqlab train resume={run}" in shown
    record = runs.record(run)
    assert record["status"] == ("failed" if lost else "running")
    assert runs.step(run) > 0
    assert not RunFolder(run).is_used()
