"""Beginning with the weights of another run: what fits by name, shape, token and class."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.pytorch import Trainer

from seqlab.data import BatchLoader, DataSpec, SequenceData, Series, TokenSamples
from seqlab.errors import ConfigError
from seqlab.models.lightning_module import SequenceModule
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn.parts import InputSpec
from seqlab.training.callbacks import GradualUnfreezing
from seqlab.training.transfer import _misfit, begin_with


def spec_of(symbols: str, classes: str) -> DataSpec:
    place = {"name": "x", "source": "generated", "origin": "", "sha256": "", "sizes": {}}
    names = ("<pad>", *symbols)
    return DataSpec(
        kind="tokens",
        task="classification",
        input_size=len(names),
        symbols=names,
        classes=(*classes,),
        **place,
    )


def made(spec: DataSpec, seed: int, **model) -> tuple[SequenceModule, SimpleNamespace]:
    torch.manual_seed(seed)
    settings = {"cell": "gru", "hidden_size": 3, "embedding_size": 4, "num_layers": 1} | model
    module = SequenceModule(spec=spec.as_dict(), model=settings)
    if module.model.wide is not None:
        torch.nn.init.normal_(module.model.wide.encoder.embedding.weight)  # which begins with 0
    config = SimpleNamespace(model=SimpleNamespace(**{"bidirectional": False, "options": {}} | settings))
    return module, config


@pytest.fixture
def begun(monkeypatch):
    """Return what begins a network of one spec with the weights of another: both, and what was said."""

    def begin(mine: DataSpec, theirs: DataSpec, mine_has=None, theirs_has=None):
        module, config = made(mine, 0, **(mine_has or {}))
        other, others = made(theirs, 1, **(theirs_has or {}))
        run = SimpleNamespace(module=other, spec=theirs, config=others)
        monkeypatch.setattr("seqlab.training.transfer.load_run", lambda _: run)
        told = begin_with(Path("run"), module, mine, config)
        return module.model, other.model, told

    return begin


def test_rows_are_matched_by_token_and_by_class(begun):
    fresh, _ = made(spec_of("xba", "MPN"), 0)
    mine, theirs, told = begun(spec_of("xba", "MPN"), spec_of("abcd", "NM"))
    found, other = mine.encoder.embedding.weight, theirs.encoder.embedding.weight
    for row, come_from in ((0, 0), (2, 2), (3, 1)):
        assert torch.equal(found[row], other[come_from])
    assert torch.equal(found[1], fresh.model.encoder.embedding.weight[1])
    assert torch.equal(mine.head.linear.bias[[0, 2]], theirs.head.linear.bias[[1, 0]])
    assert torch.equal(mine.head.linear.bias[1], fresh.model.head.linear.bias[1])
    assert torch.equal(mine.recurrent.layers[0].U, theirs.recurrent.layers[0].U)
    assert told["rows"]["model.encoder.embedding.weight"] == "3 of 4"
    assert told["rows"]["model.head.linear.bias"] == "2 of 3"
    assert told["left"] == {}
    assert told["run"] == str(Path("run").resolve())


def test_what_does_not_fit_is_left_with_the_reason(begun):
    one, other = spec_of("ab", "MN"), spec_of("ab", "PQ")
    _, _, told = begun(one, other, {"hidden_size": 5})
    assert told["left"]["model.recurrent.layers.0.U"] == "[9, 3], not [15, 5]"
    assert told["left"]["model.head.linear.bias"] == "no row stands for the same"
    assert "model.encoder.embedding.weight" in told["taken"]
    _, _, told = begun(one, one, {"cell": "mgu"}, {"cell": "gru"})
    assert told["left"]["model.recurrent.layers.0.W"] == "cell gru, not mgu"
    with pytest.raises(ConfigError, match="none of its weights fits"):
        begun(one, other, {"hidden_size": 5, "embedding_size": 2})


def test_vectors_of_ngrams_and_pieces_are_matched_by_what_they_stand_for(begun):
    """Digits to the base of the vocabulary are other tokens in another one."""

    def spec(words: str, *pairs: str) -> DataSpec:
        symbols = ("<pad>", *words.split())
        codes = sorted(symbols.index(a) * len(symbols) + symbols.index(b) for a, b in map(str.split, pairs))
        made = spec_of("", "MN")
        return replace(made, symbols=symbols, input_size=len(symbols), ngrams=tuple(codes))

    ours, other = spec("abc b abd", "b b", "abc b"), spec("x b abd abc", "abc b", "x x", "b abd")
    settings = {"encoder": "ngrams"}
    mine, theirs, told = begun(ours, other, settings, settings)
    rows = {one: place for place, one in enumerate(theirs.encoder.rows(other.symbols))}
    found = mine.encoder.rows(ours.symbols)
    assert {("n-gram", "abc", "b"), ("n-gram", "b", "b"), ("piece", "ab"), "abc"} <= set(found)
    for place, one in enumerate(found):
        if one in rows:
            assert torch.equal(
                mine.encoder.embedding.weight[place], theirs.encoder.embedding.weight[rows[one]]
            )
    assert told["rows"]["model.encoder.embedding.weight"] == f"{len(found) - 1} of {len(found)}"


def test_the_linear_model_beside_a_network_is_matched_by_token_and_for_the_same_classes(begun):
    has = {"wide": True, "pooling": "mean"}
    name = "model.wide.encoder.embedding.weight"
    for weight in (has | {"encoder": "embedding"}, has | {"encoder": "auto"}):
        mine, theirs, told = begun(spec_of("xba", "MN"), spec_of("abcd", "MN"), weight, weight)
        found, other = mine.wide.encoder.embedding.weight, theirs.wide.encoder.embedding.weight
        assert told["rows"][name] == "3 of 4"  # padding too
        torch.testing.assert_close(found[[2, 3]], other[[2, 1]])
    for classes in ("NM", "MP"):
        _, _, told = begun(spec_of("xba", classes), spec_of("abx", "MN"), has, has)
        assert told["left"][name] == "other classes"
    _, _, told = begun(replace(spec_of("xba", "MN"), task="multilabel"), spec_of("xba", "MN"), has, has)
    assert told["left"][name] == "task classification, not multilabel"


def test_classes_that_one_network_is_told_are_no_ngrams_of_another(begun):
    ours = replace(spec_of("ab", "MN"), ngrams=(4,))
    told = {"encoder": "embedding", "condition": "class"}
    mine, _, found = begun(ours, spec_of("ab", "MN"), {"encoder": "ngrams"}, told)
    assert found["rows"]["model.encoder.embedding.weight"] == "3 of 4"
    assert not mine.encoder.embedding.weight[3].any()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("model.recurrent.layers.0.U", "cell lem, not lstm"),
        ("model.decoder.layers.layers.0.U", "cell lem, not lstm"),
        ("model.decoder.layers.between.0.weight", "cell lem, not lstm"),
        ("model.decoder.first", "other targets"),
        ("model.decoder.positions", None),
        ("model.channels.embedding", "other targets"),
        ("model.instance_norm.log_gain", "other targets"),
        ("model.head.linear.weight", "other targets"),
        ("model.encoder.linear.weight", None),
    ],
)
def test_weights_of_another_cell_or_for_other_targets_are_left(name, reason):
    ours, theirs = (
        SimpleNamespace(model=SimpleNamespace(cell=cell, options={}, bidirectional=False))
        for cell in ("lstm", "lem")
    )
    mine, other = (SimpleNamespace(task="forecasting", outputs=(target,)) for target in ("load", "price"))
    assert _misfit(name, SimpleNamespace(config=theirs, spec=other), mine, ours) == reason


def test_layers_of_a_decoder_of_the_same_cell_are_left_for_other_targets():
    config = SimpleNamespace(model=SimpleNamespace(cell="gru", options={}, bidirectional=False))
    mine, other = (SimpleNamespace(task="forecasting", outputs=(target,)) for target in ("load", "price"))
    run = SimpleNamespace(config=config, spec=other)
    assert _misfit("model.decoder.layers.layers.0.U", run, mine, config) == "other targets"


@pytest.fixture
def series(tmp_path):
    """Return what describes a series with the columns a, b and c, of which some are targets."""
    times = pd.date_range("2021-03-01", periods=300, freq="h").astype(str)
    numbers = np.random.default_rng(0).normal(size=(300, 3))
    file = tmp_path / "mine.csv"
    pd.DataFrame({"time": times} | dict(zip("abc", numbers.T, strict=True))).to_csv(file, index=False)

    def spec_with(targets):
        steps = {"input_steps": 6, "horizon_steps": 2, "calendar": False}
        data = SequenceData(Series(path=str(file), targets=[*targets], **steps))
        data.setup()
        return data.spec

    return spec_with


@pytest.mark.parametrize(
    ("targets", "channels", "is_taken"),
    [
        (("b", "c"), ("independent", "independent"), False),
        (("b", "b"), ("independent", "mixed"), False),
        (("b", "b"), ("independent", "independent"), True),
        (("abc", "abc"), ("independent", "independent"), True),
        (("b", "c"), ("mixed", "mixed"), True),
    ],
)
def test_weights_for_columns_are_taken_where_the_network_reads_the_same(
    begun, series, targets, channels, is_taken
):
    has = [{"channels": one} for one in channels]
    mine, theirs = map(series, targets)
    _, _, told = begun(mine, theirs, *has)
    name = "model.recurrent.layers.0.W"
    assert (name in told["taken"]) is is_taken
    assert is_taken or told["left"][name] == "other columns"


def test_columns_of_other_tokens_are_left(begun):
    settings = {"encoder": "onehot"}
    _, _, told = begun(spec_of("ab", "MN"), spec_of("ac", "MN"), settings, settings)
    assert told["left"] == {"model.recurrent.layers.0.W": "other tokens"}
    _, _, told = begun(spec_of("ab", "MN"), spec_of("ab", "MN"), settings, settings)
    assert told["left"] == {}


def columns_of(*names: str) -> DataSpec:
    place = {"name": "x", "source": "generated", "origin": "", "sha256": "", "sizes": {}}
    return DataSpec(
        kind="features",
        task="classification",
        input_size=len(names),
        features=names,
        classes=("A", "B"),
        **place,
    )


@pytest.mark.parametrize(("encoder", "reader"), [("linear", "encoder."), ("auto", "recurrent.layers.0.W")])
def test_what_reads_columns_is_left_if_they_mean_something_else(begun, encoder, reader):
    settings = {"encoder": encoder}
    for theirs, is_taken in (("rain", True), ("snow", False)):
        _, _, told = begun(columns_of("sun", "rain"), columns_of("sun", theirs), settings, settings)
        reads = [name for name in (*told["taken"], *told["left"]) if name.startswith(f"model.{reader}")]
        assert reads
        assert [name in told["taken"] for name in reads] == [is_taken] * len(reads)
        assert all(is_taken or told["left"][name] == "other columns" for name in reads)
        assert "model.recurrent.layers.0.U" in told["taken"]


def test_layers_are_matched_by_depth_and_direction(begun):
    one = spec_of("ab", "MN")
    both = {"num_layers": 2, "merge": "sum", "embedding_size": 3}
    mine, theirs, told = begun(one, one, both | {"bidirectional": True}, both)
    assert torch.equal(mine.recurrent.layers[0].U, theirs.recurrent.layers[0].U)
    assert torch.equal(mine.recurrent.layers[2].U, theirs.recurrent.layers[1].U)
    assert told["left"]["model.recurrent.layers.1.U"] == told["left"]["model.recurrent.layers.3.U"]
    assert told["left"]["model.recurrent.layers.1.U"] == "the run has none"


def test_layers_of_their_own_are_matched_by_cell_and_direction(begun):
    one = spec_of("ab", "MN")
    both = {"num_layers": 2, "merge": "sum", "embedding_size": 3}
    mine, theirs, told = begun(
        one, one, both | {"cell": ["gru", "lstm"], "reverse": True}, both | {"bidirectional": True}
    )
    assert torch.equal(mine.recurrent.layers[0].U, theirs.recurrent.layers[1].U)
    assert told["left"]["model.recurrent.layers.1.U"] == "cell gru, not lstm"
    _, _, told = begun(one, one, both | {"hidden_size": [3, 4]}, both)
    assert "model.recurrent.layers.0.U" in told["taken"]
    assert told["left"]["model.recurrent.layers.1.W"] == "[9, 3], not [12, 3]"


def test_a_classifier_begins_with_a_language_model_and_the_run_says_what_it_took(train, capsys):
    small = ("data=names", "data.source=sample", "model=gru", "model.hidden_size=4", "callbacks=none")
    few = ("trainer.max_epochs=1", "data.batch_size=512", "logger=none")
    assert train(*small, *few, "task=language_model", "name=first") == 0
    (first,) = Path("out").glob("first/*")
    frozen = "model.freeze=[encoder,recurrent]"
    assert train(*small, *few, f"init_from={first}", frozen, "name=second") == 0
    (second,) = Path("out").glob("second/*/run.json")
    told = json.loads(second.read_text())["init_from"]
    assert told["run"] == str(first.resolve())
    assert "model.recurrent.layers.0.W" in told["taken"]
    assert told["left"] == {
        f"model.head.linear.{name}": "task language_model, not classification" for name in ("weight", "bias")
    }
    capsys.readouterr()
    for setting, message in (
        (f"init_from={first}x", "is not a run folder"),
        ("model.freeze=[encoders]", "no part named 'encoders'; did you mean 'encoder'?"),
        ("model.freeze=[encoder,recurrent,head]", "leaves nothing to train"),
    ):
        assert train(*small, *few, setting) == 2
        shown = capsys.readouterr().err
        assert message in shown
        assert len([line for line in shown.splitlines() if not line.startswith("warning:")]) <= 2


def test_frozen_parts_are_those_that_are_named():
    model = SequenceModel(
        InputSpec("tokens", 9), 2, hidden_size=3, num_layers=2, freeze=["encoder", "recurrent.0"]
    )
    frozen = {name for name, part in model.parts().items() if not any(one.requires_grad for one in part)}
    assert frozen == {"encoder", "recurrent.0"}


@pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")
def test_parts_are_trained_from_the_head_down():
    module, _ = made(spec_of("abc", "MN"), 0, num_layers=2)
    first = {name: [one.detach().clone() for one in part] for name, part in module.model.parts().items()}
    samples = TokenSamples.of([[1, 2], [3], [2, 3, 1], [1]] * 2, [0, 1] * 4)
    seen = []
    for epochs in (1, 2, 3, 5):
        module.load_state_dict(made(spec_of("abc", "MN"), 0, num_layers=2)[0].state_dict())
        Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            logger=False,
            callbacks=[GradualUnfreezing(1)],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            log_every_n_steps=0,
            use_distributed_sampler=False,
        ).fit(module, BatchLoader(samples, 4, order="shuffled"))
        parts = module.model.parts()
        changed = [name for name in parts if not all(map(torch.equal, parts[name], first[name]))]
        seen.append(changed)
    assert seen == [
        ["head"],
        ["recurrent.1", "head"],
        ["recurrent.0", "recurrent.1", "head"],
        ["encoder", "recurrent.0", "recurrent.1", "head"],
    ]
