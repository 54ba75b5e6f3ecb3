"""conf/: every file says how to run it and explains every key, and every choice is valid."""

import re
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_module

from seqlab.build import make_config
from seqlab.errors import ConfigError
from seqlab.schema import validate, without_effect

CONF = Path(__file__).parents[1] / "conf"
FILES = sorted(CONF.rglob("*.yaml"))
CHOICES = [
    f"{file.parent.relative_to(CONF)}={file.stem}" for file in FILES if file.parent != CONF and file.stem
]


def composed(*overrides: str):
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        return compose("config", overrides=list(overrides))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONF)))
def test_every_file_says_how_to_run_it_and_explains_every_key(file):
    text = file.read_text()
    assert "Run:  python train.py" in text
    named = f"{file.parent.name}={file.stem}"
    if file.parent != CONF and file.stem != "default" and file.parent.name != "logger":
        assert named in text.split("Run:")[1].splitlines()[0] or file.stem in (
            "adamw",
            "default",
            "classification",
            "forecasting",
        )
    body = text.split("\nhydra:")[0]
    body = re.sub(r"defaults:\n(?:  - .*\n)+", "", body)
    for line in body.splitlines():
        if re.match(r"\s*[a-z_0-9]+: \S", line) and not line.strip().startswith("name: ") and "#" not in line:
            pytest.fail(f"{file.name}: no comment: {line}")
    assert isinstance(yaml.safe_load(text), dict)


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_is_a_valid_configuration(choice, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    needed = {
        "data=text_csv": ["data.path=my.csv"],
        "data=series_csv": ["data.path=my.csv", "data.targets=[load]"],
        "task=forecasting": ["data=jena_climate"],
    }
    make_config(composed(choice, *needed.get(choice, [])))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["task=forecasting"], "task=forecasting does not suit data=names; use task=classification"),
        (
            ["data=jena_climate", "task=classification"],
            "does not suit data=jena_climate; use task=forecasting",
        ),
        (["data=jena_climate", "callbacks.score_drawn=true"], "data=jena_climate has no classes"),
        (["data=text_csv"], "data.path must be set"),
        (["data=text_csv", "data.path=a", "data.encoding=utf-16"], "files in utf-16 are not read"),
        (["data=text_csv", "data.path=a", "data.encoding=utf9"], "no encoding 'utf9'"),
        (["data=series_csv", "data.path=a", "data.targets=[]"], "data.targets"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_in_a_line(settings, said):
    with pytest.raises(ConfigError) as error:
        make_config(composed(*settings))
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_data_choose_the_task_they_ask():
    assert make_config(composed("data=jena_climate")).task.name == "forecasting"
    assert make_config(composed("experiment=jena_best")).task.name == "forecasting"
    assert make_config(composed("data=online_shopping_10_cats")).task.name == "classification"


def test_every_key_of_the_schema_is_in_the_files():
    config = make_config(composed())
    assert config.model_dump(mode="json").keys() == composed().keys()


def test_relative_roots_become_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert make_config(composed("data.root=here")).data.root == str(tmp_path / "here")


@pytest.mark.parametrize(
    ("settings", "idle"),
    [
        ([], []),
        (["model.merge=sum"], ["model.merge=sum"]),
        (["model.merge=sum", "model.bidirectional=true"], []),
        (["model.init_steps=9"], ["model.init_steps=9"]),
        (["model.init_steps=9", "model.init=chrono"], []),
        (["data.url=http://mirror", "data.root=here"], ["data.url=http://mirror"]),
    ],
)
def test_settings_without_effect_are_named(settings, idle):
    lines = without_effect(make_config(composed(*settings)))
    assert lines == [f"{setting} has no effect beside the other settings" for setting in idle]


def test_errors_come_all_at_once_and_name_keys_without_the_branch_of_a_union():
    raw = make_config(composed()).model_dump(mode="json")
    raw["optimizer"]["lr"] = "fast"
    raw["model"]["hidden_size"] = 0
    raw["trainer"]["epochs"] = 3
    del raw["data"]["split"]
    with pytest.raises(ConfigError) as error:
        validate(raw)
    lines = str(error.value).splitlines()
    assert [line.split()[0] for line in lines] == [
        "model.hidden_size",
        "data.split",
        "optimizer.lr",
        "trainer.epochs",
    ]
    assert "did you mean 'max_epochs'" in lines[3]
