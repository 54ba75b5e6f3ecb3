"""Processes that compile at once, and one that is killed while it does."""

import os
import signal
import subprocess
import sys
import time

import pytest

COMPILE = """
import sys, torch
from seqlab.engines.native.compiler import load
load('extern "C" const long lanes = 7;', torch.float32)
print("loaded")
"""


@pytest.fixture
def place(tmp_path):
    """Return an environment with an empty cache and a compiler that notes its calls, and the notes."""
    notes, script = tmp_path / "calls", tmp_path / "c++"
    note = 'echo call >> "$NOTES"; sleep "${SLOWLY:-0}"'
    script.write_text(f'#!/bin/sh\ncase "$*" in *-dM*) ;; *) {note};; esac\nexec c++ "$@"\n')
    script.chmod(0o755)
    chosen = {"SEQLAB_CACHE_DIR": str(tmp_path / "cache"), "CXX": str(script), "NOTES": str(notes)}
    return {**os.environ, **chosen}, notes


def start(environment, **more):
    return subprocess.Popen(
        [sys.executable, "-c", COMPILE],
        env={**environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_sixteen_processes_compile_once_and_all_go_on(place):
    environment, notes = place
    runs = [start(environment, SLOWLY="1") for _ in range(16)]
    answers = [run.communicate(timeout=300) for run in runs]
    assert answers == [("loaded\n", "")] * 16
    assert notes.read_text() == "call\n"


@pytest.mark.slow
def test_a_process_killed_while_it_compiles_holds_nobody_up(place):
    environment, notes = place
    with start(environment, SLOWLY="60") as killed:
        deadline = time.monotonic() + 60
        while not notes.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    with start(environment) as run:
        assert run.communicate(timeout=60) == ("loaded\n", "")
    assert notes.read_text() == "call\ncall\n"
    left = [path.suffix for path in (notes.parent / "cache" / "native").iterdir()]
    assert sorted(left) == ["", ".lock"]
