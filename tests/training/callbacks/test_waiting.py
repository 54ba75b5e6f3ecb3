"""No training step waits for the device: a GPU would stand still meanwhile."""

from pathlib import Path

import pytest
import torch
from torch.optim import adam, optimizer, sgd

from .waiting import EnoughError, Unwaited, UnwaitedOnGPU, trainer_without_numbers

STEPS = 4
SHORT = {
    "names": ["data.bos_eos=false"],
    "online_shopping_10_cats": ["data.max_length=6"],
    "jena_climate": ["data.input_days=0.2", "data.horizon_days=0.1"],
    "adding": ["data.length=6", "data.train_samples=20"],
    "copy": ["data.length=4", "data.recalled=2", "data.train_samples=20"],
}
"""Data sets, with little in a sequence: without numbers every operation takes long."""


@pytest.fixture
def train_without_numbers(runs, monkeypatch, arriving_late):
    """Return what trains some steps, and fails where one of them would wait for a GPU."""
    monkeypatch.setattr("seqlab.training.trainer.Trainer", trainer_without_numbers)
    arriving_late(STEPS - 2)
    for module in (adam, sgd, optimizer):  # fused kernels, as on a GPU
        if hasattr(module, "_get_fused_kernels_supported_devices"):
            monkeypatch.setattr(module, "_get_fused_kernels_supported_devices", lambda: ["meta"])

    def run(*overrides):
        config = runs.settings("data.batch_size=2", "trainer.limit_train_batches=99", *overrides)
        callback = Unwaited(STEPS)
        monkeypatch.setattr("seqlab.training.trainer.progress", lambda _verbosity: [callback])
        with callback.modes, pytest.raises(EnoughError):
            runs.train(config)

    return run


@pytest.mark.product(5)
@pytest.mark.parametrize("data", SHORT)
def test_no_step_waits_whatever_the_data(train_without_numbers, data):
    train_without_numbers(f"data={data}", *SHORT[data])


@pytest.mark.product(3)
@pytest.mark.parametrize(
    "settings",
    [
        ["trainer.gradient_clip_val=null"],
        ["trainer.gradient_clip_val=0.1", "trainer.gradient_clip_algorithm=value"],
        ["trainer.accumulate_grad_batches=2", "scheduler=onecycle", "callbacks.weight_average=0.9"],
        ["model=lstm_two_layers", "model.bidirectional=true", "logger=tensorboard"],
        ["model=lstm_layernorm", "model.encoder=ngrams", "data.ngrams=2", "model.pooling=combined"],
        ["model=gru", "engine=reference", "model.encoder=onehot", "optimizer=sgd"],
    ],
    ids=" ".join,
)
def test_no_step_waits_whatever_the_settings(train_without_numbers, settings):
    train_without_numbers(*settings)


@pytest.mark.product(3)
@pytest.mark.parametrize(
    "settings",
    [
        ["data=tagged", "data.path=a.conll"],
        ["data=text_csv", "data.path=a.csv", "data.label=[x,y]", "task=multilabel"],
        ["data=text_csv", "data.path=a.csv", "data.label=z", "task=regression"],
    ],
    ids=["tags", "labels", "numbers"],
)
def test_no_step_waits_whatever_is_asked(train_without_numbers, settings):
    Path("a.conll").write_text("".join(f"w{n % 7} {['B-a', 'I-a', 'O'][n % 3]}\n\n" for n in range(60)))
    Path("a.csv").write_text("text,x,y,z\n" + "".join(f"t{n},{n % 2},{n % 3 % 2},{n}\n" for n in range(60)))
    train_without_numbers(*settings)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("data", SHORT)
def test_no_step_waits_on_a_gpu(runs, monkeypatch, data):
    monkeypatch.setattr("seqlab.training.trainer.progress", lambda _verbosity: [UnwaitedOnGPU()])
    settings = ["trainer.accelerator=gpu", "trainer.max_epochs=1", "callbacks.weight_average=0.9"]
    runs.train(runs.settings(f"data={data}", *settings, *SHORT[data]))
    assert runs.record()["status"] == "done"
