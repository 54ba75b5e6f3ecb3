"""Former names of settings: a command line, an old run and an old record still mean the same."""

import json
from pathlib import Path

import pytest
import yaml

from seqlab.comparison.runs import read_runs
from seqlab.config import renamed
from seqlab.config.renamed import present_overrides, present_scores, present_settings
from seqlab.runs.load import read_config
from seqlab.sweep.job import begun

FIRST = Path(__file__).parents[1] / "runs" / "first_configs" / "names.yaml"


@pytest.fixture(autouse=True)
def _nothing_was_said():
    renamed._warn_once.cache_clear()


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("callbacks.score_drawn=true", "callbacks.score_balanced=true"),
        ("+callbacks.score_drawn=true", "+callbacks.score_balanced=true"),
        ("data.marks=true,false", "data.bos_eos=true,false"),
        ("data.split=honest", "data.split=grouped"),
        ("data.split=choice(honest,random_lines)", "data.split=choice(grouped,random_lines)"),
        ("data.sampling=by_class", "data.sampling=balanced"),
    ],
)
def test_an_override_by_its_former_name_is_understood_with_a_warning(former, present, capsys):
    assert present_overrides(["seed=1", former, former, "--help"], warns=True) == [
        "seed=1",
        present,
        present,
        "--help",
    ]
    complaint = capsys.readouterr().err
    assert complaint == f"warning: {former} is now {present}; the former name works only in this release\n"


def test_present_names_are_left_alone(capsys):
    given = ["data.split=grouped", "data.path=honest/by_class.csv", "model=lstm", "~callbacks.figures", "-m"]
    assert present_overrides(given, warns=True) == given
    assert present_settings(
        {"data": {"split": "grouped", "path": "honest"}, "name": "by_class"}, warns=True
    ) == {
        "data": {"split": "grouped", "path": "honest"},
        "name": "by_class",
    }
    assert capsys.readouterr().err == ""


def test_regularisers_may_be_typed_as_settings_of_the_cell(capsys):
    typed = ["model.cell.zoneout=0.1", "+model.cell.weight_drop=0.2,0.3", "model.cell=gru"]
    understood = ["model.zoneout=0.1", "+model.weight_drop=0.2,0.3", "model.cell=gru"]
    assert present_overrides(typed, warns=True) == understood
    assert not capsys.readouterr().err


def test_scores_of_a_renamed_stage_keep_their_values():
    assert present_scores({"drawn/accuracy": 0.5, "test/loss": 1.0}) == {
        "balanced/accuracy": 0.5,
        "test/loss": 1.0,
    }


def test_an_old_run_is_read_and_reported(tmp_path, monkeypatch, capsys):
    """The settings of a run of an earlier version, as its config.yaml has them."""
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 1)
    raw = yaml.safe_load(FIRST.read_text(encoding="utf-8"))
    assert raw["data"]["split"] == "honest"
    raw["callbacks"]["score_drawn"] = True
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
    config = read_config(tmp_path)
    assert (config.data.split, config.data.bos_eos) == ("grouped", raw["data"]["marks"])
    assert config.callbacks.score_balanced is True
    record = {
        "status": "done",
        "overrides": ["callbacks.score_drawn=true"],
        "data": {"name": "names"},
        "metrics": {"drawn/accuracy": 0.5},
    }
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    (run,) = read_runs(tmp_path)
    assert run.metrics == {"balanced/accuracy": 0.5}
    assert run.settings["data.split"] == "grouped"
    assert begun(tmp_path, ["callbacks.score_balanced=true"]) is not None, "a sweep would train it again"
    assert capsys.readouterr().err == "", "the user cannot change a run"
