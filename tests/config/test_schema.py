"""conf/: every file says how to run it and explains every key, and every choice is valid."""

import re
from copy import deepcopy
from functools import cache
from itertools import zip_longest
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from seqlab.config.compose import make_config
from seqlab.config.schema import without_effect
from seqlab.config.validation import validate
from seqlab.errors import ConfigError

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted(CONF.rglob("*.yaml"))
CHOICES = [f"{file.parent.relative_to(CONF)}={file.stem}" for file in FILES if file.parent != CONF]
APART = (
    "callbacks",
    "checkpoint",
    "figures",
    "launcher",
    "logger",
    "model",
    "optimizer",
    "paths",
    "scheduler",
    "trainer",
)
"""Groups whose choices do not touch each other: one of each is tried at once."""


@cache
def chosen(choices: tuple[str, ...]):
    """Return what files give together; that takes longer than all that is done with it here."""
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        return compose("config", overrides=list(choices))


def composed(*overrides: str):
    settings = [override for override in overrides if "." in override.partition("=")[0]]
    config = deepcopy(chosen(tuple(override for override in overrides if override not in settings)))
    for key, _, value in (setting.partition("=") for setting in settings):
        OmegaConf.update(config, key.lstrip("+"), yaml.safe_load(value), force_add=key.startswith("+"))
    return config


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
    assert isinstance(yaml.safe_load(text) or {}, dict)


def together() -> list[list[str]]:
    groups = [[one for one in CHOICES if one.startswith(f"{group}=")] for group in APART]
    rows = [list(filter(None, row)) for row in zip_longest(*groups)]
    return rows + [[one] for one in CHOICES if one.partition("=")[0] not in APART]


