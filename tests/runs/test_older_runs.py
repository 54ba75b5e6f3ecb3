"""Runs of earlier versions stay usable: their settings are what was saved, whatever is new since."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from seqlab import cli
from seqlab.config.renamed import present_settings
from seqlab.config.schema import OF_THE_COMMAND
from seqlab.errors import RunError
from seqlab.runs.load import read_config
from seqlab.runs.record import FORMAT

FIRST = sorted((Path(__file__).parent / "first_configs").glob("*.yaml"))
"""Configurations as the first version saved them, and as nobody may change them."""

QUICK = ("trainer.max_epochs=1", "model.hidden_size=8", "callbacks=none", "logger=none", "verbosity=quiet")


@pytest.mark.parametrize("first", FIRST, ids=lambda file: file.stem)
def test_the_first_configurations_are_read_and_mean_what_they_meant(first, tmp_path, monkeypatch):
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 1)
    (tmp_path / "config.yaml").write_text(first.read_text())
    saved = present_settings(yaml.safe_load(first.read_text()))
    config = read_config(tmp_path).model_dump(mode="json")
    assert [*config["logger"]] == [name for name in (saved.pop("logger")["name"],) if name != "none"]
    for group in saved.keys() - OF_THE_COMMAND - {"trainer"}:
        assert config[group] == saved[group] or config[group].items() >= saved[group].items()


def test_a_run_that_was_trained_on_gpus_is_used_where_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 0)
    settings = FIRST[0].read_text().replace("devices: 1\n", "devices: [6, 7]\n")
    (tmp_path / "config.yaml").write_text(settings)
    trainer = read_config(tmp_path, anywhere=True).trainer
    assert (trainer.accelerator, trainer.devices) == ("auto", 1)
    with pytest.raises(RunError, match=r"config.yaml: trainer.accelerator: this machine has no gpu"):
        read_config(tmp_path)


@pytest.fixture
def run(trained) -> Path:
    return trained(*QUICK, "task.baselines=false")


def test_what_concerns_the_command_alone_is_not_saved(run):
    assert not yaml.safe_load((run / "config.yaml").read_text()).keys() & set(OF_THE_COMMAND)


@pytest.mark.parametrize("command", [["eval"], ["predict", "Satoshi"]])
def test_sections_of_the_command_that_an_older_version_saved_are_not_looked_at(
    run, monkeypatch, capsys, command
):
    settings = yaml.safe_load((run / "config.yaml").read_text())
    settings |= {"launcher": {"name": "gone"}, "sweep": {"name": "gone", "too": 3}}
    (run / "config.yaml").write_text(yaml.safe_dump(settings))
    name, *words = command
    monkeypatch.setattr(sys, "argv", ["seqlab", name, str(run), *words])
    assert cli.main() == 0, capsys.readouterr().err


def test_a_run_of_a_later_version_says_which_one(run, monkeypatch, capsys):
    record = json.loads((run / "run.json").read_text())
    assert record["format"] == FORMAT
    later = record | {"format": FORMAT + 1, "versions": {"seqlab": "9.1"}}
    (run / "run.json").write_text(json.dumps(later))
    for command in (["eval", str(run)], ["predict", str(run), "Satoshi"], ["report", "out"]):
        monkeypatch.setattr(sys, "argv", ["seqlab", *command])
        capsys.readouterr()
        assert cli.main() == 2
        assert f"run.json has format {FORMAT + 1} of seqlab 9.1, and this one reads up" in " ".join(
            capsys.readouterr().err.replace(": has", " has").split()
        )


def test_a_record_without_a_format_is_of_the_first(run, monkeypatch, capsys):
    record = json.loads((run / "run.json").read_text())
    del record["format"]
    (run / "run.json").write_text(json.dumps(record))
    monkeypatch.setattr(sys, "argv", ["seqlab", "predict", str(run), "Satoshi"])
    assert cli.main() == 0, capsys.readouterr().err
