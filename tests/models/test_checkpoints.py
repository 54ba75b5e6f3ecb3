"""Checkpoints of a SequenceModule: what they hold, and how a run goes on from them."""

import json

import pytest
import torch

from seqlab.models.lightning_module import SequenceModule

from .small import MODEL, SPEC, SaveAt, loader_of, module_of, trainer_of, weights_of

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")


def test_a_checkpoint_holds_plain_values_and_the_weights_that_rebuild_the_module(tmp_path):
    settings = {
        "spec": SPEC,
        "model": MODEL | {"num_layers": 2, "bidirectional": True},
        "task": {"label_smoothing": 0.1},
        "optimizer": {"name": "adam", "lr": 0.01, "betas": [0.9, 0.99]},
        "scheduler": {"name": "cosine", "interval": "step", "min_lr": 0.0},
    }
    module, trainer = SequenceModule(**settings), trainer_of()
    trainer.fit(module, loader_of(24))
    trainer.save_checkpoint(tmp_path / "module.ckpt")
    checkpoint = torch.load(tmp_path / "module.ckpt", weights_only=True)
    assert json.loads(json.dumps(checkpoint["hyper_parameters"])) == settings

    rebuilt = SequenceModule(**checkpoint["hyper_parameters"])
    rebuilt.load_state_dict(checkpoint["state_dict"])
    batch = next(iter(loader_of(24)))
    torch.testing.assert_close(
        rebuilt.eval()(batch.x, batch.lengths), module.eval()(batch.x, batch.lengths), rtol=0, atol=0
    )


def test_a_checkpoint_of_the_weights_alone_is_loaded_and_scored(tmp_path):
    module, trainer, path = module_of(scheduler="cosine"), trainer_of(), tmp_path / "weights.ckpt"
    trainer.fit(module, loader_of(24))
    trainer.save_checkpoint(path, weights_only=True)
    (expected,) = trainer.test(module, loader_of(24), verbose=False)
    torch.testing.assert_close(weights_of(SequenceModule.load_from_checkpoint(path)), weights_of(module))
    scores = trainer_of().test(module_of(), loader_of(24), ckpt_path=path, verbose=False)
    assert scores == [expected]


def test_a_checkpoint_holds_nothing_but_the_networks_weights():
    assert all(name.startswith("model.") for name in module_of().state_dict())


@pytest.mark.parametrize(
    "scheduler", [{"name": "none"}, {"name": "cosine", "interval": "step", "min_lr": 0.0}]
)
@pytest.mark.parametrize("length", [{"epochs": 3}, {"epochs": -1, "max_steps": 15}])
@pytest.mark.parametrize("step", [3, 5, 8, 10])
def test_a_run_that_is_continued_from_a_checkpoint_ends_with_the_same_weights(
    tmp_path, step, length, scheduler
):
    path = tmp_path / "middle.ckpt"
    whole = module_of(scheduler=scheduler)
    trainer_of(SaveAt(step, path), **length).fit(whole, loader_of(40))
    continued, trainer = module_of(scheduler=scheduler), trainer_of(**length)
    trainer.fit(continued, loader_of(40), ckpt_path=path)
    assert trainer.global_step == 15
    torch.testing.assert_close(weights_of(continued), weights_of(whole), rtol=0, atol=0)
