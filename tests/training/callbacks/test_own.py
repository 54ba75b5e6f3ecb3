"""A callback of the user's own: its settings, and its state in a run that is ended somewhere and goes on."""

import json

import pytest
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import EarlyStopping

from seqlab.errors import ConfigError, RunError
from seqlab.inference.evaluate import evaluate
from seqlab.registry import plugins
from seqlab.training.trainer import _refuse_shared_state_keys

MINE = '''
import json
from pathlib import Path

import torch
from lightning.pytorch import Callback

from seqlab import register_callback


@register_callback("counting")
class Counting(Callback):
    """Counts what it sees, and draws random numbers while it does."""

    def __init__(self, folder: Path, *, factor: int = 1) -> None:
        self.folder, self.factor = folder, factor
        self.counts = {"epochs": 0, "batches": 0, "validations": 0}
        self.drawn = torch.zeros(())

    def _count(self, name: str) -> None:
        self.counts[name] += self.factor
        self.drawn = self.drawn + torch.rand(())

    def on_train_epoch_start(self, trainer, pl_module):
        self._count("epochs")

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self._count("batches")

    def on_validation_end(self, trainer, pl_module):
        self._count("validations")

    def on_fit_end(self, trainer, pl_module):
        (self.folder / "counts.json").write_text(json.dumps([self.counts, self.drawn.item()]))

    def state_dict(self):
        return {"counts": self.counts, "drawn": self.drawn}

    def load_state_dict(self, state_dict):
        self.counts, self.drawn = state_dict["counts"], state_dict["drawn"]


@register_callback("halving")
class Halving(Callback):
    """Halves the weights after each validation."""

    def on_validation_end(self, trainer, pl_module):
        with torch.no_grad():
            for weight in pl_module.parameters():
                weight.mul_(0.5)


@register_callback("hoarding")
class Hoarding(Callback):
    def state_dict(self):
        return {"seen": {"a set"}}
'''


@pytest.fixture
def mine(runs):
    """Import the user's callbacks from the working folder."""
    (runs.root / "callbacks_of_mine.py").write_text(MINE)
    plugins.load("callbacks_of_mine")


OWN = (
    "+callbacks.counting={factor: 2}",
    "+callbacks.bar={_target_: lightning.pytorch.callbacks.TQDMProgressBar}",
    "+callbacks.rich_model_summary={}",
    "+callbacks.learning_rate_monitor={logging_interval: step}",
    "checkpoint.every_steps=3",
)


@pytest.mark.usefixtures("mine")
def test_a_callback_with_state_goes_on_where_it_stood(runs, killed):
    config = runs.settings(*OWN)
    runs.train(config, "whole")
    for place in (("on_train_batch_start", 5), ("on_validation_end", 16), ("on_train_batch_start", 16)):
        with killed(*place):
            runs.train(config)
        assert runs.step() > 0
    runs.train(config)
    found, expected = (
        json.loads((runs.root / name / "counts.json").read_text()) for name in ("run", "whole")
    )
    assert found == expected
    assert found[0] == {"epochs": 6, "batches": 48, "validations": 6}
    runs.assert_same("run", "whole")
    assert '"lr-AdamW": 0.0' in (runs.root / "run/metrics.jsonl").read_text()


@pytest.mark.usefixtures("mine")
def test_the_weights_that_are_tested_are_the_best_ones_whatever_a_callback_does_to_them(runs):
    runs.train(runs.settings("+callbacks.halving={}"))
    found = evaluate(runs.root / "run")
    assert {name: runs.record()["metrics"][name] for name in found} == found


NORMED = '''
from torch import nn

from seqlab import register_pooling


@register_pooling("normed")
class Normed(nn.Module):
    """The mean, normalized by running statistics, which are buffers."""

    def __init__(self, hidden_size):
        super().__init__()
        self.output_size = hidden_size
        self.norm = nn.BatchNorm1d(hidden_size)

    def forward(self, hidden, lengths):
        return self.norm(hidden.mean(1))
'''


@pytest.mark.parametrize("average", ["weight_average=0.9", "average_after=1"])
def test_a_part_with_buffers_goes_on_where_it_stood(runs, killed, average):
    (runs.root / "normed_of_mine.py").write_text(NORMED)
    plugins.load("normed_of_mine")
    config = runs.settings("model.pooling=normed", f"callbacks.{average}", "checkpoint.every_steps=3")
    runs.train(config, "whole")
    with killed("on_train_batch_start", 13):
        runs.train(config)
    assert runs.step() > 0
    runs.train(config)
    runs.assert_same("run", "whole")


@pytest.mark.usefixtures("mine")
def test_a_state_that_cannot_be_saved_is_refused_before_the_first_batch(runs):
    config = runs.settings("+callbacks.hoarding={}")
    with pytest.raises(
        RunError, match=r"state of callback Hoarding\.seen is a set, which a checkpoint cannot contain"
    ):
        runs.train(config)
    assert not (runs.root / "run/metrics.jsonl").exists()


def test_two_callbacks_do_not_share_a_name_for_their_state():
    one, other, last = (EarlyStopping(monitor=name) for name in ("val/loss", "val/loss", "val/accuracy"))
    _refuse_shared_state_keys([Callback(), Callback(), one, last])
    with pytest.raises(ConfigError, match="two of them save their state as 'EarlyStopping"):
        _refuse_shared_state_keys([one, other])
