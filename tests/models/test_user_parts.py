"""An encoder, a pooling, a head and an initialisation of a user's own, in one file: all that a run does."""

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from seqlab.errors import ConfigError, ExportError
from seqlab.export.network import network_graph
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn import Recurrent
from seqlab.nn.between import LayerNorm
from seqlab.nn.parts import InputSpec
from seqlab.nn.pooling import Combined, Last
from seqlab.registry.catalog import betweens, check_reads, encoders, heads, inits, poolings
from seqlab.registry.signature import settings_of_imported

from ..export.networks import TEXTS, network

MY_PARTS = """
import torch
from torch import nn
from seqlab import register_between, register_encoder, register_head, register_init, register_pooling

@register_encoder("conv")
class Conv(nn.Module):
    reads = "tokens"

    def __init__(self, inputs, *, embedding_size: int = 8, kernel: int = 3):
        super().__init__()
        self.output_size = 6
        self.embedding = nn.Embedding(inputs.size, embedding_size, padding_idx=0)
        self.conv = nn.Conv1d(embedding_size, 6, kernel, padding="same")

    def forward(self, x):
        return self.conv(self.embedding(x).transpose(1, 2)).transpose(1, 2)

@register_pooling("first")
class First(nn.Module):
    def __init__(self, input_size: int):
        super().__init__()
        self.output_size = input_size

    def forward(self, outputs, lengths):
        return outputs[:, 0]

    def onnx(self, graph, outputs):
        return graph.add("Gather", outputs, graph.constant("first", torch.tensor(0)), axis=1)

@register_between("halved")
class Halved(nn.Module):
    def __init__(self, input_size: int, output_size: int, *, by: float = 2.0):
        super().__init__()
        self.by = by

    def forward(self, outputs, inputs):
        return outputs / self.by

@register_head("mlp")
class MLP(nn.Sequential):
    def __init__(self, input_size: int, output_size: int, *, dropout: float = 0.0, width: int = 16):
        layers = nn.Linear(input_size, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, output_size)
        super().__init__(*layers)

@register_init("small")
def small(layer, *, scale: float = 0.1):
    if scale < 0:
        raise ValueError(f"scale must be 0 or more, got {scale}")
    for tensor in (layer.W, layer.U, layer.b):
        tensor.normal_(0, scale)
"""
OWN = (
    "imports=[my_parts]",
    "model.encoder=conv",
    "model.pooling=first",
    "model.head=mlp",
    "model.init=small",
    "model.between=halved",
    "model.num_layers=2",
)
OPTIONS = (
    "model.encoder_options.kernel=5",
    "model.head_options.width=4",
    "model.init_options.scale=0.2",
    "model.between_options.by=4",
)
SMALL = ("model.hidden_size=4", "model.embedding_size=5")
SAMPLE = ("data.source=sample", "task.baselines=false")
SHORT = ("trainer.max_epochs=2", "trainer.limit_train_batches=3", "callbacks=none", "logger=none")


@pytest.fixture
def my_parts(tmp_path, monkeypatch):
    (tmp_path / "my_parts.py").write_text(MY_PARTS)
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("my_parts", None)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def test_parts_of_ones_own_are_trained_resumed_and_predict(my_parts, train, killed, command):
    settings = (*OWN, *OPTIONS, *SMALL, *SAMPLE, *SHORT)
    assert train(*settings, "name=whole") == 0
    (whole,) = Path("out/whole").iterdir()
    learnt = weights(whole)
    shapes = {name: list(tensor.shape) for name, tensor in learnt.items() if name.startswith("model.")}
    assert shapes["model.encoder.conv.weight"] == [6, 5, 5]
    assert shapes["model.head.0.weight"] == [4, 4]
    with killed("on_train_batch_end", 4):
        train(*settings, "name=killed")
    (half,) = Path("out/killed").iterdir()
    assert train("imports=[my_parts]", f"resume={half}") == 0
    for name, tensor in weights(half).items():
        assert torch.equal(tensor, learnt[name]), name
    code, shown, _ = command("predict", whole, "Satoshi", "--imports", "my_parts", "--json")
    assert code == 0
    assert '"text": "Satoshi"' in shown
    code, _, complaint = command("export", whole, "--imports", "my_parts", "--to", "onnx")
    assert code == 2
    assert complaint == (
        "seqlab: encoder Conv cannot be exported to ONNX: Conv has a method forward and no method onnx; "
        "define onnx, or use --to safetensors\n"
    )
    code, _, complaint = command("export", whole, "--imports", "my_parts", "--to", "safetensors")
    assert (code, complaint) == (0, "")
    code, again, _ = command(
        "predict", whole / "model.safetensors", "Satoshi", "--imports", "my_parts", "--json"
    )
    assert (code, again) == (0, shown)


