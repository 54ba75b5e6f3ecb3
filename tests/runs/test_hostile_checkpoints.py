# ruff: noqa: E501 (a table of attacks, one a line)
"""Checkpoints that are broken, or made to do harm: refused in one line, nothing executed, no memory taken."""

import io
import json
import os
import pickle
import resource
import socket
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from seqlab import cli

BIAS = "model.head.linear.bias"
GIB = 2**30


class Payload:
    """What a pickle would execute."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch executed",)


class Called:
    """A pickle's call of any function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


class Stored:
    """What stands for a storage in a pickle."""

    def __init__(self, kind: type, key: str, numel: int) -> None:
        self.id = "storage", kind, key, "cpu", numel


class Writer(pickle.Pickler):
    """torch.save's pickler, apart from what it claims of the bias."""

    def __init__(self, buffer: io.BytesIO, numel: int) -> None:
        super().__init__(buffer, protocol=2)
        self.numel, self.storages = numel, {}

    def persistent_id(self, value: Any) -> Any:
        return value.id if isinstance(value, Stored) else None

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return NotImplemented
        key = str(len(self.storages))
        self.storages[f"archive/data/{key}"] = value.numpy().tobytes()
        is_bias = value.shape == (18,)
        numel = self.numel if is_bias else value.numel()
        shape = ((numel,), (1,)) if is_bias else (tuple(value.shape), value.stride())
        stored = Stored(torch.FloatStorage, key, numel)
        return torch._utils._rebuild_tensor_v2, (stored, 0, *shape, False, OrderedDict())


