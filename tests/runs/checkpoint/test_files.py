"""Checkpoints as files: at any instant the old one or the new one, whole."""

import errno
import json
import os
import re
from collections import Counter, OrderedDict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from seqlab.errors import RunError, StorageError
from seqlab.runs.checkpoint.files import Checkpoints
from seqlab.runs.load import read_checkpoint

TINY = (
    *("trainer.max_epochs=3", "trainer.limit_train_batches=4", "trainer.limit_val_batches=1"),
    *("trainer.limit_test_batches=1", "model.hidden_size=4", "task.baselines=false"),
    *("callbacks.figures=false", "logger=none", "verbosity=quiet", "checkpoint.every_steps=1"),
)


def full(*_arguments, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def last(tmp_path):
    """Return a checkpoint that is there already."""
    file = tmp_path / "checkpoints/last.ckpt"
    Checkpoints().save_checkpoint({"step": 1}, file)
    return file


def test_a_checkpoint_is_replaced_and_nothing_else_stays(last):
    Checkpoints().save_checkpoint({"step": 2}, last)
    assert torch.load(last, weights_only=True) == {"step": 2}
    assert list(last.parent.iterdir()) == [last]


@pytest.mark.parametrize("place", [(Path, "write_bytes"), (os, "fsync"), (Path, "replace")])
def test_on_a_full_disk_the_old_one_stays_and_the_line_says_what_to_do(last, monkeypatch, place):
    monkeypatch.setattr(*place, full)
    with pytest.raises(StorageError) as caught:
        Checkpoints().save_checkpoint({"step": 2}, last)
    monkeypatch.undo()
    assert str(caught.value) == (
        f"cannot write {last}: No space left on device; earlier files are intact; free disk space, then run: "
        f"seqlab train resume={last.parents[1]}"
    )
    assert torch.load(last, weights_only=True) == {"step": 1}
    assert list(last.parent.iterdir()) == [last]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_in_a_read_only_folder_the_old_one_stays(last):
    last.parent.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="Permission denied; earlier files are intact"):
            Checkpoints().save_checkpoint({"step": 2}, last)
    finally:
        last.parent.chmod(0o700)
    assert torch.load(last, weights_only=True) == {"step": 1}


@pytest.mark.product(2)
@pytest.mark.parametrize("place", [(Path, "write_bytes"), (os, "fsync")])
def test_a_run_whose_disk_gets_full_fails_in_one_line_and_goes_on_once_there_is_room(
    train, happening, monkeypatch, capsys, place
):
    with (
        monkeypatch.context() as patch,
        happening("on_train_batch_end", 6, lambda: patch.setattr(*place, full)),
    ):
        assert train(*TINY) == 1
    (run,) = Path("out/names-lstm").iterdir()
    complaint = [line for line in capsys.readouterr().err.splitlines() if line.startswith("seqlab: ")]
    assert len(complaint) == 1
    assert complaint[0].startswith(f"seqlab: cannot write {'to ' if place[0] is os else ''}{run.absolute()}")
    assert "No space left on device; earlier files are intact; free disk space" in complaint[0]
    assert torch.load(run / "checkpoints/last.ckpt", weights_only=True)["global_step"] == 5
    (run / "checkpoints/.last.ckpt.draft-0a1b2c3d").touch()
    assert train(f"resume={run}") == 0
    left = sorted(file.name for file in (run / "checkpoints").iterdir())
    assert left == ["best.json", "best.safetensors", "last.ckpt"]
    record = json.loads((run / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("done", 12)


def test_the_record_says_that_a_run_failed_for_want_of_room(train, happening, monkeypatch):
    with (
        monkeypatch.context() as patch,
        happening("on_train_batch_end", 6, lambda: patch.setattr(Path, "write_bytes", full)),
    ):
        assert train(*TINY) == 1
    (run,) = Path("out/names-lstm").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert record["status"] == "failed"
    assert record["error"].startswith(f"cannot write {run.absolute()}/checkpoints/last.ckpt: ")


def test_a_run_that_the_disk_has_no_room_for_does_not_begin(train, monkeypatch, capsys):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10_000))
    assert train(*TINY) == 2
    (run,) = Path("out/names-lstm").iterdir()
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(
        f"seqlab: {run.absolute()} has 0 MiB left, and the checkpoints of this run take up to"
    )
    assert line.endswith("free disk space, or set paths.output_dir")
    assert not (run / "checkpoints").exists()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.float64(1), "x is a float64"),
        ({"a": [{"b": {1}}]}, "x.a.0.b is a set"),
        (Counter("a"), "x is a Counter"),
        (torch.zeros(2).to_sparse(), "x is a tensor of torch.float32"),
        (torch.zeros(2, dtype=torch.complex64), "x is a tensor of torch.complex64"),
        (torch.nn.Parameter(torch.zeros(2)), "x is a tensor of"),
        ({(1, 2): 3}, "x, a key, is a tuple"),
        (b"bytes", "x is a bytes"),
    ],
)
def test_what_could_not_be_read_again_is_not_saved(tmp_path, value, words):
    file = tmp_path / "last.ckpt"
    with pytest.raises(RunError, match=f"^{re.escape(words)}.*a checkpoint cannot contain; use None, bool"):
        Checkpoints().save_checkpoint({"x": value}, file)
    assert not file.exists()


def test_what_is_saved_is_read_again(tmp_path):
    file = tmp_path / "last.ckpt"
    plain = {"a": [None, True, 2, 0.5, "x", (1, {3: "y"})], "t": torch.arange(3), "state_dict": OrderedDict()}
    Checkpoints().save_checkpoint(plain, file)
    found = read_checkpoint(file)
    assert torch.equal(found.pop("t"), plain.pop("t"))
    assert found == plain


def test_a_folder_that_was_removed_is_not_made_again(tmp_path):
    run = tmp_path / "run"
    with pytest.raises(StorageError, match=r"run was removed while .* run the command again$"):
        Checkpoints(folder=run).save_checkpoint({"step": 1}, run / "checkpoints/last.ckpt")
    assert not run.exists()
