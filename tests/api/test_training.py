"""seqlab.train: the run of the command line, in whatever process calls it."""

import asyncio
import logging
import os
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from lightning.pytorch import Trainer, seed_everything
from sklearn.metrics import accuracy_score

import seqlab
from seqlab.api.training import settings_of
from seqlab.config.hydra_syntax import parse
from seqlab.errors import ConfigError, DataError
from seqlab.runs.load import load_run

QUICK = (
    *("data=names", "data.source=sample", "model=gru", "model.hidden_size=4", "engine=eager"),
    *("trainer.max_epochs=1", "trainer.limit_train_batches=4", "trainer.accelerator=cpu"),
    *("callbacks.figures=false", "task.baselines=false", "verbosity=quiet"),
)


@pytest.mark.slow
def test_the_command_line_and_a_thread_with_a_loop_end_with_the_same_weights(train, tmp_path):
    async def inside() -> seqlab.api.run.Run:
        return seqlab.train(*QUICK, "paths.output_dir=mine")

    found: list[seqlab.api.run.Run] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(inside())))
    thread.start()
    thread.join()
    assert train(*QUICK) == 0
    (theirs,) = (path.parent for path in (tmp_path / "out").rglob("run.json"))
    mine, expected = found[0].module.state_dict(), load_run(theirs).module.state_dict()
    assert mine.keys() == expected.keys()
    assert all(torch.equal(mine[name], expected[name]) for name in expected)
    assert found[0].metrics == seqlab.load(theirs).metrics


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what Lightning says of a plain Trainer
def test_a_plain_trainer_with_the_same_settings_ends_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = seqlab.train(*QUICK)
    config = run.config
    seed_everything(config["seed"], verbose=False)
    data = seqlab.SequenceData(seqlab.data.Names(source="sample"), seed=config["seed"])
    parts = {name: config[name] for name in ("model", "optimizer", "scheduler")}
    module = seqlab.SequenceModule(data.spec, **parts, engine="eager")
    limits = {name: config["trainer"][name] for name in ("max_epochs", "limit_train_batches")}
    trainer = Trainer(**limits, gradient_clip_val=config["trainer"]["gradient_clip_val"], accelerator="cpu")
    trainer.fit(module, data)
    expected = run.module.state_dict()
    assert all(torch.equal(found, expected[name]) for name, found in module.state_dict().items())
    (scores,) = trainer.test(module, data, verbose=False)
    assert scores == {name: value for name, value in run.metrics.items() if name.startswith("test/")}


def test_data_of_ones_own_are_the_settings_that_read_them():
    table = {"re, view": ["good"] * 9, "it's": ["a"] * 9}
    data = seqlab.data.Texts.from_frame(
        table,
        text=["re, view"],
        label="it's",
        max_length=None,
        bos_eos=True,
        val_share=0.25,
        task="regression",
    )
    overrides = [parse(one) for one in settings_of(data.dataset)]
    found = {one.key_or_group: one.value() for one in overrides}
    assert found.pop("data") == "text_csv"
    assert found.pop("task") == "regression"
    assert found == {
        f"data.{name}": getattr(data.dataset, name) for name in data.dataset.model_fields_set - {"name"}
    }


