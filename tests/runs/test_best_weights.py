"""best.safetensors of a run: read safely, and taken up by runs that an earlier version began."""

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from seqlab.errors import RunError, StorageError
from seqlab.runs.checkpoint.files import Checkpoints
from seqlab.runs.checkpoint.manifest import Manifest
from seqlab.runs.checkpoint.weights import read_weights, write_weights
from seqlab.runs.load import load_run, read_trained

BIAS = "model.head.linear.bias"


def saved_again(edit: Callable[[dict, dict], object]) -> Callable[[Path], None]:
    """Return what writes a file anew, without its checksum, after an edit of its manifest and weights."""

    def damage(file: Path) -> None:
        with safe_open(file, "pt") as content:
            manifest = json.loads(content.metadata()["seqlab"]) | {"sealed": False}
        weights = load_file(file)
        edit(manifest, weights)
        save_file(weights, file, metadata={"seqlab": json.dumps(manifest)})

    return damage


def piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def linked(file: Path) -> None:
    file.unlink()
    file.symlink_to("../run.log")


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (Path.unlink, "no such file; did the run reach its first validation?"),
    "an empty one": (lambda file: file.write_bytes(b""), "is not safetensors, or is cut off"),
    "one cut off": (lambda file: os.truncate(file, file.stat().st_size // 2), "is cut off"),
    "a pickle": (lambda file: torch.save({"state_dict": {}}, file), "is not safetensors"),
    "one of 9 GiB": (lambda file: os.truncate(file, 9 * 2**30), "more than the 8,589,934,592 allowed"),
    "a link": (linked, "is a link"),
    "a pipe": (piped, "is a pipe"),
    "somebody else's": (lambda file: save_file({"w": torch.zeros(1)}, file), "is not an export of seqlab"),
    "another shape": (saved_again(lambda _, w: w.update({BIAS: torch.zeros(3)})), "shape and type"),
    "a NaN": (saved_again(lambda _, w: w[BIAS].fill_(torch.nan)), f"'{BIAS}' is not finite"),
    "a weight less": (saved_again(lambda _, w: w.pop(BIAS)), "another network"),
    "a symbol less": (saved_again(lambda m, _: m["spec"]["symbols"].pop()), "spec contradicts itself"),
    "no spec": (saved_again(lambda m, _: m.pop("spec")), "its description is damaged"),
    "a later format": (saved_again(lambda m, _: m.update(format_version=2)), "its description is damaged"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_in_one_line(run, command, attack):
    damage, words = HOSTILE[attack]
    damage(run / "checkpoints/best.safetensors")
    code, shown, complaint = command("predict", str(run), "Satoshi")
    assert (code, shown) == (2, "")
    (line,) = complaint
    assert line.startswith(f"seqlab: {run}/checkpoints/best.safetensors: ")
    assert words in line


def test_a_changed_byte_is_noticed_wherever_it_is(run):
    file = run / "checkpoints/best.safetensors"
    whole = file.read_bytes()
    read_trained(file)
    for place in (*range(0, len(whole), len(whole) // 40), *range(len(whole) - 20, len(whole))):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(RunError, match=r"best\.safetensors: .*; use another checkpoint or train again$"):
            read_trained(file)


def test_what_decides_how_a_network_is_built_is_config_yaml(run):
    saved_again(lambda m, _: m["model"].update(hidden_size=9))(run / "checkpoints/best.safetensors")
    assert load_run(run).module.model.recurrent.hidden_size == 8


def test_the_file_is_an_export_that_says_where_its_data_were(run, command):
    answers = command("predict", str(run), "Satoshi", "--json")
    file = run / "checkpoints/best.safetensors"
    assert command("predict", str(file), "Satoshi", "--json") == answers
    assert command("export", str(run), "--to", "safetensors", "--out", "net.safetensors")[0] == 0
    torch.testing.assert_close(load_file("net.safetensors"), load_file(file), rtol=0, atol=0)
    kept, exported = (json.loads(Path(one).read_text()) for one in (file.with_suffix(".json"), "net.json"))
    assert Path(kept["spec"]["path"]).name == "names"
    assert exported["spec"]["path"] == exported["spec"]["origin"] == ""
    for manifest in (kept, exported):
        manifest["spec"] |= {"origin": "", "path": ""}
    assert kept == exported


@pytest.mark.product(2)
@pytest.mark.parametrize(("score", "kept"), [(-1.0, "best.safetensors"), (2.0, "best.ckpt")])
def test_a_run_that_an_earlier_version_began_has_one_best(run, command, as_earlier, score, kept):
    as_earlier(run)
    assert command("predict", str(run), "Satoshi")[0] == 0
    last = torch.load(run / "checkpoints/last.ckpt", weights_only=True)
    (best,) = (state for state in last["callbacks"].values() if "best_model_path" in state)
    then = torch.tensor(score)
    best |= {"best_model_score": then, "kth_value": then, "best_k_models": {best["best_model_path"]: then}}
    torch.save(last, run / "checkpoints/last.ckpt")
    assert command("train", f"resume={run}", "trainer.max_epochs=2")[0] == 0
    left = {file.name for file in (run / "checkpoints").iterdir()}
    assert left - {"best.json"} == {kept, "last.ckpt"}
    assert json.loads((run / "run.json").read_text())["best_checkpoint"] == f"checkpoints/{kept}"
    assert command("predict", str(run), "Satoshi")[0] == 0


def test_weights_that_share_memory_are_written_each_and_a_full_disk_leaves_the_former_file(run, monkeypatch):
    loaded, file = load_run(run), Path("net.safetensors")
    manifest = Manifest.of(loaded.config, loaded.spec)
    tied = torch.arange(6.0).view(2, 3)
    given = {"a": tied, "b": tied, "c": tied.T, "d": tied[1], "e": torch.tensor(True)}
    write_weights(file, given, manifest)
    read, weights = read_weights(file)
    assert read == manifest
    assert all(torch.equal(weights[name], values) for name, values in given.items())

    def full(draft: Path, content: bytes) -> None:
        draft.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="earlier files are intact"):
        Checkpoints(manifest).save_checkpoint({"state_dict": {"a": tied}}, file)
    assert read_weights(file)[1].keys() == given.keys()
