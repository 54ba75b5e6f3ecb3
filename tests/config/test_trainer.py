"""The settings of the Trainer, which are checked without torch and Lightning."""

import pytest
import torch
from lightning.pytorch.strategies import StrategyRegistry

from seqlab.config.trainer import STRATEGIES, TrainerConfig
from seqlab.errors import ConfigError
from seqlab.training.trainer import check_devices


def test_strategies_are_those_that_lightning_has():
    assert sorted(STRATEGIES) == sorted(StrategyRegistry.available_strategies())


def settings(**changes):
    """Settings as they are, whatever this machine has."""
    defaults = {"accelerator": "auto", "devices": "auto", "precision": "32-true"}
    return TrainerConfig.model_construct(**defaults | changes)


@pytest.mark.parametrize(
    ("changes", "gpus", "mps", "refused"),
    [
        ({"accelerator": "gpu"}, 0, False, "trainer.accelerator: this machine has no gpu"),
        ({"accelerator": "cuda"}, 1, False, None),
        ({"accelerator": "gpu"}, None, False, None),  # torch will say
        ({"accelerator": "mps"}, 1, False, "trainer.accelerator: this machine has no mps"),
        ({"devices": 2}, 0, False, None),  # processes on the processor
        ({"devices": [0, 2]}, 2, False, "trainer.devices=[0, 2]: this machine has 2 GPUs"),
        ({"devices": 3, "accelerator": "cpu"}, 2, False, None),
        ({"devices": [1, 1]}, 2, False, "trainer.devices=[1, 1] names a GPU twice"),
        ({"devices": [0]}, 0, False, "trainer.devices=[0] names GPUs, and there is none"),
        ({"devices": [0]}, None, False, None),
        ({"devices": [0]}, 0, True, None),
        ({"devices": [0], "accelerator": "cpu"}, 1, True, "trainer.devices=[0] names GPUs, and"),
        ({"precision": "16-mixed"}, 0, False, "trainer.precision=16-mixed needs a GPU"),
        ({"precision": "16-mixed"}, 0, True, None),
        ({"precision": "16-mixed", "accelerator": "cpu"}, 1, True, "trainer.precision=16-mixed needs a GPU"),
        ({"precision": "64-true"}, 0, True, "trainer.precision=64-true: mps has no float64"),
        ({"precision": "64-true"}, 1, True, None),
    ],
)
def test_what_a_machine_lacks_is_refused(changes, gpus, mps, refused):
    found = settings(**changes).unsupported_reason(lambda: gpus, lambda: mps)
    assert found is None if refused is None else found.startswith(refused)


def test_gpus_that_torch_cannot_use_are_refused_before_data_are_read(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ConfigError, match=rf"this machine has no gpu; .* \(as torch {torch.__version__[:5]}"):
        check_devices(settings(accelerator="gpu"))


def test_gpus_are_counted_only_where_it_matters():
    def count():
        raise AssertionError

    assert settings().unsupported_reason(count, lambda: False) is None
    assert settings(accelerator="cpu", devices=4).unsupported_reason(count, lambda: False) is None