@pytest.mark.product(5)
@pytest.mark.parametrize("choices", together(), ids=" ".join)
def test_every_choice_is_a_valid_configuration(choices, monkeypatch):
    monkeypatch.setattr("seqlab.config.trainer.count_gpus", lambda: 2)
    needed = {
        "data=text_csv": ["data.path=my.csv"],
        "data=sequences": ["data.path=my.csv"],
        "experiment=japanese_vowels": ["data.path=my.ts"],
        "data=series_csv": ["data.path=my.csv", "data.targets=[load]"],
        "data=tagged": ["data.path=my.conll"],
        "data=text_file": ["data.path=my.txt"],
        "task=forecasting": ["data=jena_climate"],
        "task=regression": ["data=adding"],
        "task=tagging": ["data=copy"],
        "task=language_model": ["data=tiny_shakespeare"],
        "task=multilabel": ["data=text_csv", "data.path=my.csv", "data.label=[a,b]"],
    }
    make_config(composed(*choices, *(setting for choice in choices for setting in needed.get(choice, []))))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["task=forecasting"], "task=forecasting does not suit data=names; use task=classification"),
        (
            ["data=jena_climate", "task=classification"],
            "does not suit data=jena_climate; use task=forecasting",
        ),
        (["data=adding", "task=forecasting"], "does not suit data=adding; use task=regression"),
        (["data=adding", "callbacks.score_balanced=true"], "data=adding has no classes"),
        (["data=adding", "data.length=1"], "data.length must be greater than or equal to 2, got 1"),
        (["data=copy", "model.pooling=max"], "needs one at each step; use model.pooling=last"),
        (["data=parity", "data.test_length=40"], "test_length=40 must be more than length=40"),
        (["data=temporal_order", "data.relevant=4"], "data.relevant must be 2 or 3, got 4"),
        (["data=parity", "data.train_samples=0"], "data.train_samples must be greater than or equal to 1"),
        (["data=jena_climate", "callbacks.score_balanced=true"], "data=jena_climate has no classes"),
        (["data=text_csv"], "data.path must be set"),
        (["data=series_csv", "data.path=a"], "data.targets must be set"),
        (["data=text_csv", "data.path=a", "data.encoding=utf9"], "no encoding 'utf9'"),
        (["data=series_csv", "data.path=a", "data.targets=[]"], "data.targets"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_in_a_line(settings, said):
    with pytest.raises(ConfigError) as error:
        make_config(composed(*settings))
    assert said in str(error.value)
    assert len(str(error.value).splitlines()) == 1


OWN = ["data=text_csv", "data.path=a"]
SHOPPING = ["data=online_shopping_10_cats"]


@pytest.mark.product(3)
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ([*OWN, "data.batch_size=0"], "data.batch_size must be greater than or equal to 1, got 0"),
        ([*OWN, "data.min_count=0"], "data.min_count must be greater than or equal to 1, got 0"),
        ([*OWN, "data.max_length=0"], "data.max_length must be greater than or equal to 1, got 0"),
        ([*OWN, "data.limit_train_samples=0"], "data.limit_train_samples must be greater than or equal to 1"),
        ([*OWN, "data.keep=middle"], "data.keep must be 'begin' or 'end', got 'middle'"),
        ([*OWN, "data.tokens=syllables"], "data.tokens must be 'characters' or 'words', got 'syllables'"),
        ([*OWN, "data.ngrams=0"], "data.ngrams must be greater than or equal to 1, got 0"),
        ([*OWN, "data.ngrams=4"], "data.ngrams must be less than or equal to 3, got 4"),
        ([*OWN, "data.split=leaky"], "data.split must be 'grouped' or 'random_lines', got 'leaky'"),
        ([*OWN, "data.sampling=some"], "data.sampling must be 'all' or 'balanced', got 'some'"),
        ([*OWN, "data.split_seed=-1"], "data.split_seed must be greater than or equal to 0, got -1"),
        ([*OWN, "data.val_share=1"], "data.val_share must be less than 1, got 1"),
        ([*OWN, "data.test_share=-0.1"], "data.test_share must be greater than or equal to 0, got -0.1"),
        ([*OWN, "data.val_share=0.6", "data.test_share=0.4"], "data: val_share + test_share is 1; keep it"),
        ([*OWN, "data.separator=';'"], "data.separator must be 'comma', 'semicolon', 'tab', 'pipe' or "),
        ([*OWN, "data.encoding=''"], "data.encoding: no encoding ''"),
        ([*OWN, "data.text=''"], "data.text "),
        ([*OWN, "data.label=[a]"], "task=classification does not suit data=text_csv; several labels"),
        ([*OWN, "data.label=[]"], "data.label must be a list of one or more, got []"),
        (["data=text_csv", "data.path=''"], "data.path "),
        ([*OWN, "+data.target=cat"], "data.target is unknown; did you mean 'text'"),
        ([*OWN, "+data.root=a"], "data.root is unknown; "),
        ([*SHOPPING, "data.target=cat"], "data.target must be 'category' or 'sentiment', got 'cat'"),
        ([*SHOPPING, "data.source=fake"], "data.source must be 'auto', 'real' or 'sample', got 'fake'"),
        ([*SHOPPING, "+data.encoding=gb18030"], "data.encoding is unknown; "),
        (["data=names", "+data.min_count=2"], "data.min_count is unknown; "),
        (["data=names", "data.ascii=2"], "data.ascii must be a valid boolean"),
    ],
)
def test_a_setting_of_texts_that_cannot_be_is_refused_in_a_line_that_names_it(settings, said):
    with pytest.raises(ConfigError) as error:
        make_config(composed(*settings))
    assert str(error.value).startswith(said)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "gb18030", "big5", "latin-1", "cp1252", "utf-8-sig"])
def test_encodings_whose_lines_end_with_one_byte_are_taken(encoding):
    assert make_config(composed(*OWN, f"data.encoding={encoding}")).data.encoding == encoding


def test_a_path_of_the_users_own_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert make_config(composed("data=text_csv", "data.path=my.csv")).data.path == str(tmp_path / "my.csv")
    from_home = make_config(composed("data=text_csv", "data.path='~/my.csv'")).data.path
    assert from_home == str(tmp_path / "home/my.csv")


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
        (["data=text_csv", "data.path=a", "data.keep=end", "data.max_length=null"], ["data.keep=end"]),
        (["data=text_csv", "data.path=a", "data.keep=end"], []),
        (["data=text_csv", "data.path=a", "data.ngrams=2"], ["data.ngrams=2"]),
        (["data=text_csv", "data.path=a", "data.ngrams=2", "model.encoder=ngrams"], []),
        (["data=jena_climate", "task.levels=[0.1,0.5]"], ["task.levels"]),
        (["data=jena_climate", "task.levels=[0.1,0.5]", "task.loss=gaussian"], []),
    ],
)
def test_settings_without_effect_are_named(settings, idle):
    lines = without_effect(make_config(composed(*settings)))
    assert lines == [f"{setting} has no effect with the other settings" for setting in idle]


