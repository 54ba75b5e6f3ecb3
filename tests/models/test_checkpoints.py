"""Checkpoints of a SequenceModule: what they hold, and how a run goes on from them."""

import json

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from seqlab.cells import Cell, State
from seqlab.data import Sequences
from seqlab.models.lightning_module import SequenceModule

from .small import MODEL, SGD, SPEC, SaveAt, loader_of, module_of, trainer_of, weights_of

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")

ADAM = {"name": "adam", "betas": [0.5, 0.9]}


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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"model": {"hidden_size": np.int64(4)}}, {"hidden_size": 4}),
        ({"num_layers": np.int64(2), "dropout": np.float64(0.5)}, {"num_layers": 2, "dropout": 0.5}),
        (
            {"dropout": np.float32(0.5), "bidirectional": np.bool_(True)},
            {"dropout": 0.5, "bidirectional": True},
        ),
        ({"num_layers": torch.tensor(2), "cell": np.str_("lstm")}, {"num_layers": 2, "cell": "lstm"}),
        ({"hidden_size": np.array([4, 3])}, {"hidden_size": [4, 3]}),
        ({"model": OmegaConf.create({"hidden_size": [4, 3]})}, {"hidden_size": [4, 3]}),
        ({"task": {"label_smoothing": np.float32(0.5)}}, {"label_smoothing": 0.5}),
        ({"optimizer": {"name": "sgd", "lr": np.float64(0.1)}}, SGD),
        ({"scheduler": {"name": "cosine", "epochs": np.int64(3)}}, {"name": "cosine", "epochs": 3}),
    ],
)
def test_numbers_and_lists_of_numpy_torch_and_omegaconf_are_saved_as_plain_ones(tmp_path, given, expected):
    (part,) = given.keys() & {"task", "optimizer", "scheduler"} or {"model"}
    module, trainer, path = SequenceModule(SPEC, **given), trainer_of(), tmp_path / "module.ckpt"
    trainer.fit(module, loader_of(8))
    trainer.save_checkpoint(path)
    loaded = SequenceModule.load_from_checkpoint(path)
    assert json.loads(json.dumps(loaded.hparams[part])) == expected
    torch.testing.assert_close(weights_of(loaded), weights_of(module))


class Halving(Cell):
    """A cell of one's own."""

    gates, state, output = ("h",), ("h",), "h"

    def step(self, x, u, s):
        return State(h=0.5 * s.h + torch.tanh(x.h + u.h(s.h)))


def test_a_list_of_cells_of_ones_own_is_given_again(tmp_path):
    cells, path = [Halving(), Halving()], tmp_path / "module.ckpt"
    module, trainer = SequenceModule(SPEC, cell=cells, hidden_size=4, engine="eager"), trainer_of()
    trainer.fit(module, loader_of(8))
    trainer.save_checkpoint(path)
    assert module.hparams["model"] == {"hidden_size": 4, "engine": "eager"}
    loaded = SequenceModule.load_from_checkpoint(path, cell=cells)
    torch.testing.assert_close(weights_of(loaded), weights_of(module))


def test_a_subclass_saves_arguments_of_its_own_beside_the_description_of_the_data(tmp_path):
    class Own(SequenceModule):
        def __init__(self, spec, extra=1, **network):
            super().__init__(spec, **network)
            self.save_hyperparameters()
            self.extra = extra

    x = [*np.random.default_rng(0).normal(size=(40, 3, 2))]
    data = Sequences.from_arrays(x, ["left", "right"] * 20)
    module, trainer, path = (
        Own(data.spec, extra=7, hidden_size=np.int64(4)),
        trainer_of(),
        tmp_path / "own.ckpt",
    )
    trainer.fit(module, data)
    trainer.save_checkpoint(path)
    loaded = Own.load_from_checkpoint(path)
    assert loaded.extra == 7
    assert module.hparams["spec"] == module.hparams_initial["spec"] == data.spec.as_dict()
    torch.testing.assert_close(weights_of(loaded), weights_of(module))
    assert torch.load(path, weights_only=True)["hyper_parameters"]["spec"] == data.spec.as_dict()


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
