"""Broken and hostile exports: one line, exit code 2, nothing executed, no memory taken."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, external_data_helper, helper
from safetensors import safe_open
from safetensors.torch import save_file

from seqlab import __version__
from seqlab.config.model import ModelConfig
from seqlab.data import Names
from seqlab.export.onnx_model import IR_VERSION, OPSETS
from seqlab.runs.checkpoint.manifest import Manifest

from .networks import TEXTS, network, network_graph

MODEL = {
    "cell": "gru",
    "options": {},
    "hidden_size": 6,
    "num_layers": 1,
    "bidirectional": False,
    "merge": "concat",
    "encoder": "embedding",
    "embedding_size": 5,
    "embedding_dropout": 0.0,
    "feature_dropout": 0.0,
    "dropout": 0.0,
    "pooling": "last",
    "init": "torch",
    "init_steps": None,
}
DATA = {
    "name": "names",
    "root": None,
    "url": None,
    "source": "auto",
    "batch_size": 8,
    "val_share": 0.1,
    "test_share": 0.1,
    "limit_train_samples": None,
    "bos_eos": False,
    "ngrams": 1,
    "split": "grouped",
    "sampling": "all",
    "split_seed": 0,
    "ascii": False,
}


def manifest() -> dict:
    made = Manifest(
        format_version=1,
        seqlab=__version__,
        imports=[],
        engine="eager",
        model=ModelConfig(**MODEL).model_dump(),
        task={"name": "classification", "label_smoothing": 0, "class_weight_power": 0, "baselines": False},
        data=Names(**DATA),
        spec=TEXTS,
    )
    return json.loads(made.to_json())


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch) -> None:
    """Write net.onnx and net.safetensors, both sound."""
    monkeypatch.chdir(tmp_path)
    module = network(TEXTS, cell="gru")
    model = helper.make_model(
        network_graph(module, TEXTS),
        opset_imports=[helper.make_opsetid(*opset) for opset in OPSETS.items()],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {"seqlab": json.dumps(manifest())})
    onnx.save(model, "net.onnx")
    save_file(module.state_dict(), "net.safetensors", metadata={"seqlab": json.dumps(manifest())})


def changed(change: Callable[[dict], object]) -> Callable[[Path], None]:
    """Return what changes the manifest in a file."""

    def damage(file: Path) -> None:
        described = manifest()
        change(described)
        text = json.dumps(described)
        if file.suffix == ".onnx":
            model = onnx.load(file)
            helper.set_model_props(model, {"seqlab": text})
            onnx.save(model, file)
        else:
            save_file(tensors(file), file, metadata={"seqlab": text})

    return damage


def tensors(file: Path) -> dict[str, torch.Tensor]:
    with safe_open(file, framework="pt") as content:
        return {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 (no mapping)


def with_graph(change: Callable[[onnx.ModelProto], object]) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        model = onnx.load(file)
        change(model)
        file.write_bytes(model.SerializeToString())

    return damage


def with_weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        found = tensors(file)
        change(found)
        save_file(found, file, metadata={"seqlab": json.dumps(manifest())})

    return damage


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def garbage(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 50)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def too_large(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.truncate(9 * 2**30)  # without taking as much of the disk


def keep_outside(tensor: TensorProto) -> None:
    Path("secret").write_bytes(b"\0" * 4096)
    external_data_helper.set_external_data(tensor, "secret")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL


def weight_outside(model: onnx.ModelProto) -> None:
    keep_outside(next(tensor for tensor in model.graph.initializer if tensor.name == "head.weight"))


def weight_of_the_step_outside(model: onnx.ModelProto) -> None:
    (scan,) = (node for node in model.graph.node if node.op_type == "Scan")
    (body,) = (attribute.g for attribute in scan.attribute if attribute.name == "body")
    tensor = helper.make_tensor("sly", TensorProto.FLOAT, [1], b"\0" * 4, raw=True)
    keep_outside(tensor)
    body.node.insert(0, helper.make_node("Constant", [], ["sly"], value=tensor))


def state_that_goes_nowhere(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("past.a", TensorProto.FLOAT, ["past", 3]))
    model.graph.initializer.append(helper.make_tensor("past.a", TensorProto.FLOAT, [1, 3], [0.0] * 3))


def nested_deeply(described: dict) -> None:
    inner: dict = {}
    described["model"] = inner
    for _ in range(900):
        inner["deeper"] = {}
        inner = inner["deeper"]


BOTH = {
    "truncated": (truncated, ""),
    "garbage": (garbage, ""),
    "empty": (empty, ""),
    "folder": (folder, "is a folder"),
    "pipe": (pipe, "is a pipe"),
    "too large": (too_large, "bytes"),
    "nobody's": (changed(dict.clear), "its description is damaged ('format_version': Field required)"),
    "a later format": (changed(lambda m: m.update(format_version=2)), "its description is damaged"),
    "another key": (changed(lambda m: m.update(more=1)), "its description is damaged"),
    "another task": (changed(lambda m: m["spec"].update(task="forecasting")), "of different tasks"),
    "too few symbols": (changed(lambda m: m["spec"]["symbols"].pop()), "spec contradicts itself"),
    "no length": (changed(lambda m: m["spec"]["text"].update(max_length=-3)), "spec contradicts itself"),
    "a class less": (changed(lambda m: m["spec"]["classes"].pop()), ""),
}
ONNX = {
    "weights outside": (with_graph(weight_outside), "stores weights in other files"),
    "weights of the step outside": (with_graph(weight_of_the_step_outside), "stores weights in other files"),
    "no metadata": (with_graph(lambda m: m.ClearField("metadata_props")), "is not an export of seqlab"),
    "no JSON": (with_graph(lambda m: helper.set_model_props(m, {"seqlab": "{"})), "description is damaged"),
    "unknown operator": (with_graph(lambda m: setattr(m.graph.node[-1], "op_type", "Run")), "cannot be run"),
    "no graph": (with_graph(lambda m: m.ClearField("graph")), "cannot be run"),
    "weights of another shape": (
        with_graph(lambda m: m.graph.initializer[0].dims.__setitem__(0, 2)),
        "cannot be run",
    ),
    "a state that goes nowhere": (with_graph(state_that_goes_nowhere), "do not match its description"),
    "another input": (with_graph(lambda m: setattr(m.graph.input[1], "name", "length")), ""),
}
WEIGHTS = {
    "other shapes": (with_weights(lambda w: w.update({"model.head.linear.bias": torch.zeros(4)})), "shape"),
    "other types": (
        with_weights(lambda w: w.update({"model.head.linear.bias": torch.zeros(3, dtype=torch.float64)})),
        "type",
    ),
    "no numbers": (with_weights(lambda w: w["model.head.linear.bias"].fill_(torch.nan)), "is not finite"),
    "a weight less": (with_weights(lambda w: w.pop("model.head.linear.bias")), "another network"),
    "no metadata": (lambda file: save_file(tensors(file), file), "is not an export of seqlab"),
    "huge": (changed(lambda m: m["model"].update(hidden_size=10**7)), "shape"),
    "endless": (changed(lambda m: m["model"].update(num_layers=10**12)), "too few"),
    "unknown cell": (changed(lambda m: m["model"].update(cell="nope")), "no cell named 'nope'"),
    "unknown engine": (changed(lambda m: m.update(engine="nope")), "nope"),
    "a module that does harm": (
        changed(lambda m: (m.update(imports=["harm"]), m["model"].update(cell="nope"))),
        "name its module with --imports 'harm'",
    ),
    "nested deeply": (changed(nested_deeply), ""),
}
CASES = [
    pytest.param(f"net.{kind}", *case, id=f"{kind}: {name}")
    for kind, cases in (("onnx", BOTH | ONNX), ("safetensors", BOTH | WEIGHTS))
    for name, case in cases.items()
]


@pytest.mark.product(3)
@pytest.mark.parametrize(("name", "damage", "words"), CASES)
def test_a_broken_or_hostile_file_gives_one_line_and_executes_nothing(command, name, damage, words):
    Path("harm.py").write_text("open('executed', 'w')")
    damage(Path(name))
    code, shown, complaint = command("predict", name, "bdb")
    assert (code, shown) == (2, "")
    assert len(complaint.splitlines()) == 1
    assert f"{name}: " in complaint
    assert words in complaint
    assert not Path("executed").exists()


def test_sound_files_agree_and_a_link_to_one_is_one(command):
    code, shown, complaint = command("predict", "net.onnx", "bdb")
    assert (code, complaint) == (0, "")
    assert command("predict", "net.safetensors", "bdb") == (code, shown, complaint)
    Path("link.onnx").symlink_to("net.onnx")
    assert command("predict", "link.onnx", "bdb") == (code, shown, complaint)
