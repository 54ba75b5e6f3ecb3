"""A data set of the user's own: one file, no YAML, used in every command."""

import json
import re
import sys
from pathlib import Path

import pytest

from seqlab.cli.choices import offer
from seqlab.errors import ConfigError

MY_THINGS = '''
"""A data set of mine."""

from seqlab import register_dataset
from seqlab.data import TextData


@register_dataset("shouts")
class Shouts(TextData):
    """Words → how loud they are."""

    loudness: int = 2
    min_count: int = 1

    def records(self):
        for number in range(60):
            yield f"word {number}" + "!" * self.loudness, "loud"
            yield f"word {number}", "quiet"
'''
QUICK = ["imports=my_shouts", "data=shouts", "model=gru", "model.hidden_size=4", "trainer.max_epochs=1"]
QUICK += ["callbacks.figures=false", "data.batch_size=16", "task.baselines=false", "engine=eager"]


@pytest.fixture
def my_shouts(tmp_path, train):
    """Write my_shouts.py to the working folder; return the command ``seqlab train``."""
    (tmp_path / "my_shouts.py").write_text(MY_THINGS)
    yield train
    sys.modules.pop("my_shouts", None)


def test_a_data_set_in_one_file_is_trained_resumed_evaluated_asked_and_reported(my_shouts, command, tmp_path):
    assert my_shouts(*QUICK, "data.loudness=3") == 0
    (record,) = (tmp_path / "out").rglob("run.json")
    run = record.parent
    assert json.loads(record.read_text())["data"]["sizes"] == {"train": 96, "val": 12, "test": 12}
    assert "loudness: 3" in (run / "config.yaml").read_text()
    assert my_shouts(f"resume={run}", "imports=my_shouts", "trainer.max_epochs=2") == 0
    assert json.loads(record.read_text())["epochs"] == 2
    code, shown, _ = command("eval", run, "--imports", "my_shouts")
    assert (code, "test/accuracy" in shown) == (0, True)
    code, shown, _ = command("predict", run, "word 7!!!", "--imports", "my_shouts")
    assert (code, shown.startswith("word 7!!!\t")) == (0, True)
    code, shown, _ = command("report", tmp_path / "out")
    assert (code, "shouts" in shown) == (0, True)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["data=shoots"], r"data=shoots: unknown data; did you mean 'shouts'"),
        (["data=shouts", "data.loudness=x"], r"data\.loudness must be a valid integer"),
        (["data=shouts", "data.loudnes=1"], r"data\.loudnes is unknown; did you mean 'data.loudness'"),
        (["data=shouts", "task=forecasting"], "task=forecasting does not suit data=shouts"),
    ],
)
def test_a_mistake_in_its_settings_is_said_in_a_line(my_shouts, capfd, settings, said):
    assert my_shouts("imports=my_shouts", *settings) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert re.search(said, line)


def test_a_module_that_fails_is_why_nothing_has_the_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("my_broken.py").write_text("1 / 0")
    with pytest.raises(ConfigError, match="imports=my_broken: it fails with ZeroDivisionError"):
        offer(["imports=my_broken", "data=mine"], [])
