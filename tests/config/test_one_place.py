"""A setting of the network stands in one place: the constructor of ``SequenceModel``."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import seqlab
from seqlab.config.model import ModelConfig
from seqlab.models.sequence_model import SequenceModel
from seqlab.registry.section import defaults_of
from seqlab.registry.signature import settings_of_imported

SCRIPT = """
import json, pathlib, sys
from hydra import compose, initialize_config_module
from seqlab.cli.main import train
from seqlab.config.commented import choice, whole
from seqlab.config.compose import make_config, save_config

saved = pathlib.Path(sys.argv[1])
with initialize_config_module("seqlab.conf", version_base="1.3"):
    save_config(make_config(compose("config", ["model=gru", "model.warmth=0.25"])), saved)
print(json.dumps([choice("model", "lstm"), whole(), saved.read_text()]))
sys.exit(train(["model.warmth=2", "model.warmht=1"]))
"""


@pytest.fixture
def edited(tmp_path):
    """Return an environment in which SequenceModel has one more argument."""
    home = Path(seqlab.__file__).parent
    shutil.copytree(home, tmp_path / "src/seqlab", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "src/seqlab/models/sequence_model.py"
    source = file.read_text(encoding="utf-8")
    source = source.replace(
        'head: str | nn.Module = "linear",', 'head: str | nn.Module = "linear",\n        warmth: Share = 0.5,'
    )
    source = source.replace(
        "        head_options: settings", "        warmth: how warm it is.\n        head_options: settings"
    )
    file.write_text(source, encoding="utf-8")
    return os.environ | {"PYTHONPATH": str(tmp_path / "src")}


def test_a_new_argument_of_the_network_is_a_setting_at_once(edited, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "config.yaml")],
        env=edited,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    lstm, whole, saved = json.loads(done.stdout)
    assert "warmth: 0.5 # how warm it is" in lstm
    assert "  warmth: 0.5 # how warm it is" in whole
    assert yaml.safe_load(saved)["model"]["warmth"] == 0.25
    assert "model.warmth must be less than 1, got 2" in done.stderr
    assert "model.warmht is unknown; did you mean 'model.warmth'" in done.stderr


def test_what_is_read_from_the_source_is_what_python_says():
    own = {key: one for key, one in settings_of_imported(SequenceModel).items() if not one.is_positional}
    assert defaults_of(ModelConfig) == {key: one.default for key, one in own.items()}
    assert all(one.help for one in own.values())