def change(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """Return what saves a checkpoint anew after an edit of its content."""

    def damage(file: Path) -> None:
        content = torch.load(file, weights_only=True)
        edit(content)
        torch.save(content, file)

    return damage


def weights(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    return change(lambda content: edit(content["state_dict"]))


def spec(**values: Any) -> Callable[[Path], None]:
    return change(lambda content: content["hyper_parameters"]["spec"].update(values))


def parts(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(file: Path, entries: Mapping[str, bytes], kind: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def pickled(content: bytes) -> Callable[[Path], None]:
    """Return what puts other steps in place of a checkpoint's pickle."""
    return lambda file: write(file, parts(file) | {"archive/data.pkl": content})


def opcodes(inside: bytes) -> Callable[[Path], None]:
    """Return a pickle of {"state_dict": {}, "x": what the opcodes make}."""
    return pickled(b"\x80\x02}(X\x0a\x00\x00\x00state_dict}X\x01\x00\x00\x00x" + inside + b"u.")


def directory(edit: Callable[[list[zipfile.ZipInfo]], Any]) -> Callable[[Path], None]:
    """Return what makes an archive's directory say something else than there is."""

    def damage(file: Path) -> None:
        entries = parts(file)
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
            edit(archive.infolist())

    return damage


def enlarge(entries: list[zipfile.ZipInfo]) -> None:
    entries[5].file_size = entries[5].compress_size = 2**40


def overlap(entries: list[zipfile.ZipInfo]) -> None:
    entries[6].header_offset = entries[5].header_offset


def claim(numel: int) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        content = torch.load(file, weights_only=True)
        buffer = io.BytesIO()
        writer = Writer(buffer, numel)
        writer.dump({part: content[part] for part in ("state_dict", "hyper_parameters")})
        write(file, {"archive/data.pkl": buffer.getvalue(), "archive/version": b"3\n"} | writer.storages)

    return damage


def laughs() -> list[Any]:
    found: list[Any] = ["ha"] * 10
    for _ in range(9):
        found = [found] * 10
    return found


def itself() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def special(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        file.unlink()
        make(file)

    return damage


def bind(file: Path) -> None:
    here = Path.cwd()
    os.chdir(file.parent)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(file.name)
    os.chdir(here)


def link(file: Path) -> None:
    file.symlink_to("../run.log")


def sparse_file(file: Path) -> None:
    os.truncate(file, 9 * GIB)


def shared(content: dict[str, Any]) -> None:
    content["x"] = [content["state_dict"]["model.encoder.embedding.weight"].view(-1)[i:] for i in range(900)]


def quantised(state: dict[str, Any]) -> None:
    state[BIAS] = Called(torch._utils._rebuild_qtensor, 1, 2)


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "an empty one": (lambda file: file.write_bytes(b""), "not a checkpoint, or is cut off"),
    "some text": (lambda file: file.write_text("weights"), "not a checkpoint, or is cut off"),
    "one cut off": (lambda file: os.truncate(file, file.stat().st_size // 2), "not a checkpoint, or is cut off"),
    "one of 9 GiB": (sparse_file, "more than the 8,589,934,592 allowed"),
    "a link": (special(link), "is a link"),
    "a folder": (special(Path.mkdir), "is a folder"),
    "a pipe": (special(os.mkfifo), "is a pipe"),
    "a socket": (special(bind), "is a socket"),
    "a payload as a pickle": (lambda file: file.write_bytes(pickle.dumps(Payload())), "not a checkpoint"),
    "a payload in the old format": (lambda file: torch.save({"x": Payload()}, file, _use_new_zipfile_serialization=False), "not a checkpoint"),
    "a payload as a whole": (lambda file: torch.save(Payload(), file), "posix.system"),
    "a payload among the weights": (weights(lambda state: state.update(x=Payload())), "posix.system"),
    "a payload among the settings": (spec(name=Payload()), "posix.system"),
    "a call of eval": (change(lambda content: content.update(x=Called(eval, "open('executed','w')"))), "simple value"),
    "a call of torch.load": (change(lambda content: content.update(x=Called(torch.load, "a"))), "torch.serialization.load"),
    "100 GB of bytearray": (change(lambda content: content.update(x=Called(bytearray, 10**11))), "bytearray"),
    "a number of NumPy's": (change(lambda content: content.update(x=np.float64(1))), "simple value"),
    "a path": (change(lambda content: content.update(x=Path("a"))), "simple value"),
    "a set": (change(lambda content: content.update(x={1, 2})), "simple value"),
    "a compressed archive": (lambda file: write(file, parts(file), zipfile.ZIP_DEFLATED), "compressed entries"),
    "a compressed bomb": (lambda file: write(file, parts(file) | {"archive/data/0": bytes(GIB // 16)}, zipfile.ZIP_DEFLATED), "compressed entries"),
    "a part larger than the file": (directory(enlarge), "overlap or are longer"),
    "parts that overlap": (directory(overlap), "overlap or are longer"),
    "something before the archive": (lambda file: file.write_bytes(b"#!/bin/sh\n" + file.read_bytes()), "overlap or are longer"),
    "two parts of one name": (lambda file: write(file, parts(file) | {"archive/DATA.pkl": b""}), "two entries of the same name"),
    "an archive without parts": (lambda file: write(file, {}), "0 entries"),
    "an archive of something else": (lambda file: write(file, {"a/b": b""}), "contains no weights"),
    "17 MB of settings": (change(lambda content: content.update(x="x" * 17_000_000)), "besides its tensors"),
    "a pickle cut off": (pickled(b"\x80\x02}("), "is damaged"),
    "a pickle of an unknown step": (opcodes(b"\xff"), "is damaged"),
    "a stack that runs empty": (pickled(b"\x80\x02ss."), "cannot be read as simple values"),
    "100,000 lists in one another": (opcodes(b"]" * 100_000 + b"a" * 99_999), "nested too deeply"),
    "a list that holds itself": (change(lambda content: content.update(x=itself())), "nested too deeply"),
    "10¹⁰ words in a hundred lists": (change(lambda content: content.update(x=laughs())), "more values than its size"),
    "a tensor of 10¹² equal numbers": (weights(lambda state: state.update({BIAS: torch.zeros(1).expand(10**12)})), "larger than the file"),
    "900 tensors of one storage": (change(shared), "larger than the file"),
    "a storage of more than the file": (claim(10**9), "cannot be read as simple values"),
    "a sparse tensor": (weights(lambda state: state.update({BIAS: torch.zeros(18).to_sparse()})), "simple value"),
    "a quantised tensor": (weights(quantised), "_rebuild_qtensor"),
    "a tensor without memory": (weights(lambda state: state.update({BIAS: torch.zeros(18, device="meta")})), "simple value"),
    "complex weights": (weights(lambda state: state.update({BIAS: torch.zeros(18, dtype=torch.complex64)})), "ComplexFloatStorage"),
    "weights of another type": (weights(lambda state: state.update({BIAS: state[BIAS].double()})), f"'{BIAS}' does not have the network's shape and type"),
    "weights of another shape": (weights(lambda state: state.update({"model.recurrent.layers.0.U": torch.zeros(3, 3)})), "U' does not have the network's shape and type"),
    "one weight too many": (weights(lambda state: state.update(x=torch.zeros(1))), "another network ('x')"),
    "one weight too few": (weights(lambda state: state.pop("model.encoder.embedding.weight")), "another network"),
    "half a character": (spec(name="\ud800"), "half a character"),
    "a weight that is NaN": (weights(lambda state: state[BIAS].fill_(torch.nan)), f"'{BIAS}' is not finite"),
    "a weight that is infinite": (weights(lambda state: state[BIAS].fill_(torch.inf)), f"'{BIAS}' is not finite"),
    "an optimizer's state that is NaN": (change(lambda content: content["optimizer_states"][0]["state"][0]["exp_avg"].fill_(torch.nan)), "state of the optimizer is not finite"),
    "no weights": (change(lambda content: content.pop("state_dict")), "contains no weights"),
    "a list of weights": (change(lambda content: content.update(state_dict=[torch.zeros(1)])), "contains no weights"),
    "a number for a weight": (weights(lambda state: state.update(x=1)), "contains no weights"),
    "a tensor as a whole": (lambda file: torch.save(torch.zeros(1), file), "contains no weights"),
}  # fmt: skip

MISDESCRIBED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no settings": (change(lambda content: content.pop("hyper_parameters")), "the data that it was trained on"),
    "a list of settings": (change(lambda content: content.update(hyper_parameters=[])), "the data that it was trained on"),
    "a vocabulary that is a number": (spec(symbols=3), "the data that it was trained on"),
    "a size that is a word": (spec(input_size="many"), "the data that it was trained on"),
    "a size below zero": (spec(input_size=-5), "describes its data inconsistently"),
    "fewer symbols than vectors": (spec(symbols=["a"]), "describes its data inconsistently"),
    "more classes than answers": (spec(classes=["a"] * 9999), "describes its data inconsistently"),
    "classes without a count": (spec(class_counts=[1]), "describes its data inconsistently"),
    "another task": (spec(task="forecasting"), "describes its data inconsistently"),
}  # fmt: skip
"""Checkpoints without which a run can go on: it has the data, and does not ask, or begins anew."""

UNFINISHABLE: dict[str, Callable[[Path], Any]] = {
    "no loops": change(lambda content: content.pop("loops")),
    "a list of loops": change(lambda content: content.update(loops=[1])),
    "no optimizer": change(lambda content: content.pop("optimizer_states")),
    "two optimizers": change(lambda content: content["optimizer_states"].append({})),
    "a number for an optimizer": change(lambda content: content.update(optimizer_states=[3])),
    "an optimizer of other shapes": change(lambda content: content["optimizer_states"][0]["state"][0].update(exp_avg=torch.zeros(3))),
    "an optimizer of other weights": change(lambda content: content["optimizer_states"][0]["param_groups"][0].update(params=[0])),
    "an optimizer of fewer weights": change(
        lambda content: content["optimizer_states"][0].update(
            state={}, param_groups=[{**content["optimizer_states"][0]["param_groups"][0], "params": [0]}]
        )
    ),
    "a schedule that is a word": change(lambda content: content.update(lr_schedulers=["x"])),
    "callbacks that are a list": change(lambda content: content.update(callbacks=[1])),
    "a callback that is a number": change(lambda content: content.update(callbacks={"Resume": 3})),
    "no epoch": change(lambda content: content.pop("epoch")),
    "a step below zero": change(lambda content: content.update(global_step=-1)),
    "a step that is a word": change(lambda content: content.update(global_step="x")),
}  # fmt: skip
"""Checkpoints whose weights can be used, and with which no training can go on."""


@pytest.fixture
def run(run: Path, as_earlier: Callable[[Path], Path]) -> Path:
    """Both of whose files of weights are checkpoints, as earlier versions left them."""
    return as_earlier(run)


@pytest.mark.product(10)
@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_or_broken_checkpoint_is_refused_in_one_line_and_does_nothing(
    run, command, reading, attack
):
    damage, words = HOSTILE[attack]
    for name in ("best", "last"):
        damage(run / f"checkpoints/{name}.ckpt")
    code, shown, complaint = command(*reading(run))
    assert (code, shown) == (2, "")
    (line,) = (line for line in complaint if line.startswith("seqlab: "))
    assert f"{run}/checkpoints/" in line
    assert "st.ckpt: " in line
    assert words in line or "has an optimizer that does not match its weights" in line
    assert len(line) < 400
    assert not list(Path.cwd().rglob("executed"))


@pytest.mark.product(2)
@pytest.mark.parametrize("attack", MISDESCRIBED)
@pytest.mark.parametrize("words_of_command", [["eval"], ["predict", "Satoshi"]], ids=lambda words: words[0])
def test_a_checkpoint_that_misdescribes_its_data_is_refused(run, command, words_of_command, attack):
    damage, words = MISDESCRIBED[attack]
    damage(run / "checkpoints/best.ckpt")
    name, *texts = words_of_command
    code, shown, (line,) = command(name, str(run), *texts)
    assert (code, shown) == (2, "")
    assert line.startswith(f"seqlab: {run}/checkpoints/best.ckpt: ")
    assert words in line


@pytest.mark.product(3)
@pytest.mark.parametrize("attack", UNFINISHABLE)
def test_a_run_does_not_go_on_from_a_state_of_something_else(run, command, attack):
    UNFINISHABLE[attack](run / "checkpoints/last.ckpt")
    code, shown, complaint = command("train", f"resume={run}", "trainer.max_epochs=2")
    assert (code, shown) == (2, "")
    (line,) = (line for line in complaint if line.startswith("seqlab: "))
    assert f"{run}/checkpoints/last.ckpt: " in line
    assert json.loads((run / "run.json").read_text())["status"] == "done"


def test_the_payload_of_these_tests_would_act(run):
    (run / "checkpoints/best.ckpt").write_bytes(pickle.dumps(Payload()))
    pickle.loads((run / "checkpoints/best.ckpt").read_bytes())
    assert Path("executed").exists()


def test_a_sound_checkpoint_is_read_also_when_its_claims_are_written_by_hand(run, command, reading):
    claim(18)(run / "checkpoints/best.ckpt")
    assert command(*reading(run))[0] == 0


def test_classes_in_another_order_are_not_scored_on_these_data(run, command):
    content = torch.load(run / "checkpoints/best.ckpt", weights_only=True)
    content["hyper_parameters"]["spec"]["classes"].reverse()
    torch.save(content, run / "checkpoints/best.ckpt")
    code, shown, complaint = command("eval", str(run))
    assert (code, shown) == (2, "")
    assert "differs from the data of out/damaged" in complaint[-1]


BOMBS = {
    name: HOSTILE[name][0]
    for name in (
        *("one of 9 GiB", "100 GB of bytearray", "a compressed bomb", "a part larger than the file"),
        *("17 MB of settings", "100,000 lists in one another", "10¹⁰ words in a hundred lists"),
        *("a tensor of 10¹² equal numbers", "900 tensors of one storage", "a storage of more than the file"),
    )
}  # fmt: skip


def a_wide_network(file: Path) -> None:
    settings = file.parents[1] / "config.yaml"
    settings.write_text(settings.read_text().replace("hidden_size: 8", "hidden_size: 30000"))


def a_deep_network(file: Path) -> None:
    settings = file.parents[1] / "config.yaml"
    settings.write_text(settings.read_text().replace("num_layers: 1", "num_layers: 1000000000"))


def a_billion_aliases(file: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]")
    (file.parents[1] / "config.yaml").write_text("\n".join(lines))


def merged_mappings(file: Path) -> None:
    lines = ["a: &a {x: 1}"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 10)}]}}")
    (file.parents[1] / "config.yaml").write_text("\n".join(lines))


def a_deep_record(file: Path) -> None:
    (file.parents[1] / "run.json").write_text('{"x":' * 100_000)


BOMBS |= {
    bomb.__name__: bomb
    for bomb in (a_wide_network, a_deep_network, a_billion_aliases, merged_mappings, a_deep_record)
}


def peak_of(arguments: list[str]) -> tuple[int, int]:
    """Return the exit code of a command in a process of its own, and the most memory that it had, in MiB."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        try:
            resource.setrlimit(
                resource.RLIMIT_DATA, (6 * GIB, 6 * GIB)
            )  # so that a bomb harms the test alone
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            sys.argv = ["seqlab", *arguments]
            code = cli.main()
            lines = Path("/proc/self/status").read_text().splitlines()
            peak = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
            os.write(sender, json.dumps([code, peak]).encode())
        finally:
            os._exit(0)
    os.close(sender)
    with os.fdopen(receiver, "rb") as answer:
        os.waitpid(child, 0)
        return tuple(json.loads(answer.read() or b"[null, null]"))


@pytest.fixture(scope="module")
def normal_peak(sound_run) -> int:
    code, peak = peak_of(["predict", str(sound_run), "Satoshi"])
    assert code == 0
    return peak


@pytest.mark.product(3)
@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory of a process")
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_less_than_twice_the_memory_of_a_sound_run(run, normal_peak, bomb):
    BOMBS[bomb](run / "checkpoints/best.ckpt")
    code, peak = peak_of(["predict", str(run), "Satoshi"])
    assert code == 2
    assert peak < 2 * normal_peak