def test_errors_come_all_at_once_and_name_keys_without_the_branch_of_a_union():
    raw = make_config(composed()).model_dump(mode="json")
    raw["optimizer"]["lr"] = "fast"
    raw["model"]["hidden_size"] = 0
    raw["trainer"]["epochs"] = 3
    raw["data"]["split"] = "none"
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


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["task.monitor=val/crps"], "task.monitor=val/crps is of distributions, and task.loss=mae forecasts"),
        (
            ["task.loss=negative_binomial", "data.series_id=[well]", "data.scaling=series"],
            "counts in the units of the targets, and data.scaling=series has others",
        ),
        (
            ["task.loss=quantiles", "task.conformal=0.7"],
            "task.conformal=0.7 calibrates the interval from 0.15 to 0.85; put both into task.levels",
        ),
        (
            ["task.loss=negative_binomial", "model.instance_norm=last"],
            "counts in the units of the targets, and model.instance_norm has others for each window",
        ),
        (["model.instance_norm=revins"], "model.instance_norm must be 'none', 'last', 'standard' or 'revin'"),
        (["model.segment=0"], "model.segment"),
        (["task.loss=quantiles", "task.levels=[0.1,0.9]"], "one must be 0.5, the median"),
        (["task.loss=quantiles", "task.levels=[0.9,0.5]"], "must ascend"),
        (["task.loss=quantiles", "task.levels=[0.5,1.5]"], "task.levels"),
        (["task.baselines=[bosting]"], "'bosting' is no baseline of forecasts; did you mean 'boosting'"),
        (["task.baselines=[ridge,ridge]"], "baselines: 'ridge' is named twice"),
        (["task.baselines=[]"], "baselines: name one or more, or set false for none"),
    ],
)
def test_settings_of_a_forecast_that_do_not_go_together_are_refused(settings, message):
    base = ["data=series_csv", "data.path=a.csv", "data.targets=[load]"]
    with pytest.raises(ConfigError, match=re.escape(message)):
        make_config(composed(*base, *settings))


@pytest.mark.parametrize(
    "setting", ["instance_norm=revin", "channels=independent", "decoder=parallel", "decoder=autoregressive"]
)
def test_settings_of_networks_for_forecasts_are_refused_elsewhere(setting):
    message = f"model.{setting} is for series that are forecast; use model."
    with pytest.raises(ConfigError, match=re.escape(message)):
        make_config(composed("data=adding", f"model.{setting}"))


@pytest.mark.parametrize(
    ("settings", "idle"),
    [
        (["model.pooling=max", "model.decoder=parallel"], ["model.pooling=max"]),
        (["model.segment=7"], ["model.segment=7"]),
        (["model.segment=7", "model.encoder=segments"], []),
        (["model.segment=7", "model.decoder=parallel"], []),
        (["model.teacher_forcing=0.5"], ["model.teacher_forcing=0.5"]),
        (["model.teacher_forcing=0.5", "model.decoder=autoregressive"], []),
        (["model.channel_embedding=4"], ["model.channel_embedding=4"]),
        (["model.channel_embedding=4", "model.channels=independent"], []),
    ],
)
def test_settings_of_networks_for_forecasts_without_effect_are_told(settings, idle):
    config = make_config(composed("data=jena_climate", *settings))
    assert without_effect(config) == [f"{one} has no effect with the other settings" for one in idle]


def test_only_a_task_whose_baselines_have_names_lists_them():
    with pytest.raises(ConfigError, match="baselines: classification has only its own"):
        make_config(composed("data=names", "task.baselines=[ridge]"))
    assert make_config(composed("data=jena_climate", "task.baselines=[boosting]")).task.baselines == (
        "boosting",
    )


def test_a_distribution_can_be_chosen_by_its_own_score():
    config = make_config(composed("data=jena_climate", "task.loss=quantiles", "task.monitor=val/crps"))
    assert (config.task.watched, config.task.mode) == ("val/crps", "min")