MISTAKES = {
    "model.encoder=conf": "model.encoder: no encoder named 'conf'; did you mean 'conv'? There are: conv, emb",
    "model.pooling=frist": "model.pooling: no pooling named 'frist'; did you mean 'first'?",
    "model.head=mpl": "model.head: no head named 'mpl'; did you mean 'mlp'? There are: linear, mlp",
    "model.between=gap": "model.between: no between named 'gap'; there are: dropout, halved, layernorm",
    "model.init=smal": "model.init: no init named 'smal'; did you mean 'small'?",
    "model.encoder_options.kernal=5": "encoder_options: encoder 'conv' has no setting 'kernal'; did you mean",
    "model.encoder_options.kernel=five": "model.encoder_options.kernel must be a valid integer, got 'five'",
    "model.encoder_options.embedding_size=5": "'embedding_size' is set for all parts, as model.emb",
    "model.pooling_options.k=5": "model.pooling_options: pooling 'first' has no setting 'k'; it has none",
    "model.encoder=auto model.encoder_options.k=5": "encoder 'auto' has no setting 'k'; it has none",
    "data=adding task=regression": "model.encoder=conv does not read features; use identity or linear",
    "model.init_options.scale=-1": "init 'small': ValueError: scale must be 0 or more, got -1.0 (",
}


@pytest.mark.product(3)
@pytest.mark.parametrize("arguments", MISTAKES)
def test_a_mistake_in_a_part_is_one_line(my_parts, command, arguments):
    code, _, complaint = command("train", *OWN, *SMALL, *SHORT, *arguments.split())
    assert code == 2
    assert [line for line in complaint.splitlines() if MISTAKES[arguments] in line], complaint


def test_what_a_part_inherits_of_onnx_is_not_believed_beside_a_forward_of_its_own():
    class Doubled(Last):
        def forward(self, outputs, lengths):
            return 2 * super().forward(outputs, lengths)

    module = network(TEXTS)
    module.model.pooling = Doubled(6)
    with pytest.raises(ExportError, match="pooling Doubled cannot be exported to ONNX"):
        network_graph(module, TEXTS)


def test_modules_may_take_the_place_of_names():
    recurrent = Recurrent("lstm", input_size=6, hidden_size=4)
    x, lengths = torch.ones(2, 5, dtype=torch.int64), torch.tensor([5, 3])
    encoder = nn.Embedding(9, 6)
    made = SequenceModel(encoder=encoder, recurrent=recurrent, pooling=Combined(4), head=nn.Linear(12, 3))
    assert made(x, lengths).shape == (2, 3)
    mixed = SequenceModel(InputSpec("tokens", 9), 3, pooling=Combined(4), hidden_size=4)
    assert mixed(x, lengths).shape == (2, 3)
    with pytest.raises(ConfigError, match=r"Embedding must set self\.output_size"):
        SequenceModel(encoder=encoder)


def test_a_class_may_take_the_place_of_the_name_of_a_module_between_layers():
    made = SequenceModel(InputSpec("tokens", 9), 3, between=LayerNorm, hidden_size=4, num_layers=3)
    named = SequenceModel(InputSpec("tokens", 9), 3, between="layernorm", hidden_size=4, num_layers=3)
    assert len(set(made.recurrent.between)) == 2
    named.load_state_dict(made.state_dict())
    x, lengths = torch.ones(2, 5, dtype=torch.int64), torch.tensor([5, 3])
    assert torch.equal(made(x, lengths), named(x, lengths))
    with pytest.raises(ConfigError, match="every pair of layers gets its own module"):
        SequenceModel(between=LayerNorm(4, 4), num_layers=3)


def own(settings):
    return {name: one for name, one in settings.items() if not one.is_positional}


def test_what_seqlab_and_the_class_say_of_a_part_is_the_same():
    for registry in (encoders, betweens, poolings, heads, inits):
        for name in registry:
            written, imported = registry.settings(name), settings_of_imported(registry[name])
            assert repr(own(written)) == repr(own(imported))
    for name in encoders:
        assert encoders.attribute(name, "reads") == encoders[name].reads
    encoders.register("mute")(nn.Identity)
    with pytest.raises(ConfigError, match="encoder 'mute' must say its 'reads'"):
        check_reads("mute", "tokens")
    with pytest.raises(ConfigError, match=r"encoder 'linear' exists already, as seqlab.nn.encoders.Linear"):
        encoders.register("linear")(nn.Identity)
