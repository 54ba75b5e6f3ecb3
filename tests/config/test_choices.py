"""How classes are named in a configuration: by name or path, with Hydra's key, as earlier versions did."""

import pytest
import yaml

from seqlab.config.choices import canonical, modules_of
from seqlab.config.compose import save_config
from seqlab.config.trainer import LoggerConfig
from seqlab.config.validation import validate

from .test_schema import composed, make_config

CSV = {"csv": {"_target_": "csv"}}
LOGGERS = [
    ({"csv": True}, CSV),
    ({"name": "csv"}, CSV),
    ({"name": ["csv"]}, CSV),
    (["csv"], CSV),
    ({"csv": {}}, CSV),
    ({"csv": False}, {}),
    ({"mine": {"_target_": "csv", "_convert_": "all"}}, {"mine": {"_target_": "csv"}}),
    (
        "lightning.pytorch.loggers.MLFlowLogger",
        {"mlflow": {"_target_": "lightning.pytorch.loggers.MLFlowLogger"}},
    ),
    ("my_pkg.Mine", {"mine": {"_target_": "my_pkg.Mine"}}),
]


@pytest.mark.parametrize(("written", "expected"), LOGGERS)
def test_loggers_are_one_way_or_another_below_their_keys(written, expected):
    assert canonical({"logger": written}) == {"logger": expected}


def test_target_is_another_word_for_name():
    written = {"optimizer": {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.1}}
    assert canonical(written) == {"optimizer": {"name": "torch.optim.Adam", "lr": 0.1}}


def test_the_modules_of_every_class_that_is_named_by_its_path_are_known():
    raw = {
        "imports": "a",
        "optimizer": {"_target_": "b.c.D"},
        "logger": ["e.F", "csv", "torch.G"],
    }
    assert modules_of(raw) == ["a", "b.c", "e"]


WANDB = {
    "_target_": "lightning.pytorch.loggers.wandb.WandbLogger",
    "save_dir": "outputs",
    "offline": False,
    "id": None,
    "anonymous": None,
    "project": "lightning-hydra-template",
    "log_model": False,
    "prefix": "",
    "group": "",
    "tags": [],
    "job_type": "",
}
"""logger/wandb.yaml of lightning-hydra-template; the last three are not named by the class."""


def test_a_logger_of_lightning_has_its_own_settings_and_those_that_it_passes_on():
    (found,) = LoggerConfig.model_validate({"wandb": WANDB}).parts.values()
    assert found.model_dump().items() >= WANDB.items()


def test_what_a_logger_computes_or_seqlab_fills_in_is_left_out_unless_it_is_set():
    parts = LoggerConfig.model_validate(
        {"a": {"_target_": "mlflow"}, "b": {"_target_": "mlflow", "tracking_uri": "x", "save_dir": "y"}}
    ).parts
    unset, given = (part.model_dump() for part in parts.values())
    assert given == {**unset, "tracking_uri": "x", "save_dir": "y"}


def test_the_store_of_mlflow_is_the_same_from_every_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    (part,) = make_config(composed("logger=mlflow", "paths.output_dir=my runs")).logger.parts.values()
    assert part.model_dump()["tracking_uri"] == f"sqlite:///{tmp_path}/my runs/mlflow.db"


def test_settings_are_saved_as_they_are_read(tmp_path):
    config = make_config(composed("logger=[tensorboard,csv]"))
    save_config(config, tmp_path / "config.yaml")
    saved = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert saved["logger"] == {name: {"_target_": name} for name in ("tensorboard", "csv")}
    assert validate(saved).logger == config.logger
    assert validate(saved | {"logger": {"name": ["tensorboard", "csv"]}}).logger == config.logger
