"""One byte of a checkpoint is another: no number comes from it."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seqlab.errors import RunError
from seqlab.runs.load import read_checkpoint, read_progress


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << place % 8
    file.write_bytes(content)


def place_of(file: Path, values: torch.Tensor) -> int:
    """Return where the numbers of a tensor stand in a file."""
    sought = values.numpy().tobytes()
    assert file.read_bytes().count(sought) == 1
    return file.read_bytes().index(sought)


@pytest.fixture
def run(run: Path, as_earlier: Callable[[Path], Path]) -> Path:
    """Both of whose files of weights are checkpoints, as earlier versions left them."""
    return as_earlier(run)


@pytest.mark.product(2)
@pytest.mark.parametrize("name", ["best", "last"])
def test_a_changed_byte_is_noticed_wherever_it_is(run, name):
    file = run / f"checkpoints/{name}.ckpt"
    whole = shutil.copy(file, "whole.ckpt")
    size = file.stat().st_size
    read_progress(file)
    for place in (*range(0, size, size // 40), *range(size - 40, size)):
        shutil.copy(whole, file)
        flip(file, place)
        with pytest.raises(RunError, match=rf"{name}\.ckpt: .*; use another checkpoint or train again$"):
            read_checkpoint(file)


def test_every_command_names_the_tensor(run, command, reading):
    weight = "model.recurrent.layers.0.U"
    for file in (run / "checkpoints/best.ckpt", run / "checkpoints/last.ckpt"):
        flip(file, place_of(file, torch.load(file, weights_only=True)["state_dict"][weight]) + 9)
    code, shown, complaint = command(*reading(run))
    assert (code, shown) == (2, "")
    (line,) = (line for line in complaint if line.startswith("seqlab: "))
    assert (
        f"ckpt: tensor 'state_dict.{weight}' is damaged: its bytes differ from those that were written"
        in line
    )


def test_the_state_of_the_optimizer_is_looked_at_too(run):
    file = run / "checkpoints/last.ckpt"
    momentum = torch.load(file, weights_only=True)["optimizer_states"][0]["state"][1]["exp_avg"]
    flip(file, place_of(file, momentum) + 8)
    with pytest.raises(RunError, match=r"tensor 'optimizer_states\.0\.state\.1\.exp_avg' is damaged"):
        read_progress(file)


def test_what_has_no_checksum_of_its_own_is_compared_with_the_archives(run):
    file = run / "checkpoints/best.ckpt"
    content = torch.load(file, weights_only=True)
    torch.save(content, file)  # as an earlier seqlab did
    read_checkpoint(file)
    flip(file, place_of(file, content["state_dict"]["model.head.linear.bias"]) + 3)
    with pytest.raises(RunError, match=r"tensor 'state_dict\.model\.head\.linear\.bias' is damaged"):
        read_checkpoint(file)


def test_others_can_read_a_checkpoint_with_its_checksum(run):
    file = run / "checkpoints/best.ckpt"
    assert zipfile.ZipFile(file).testzip() is None
    for mapped in (False, True):
        content = torch.load(file, weights_only=True, mmap=mapped)
        assert content["state_dict"].keys() == read_checkpoint(file)["state_dict"].keys()