@pytest.mark.slow
def test_a_table_is_scored_as_scikit_learn_scores_what_is_predicted(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    words = ["good", "bad", "so so"] * 20
    table = pd.DataFrame({"review": [f"{word} {n}" for n, word in enumerate(words)], "cat": words})
    quick = [one for one in QUICK if not one.startswith("data")]
    run = seqlab.train(*quick, data=seqlab.data.Texts.from_frame(table, text="review", label="cat"))
    rows = table[table["cat"] != "bad"].sample(frac=1, random_state=0)
    with caplog.at_level(logging.INFO, "lightning.pytorch"):
        caplog.clear()
        found = run.score(rows)
    assert not caplog.records  # such as what Lightning has found on this machine
    guesses = run.predict(rows["review"].tolist())["class"]
    assert found["test/accuracy"] == pytest.approx(accuracy_score(rows["cat"], guesses), rel=1e-12)
    with pytest.raises(DataError, match="the training had no class 'ugly'"):
        run.score(rows.assign(cat="ugly"))
    own = {name: value for name, value in run.metrics.items() if name.startswith("test/")}
    assert {name: value for name, value in run.score().items() if name in own} == pytest.approx(own)


@pytest.mark.slow
def test_a_tagger_is_scored_on_other_sentences(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tags = ["N", "V", "D"] * 40
    words = [f"{tag.lower()}{number % 7}" for number, tag in enumerate(tags)]
    table = pd.DataFrame({"sentence": np.arange(120) // 4, "token": words, "tag": tags})
    columns = {"token": "token", "label": "tag", "sentence": "sentence"}
    quick = [one for one in QUICK if not one.startswith("data")]
    run = seqlab.train(*quick, data=seqlab.data.Tagged.from_frame(table, **columns))
    others = table[table["sentence"] < 7]
    guesses = run.predict([" ".join(row) for _, row in others.groupby("sentence")["token"]])["tag"]
    expected = pytest.approx(accuracy_score(others["tag"], guesses), rel=1e-12)
    assert run.score(others)["test/accuracy"] == expected
    with pytest.raises(DataError, match="the training had no tag 'X'"):
        run.score(others.assign(tag="X"))


@pytest.mark.slow
def test_a_run_on_arrays_answers_arrays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = [np.random.default_rng(number).normal(size=(4 + number % 3, 2)) for number in range(40)]
    data = seqlab.data.Sequences.from_arrays(x, ["left", "right"] * 20)
    quick = [one for one in QUICK if not one.startswith("data")]
    run = seqlab.train(*quick, data=data)
    answers = torch.cat(Trainer(logger=False, accelerator="cpu").predict(run.module, data))
    number = int(data.describe("test", 0)[2:-1])
    scores = run.score(data)
    assert scores == run.score(data.dataset.path)
    guesses = run.predict(data)["class"]
    assert scores["test/accuracy"] == pytest.approx(
        accuracy_score(["left", "right"] * 20, guesses), rel=1e-12
    )
    assert run.predict([x[number]])["probability"][0] == pytest.approx(float(answers[0].max()), rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        (["model.hiden_size=3"], ConfigError, "did you mean 'model.hidden_size'"),
        (["optimizer.lr=abc"], ConfigError, "optimizer.lr must be a valid number, got 'abc'"),
        (["-m", "model=gru,lstm"], ConfigError, "'-m' is for the command line"),
        (["hydra.run.dir=x"], ConfigError, "'hydra.run.dir=x' is for the command line"),
        (["data=text_csv", "data.path=no.csv"], DataError, "no.csv does not exist"),
    ],
)
def test_a_mistake_is_an_exception_with_the_lines_of_the_command(
    settings, kind, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message) as caught:
        seqlab.train(*settings)
    assert len(str(caught.value).splitlines()) == 1 + ("inspect" in str(caught.value))


@pytest.mark.parametrize(
    ("settings", "data", "message"),
    [
        ([["data=names", "model=lstm"]], None, "takes settings one by one, such as 'model=lstm', not a list"),
        (["model=lstm", {"data": "names"}], None, "such as 'model=lstm', not a dict"),
        ([3], None, "such as 'model=lstm', not a int"),
        ([], "names", "data must be a SequenceData, .* not a str; .* the setting 'data=names'"),
        ([], pd.DataFrame({"text": ["good"]}), "data must be a SequenceData, .* not a DataFrame"),
        ([], seqlab.data.Names(), r"or SequenceData\(Names\(\)\), not a Names"),
    ],
)
def test_settings_are_texts_and_data_are_for_a_trainer(settings, data, message):
    with pytest.raises(ConfigError, match=message) as caught:
        seqlab.train(*settings, data=data)
    assert "\n" not in str(caught.value)


def test_what_a_command_changes_in_its_process_is_restored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    logger = logging.getLogger("seqlab")
    before = logger.handlers, logger.propagate, logger.level, warnings.formatwarning, warnings.showwarning
    config = HydraConfig.instance().cfg
    with pytest.raises(DataError):
        seqlab.train("data=text_csv", "data.path=no.csv")
    after = logger.handlers, logger.propagate, logger.level, warnings.formatwarning, warnings.showwarning
    assert after == before
    assert HydraConfig.instance().cfg is config
    assert "PYTHONSAFEPATH" not in os.environ
