"""SequenceModule: what it learns, and the parts it is given."""

import pytest
import torch
from lightning.pytorch import seed_everything
from torch import nn
from torchmetrics import Accuracy

from seqlab.cells import Cell, State
from seqlab.errors import ConfigError
from seqlab.models.lightning_module import SequenceModule
from seqlab.nn.pooling import Last
from seqlab.tasks import Regression

from .small import MODEL, SPEC, loader_of, module_of, trainer_of, weights_of

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")


@pytest.mark.parametrize(
    "cell", [*(pytest.param(cell, marks=pytest.mark.slow) for cell in ("rnn", "gru")), "lstm"]
)
def test_a_separable_problem_is_learnt_completely(cell):
    module = module_of(model=MODEL | {"cell": cell}, optimizer={"name": "adamw", "lr": 0.02})
    trainer = trainer_of(epochs=25, gradient_clip_val=5.0)
    trainer.fit(module, loader_of(96))
    trainer.validate(module, loader_of(96), verbose=False)
    assert trainer.callback_metrics["val/accuracy"] == 1.0


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    def trained(seed: int) -> dict[str, torch.Tensor]:
        seed_everything(seed, verbose=False)
        module = SequenceModule(spec=SPEC, model=MODEL | {"dropout": 0.3})
        trainer_of(epochs=2).fit(module, loader_of(40))
        return weights_of(module)

    first, again, other = trained(0), trained(0), trained(1)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


def test_a_network_of_parts_of_ones_own():
    class Wide(nn.Module):
        output_size = 5

        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(8, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.table(x)

    class Halving(Cell):
        gates, state, output = ("h",), ("h",), "h"

        def step(self, x, u, s):
            return State(h=0.5 * s.h + torch.tanh(x.h + u.h(s.h)))

    module = SequenceModule(
        SPEC, encoder=Wide(), cell=Halving(), hidden_size=4, engine="eager", optimizer="sgd"
    )
    assert module.hparams["model"] == {"hidden_size": 4, "engine": "eager"}
    trainer = trainer_of()
    trainer.fit(module, loader_of(16))
    assert type(trainer.optimizers[0]) is torch.optim.SGD


def test_an_unknown_argument_is_answered_with_those_that_were_meant():
    with pytest.raises(ConfigError, match="no argument 'hiden_size'; did you mean 'hidden_size'"):
        SequenceModule(SPEC, hiden_size=4)


WRONG = {
    "optimizer is a name, or a mapping with its name, got the class SGD": {"optimizer": torch.optim.SGD},
    "optimizer is a name, or a mapping with its name, got an object of type int": {"optimizer": {"name": 3}},
    "scheduler is a name, or a mapping with its name, got the class StepLR": {
        "scheduler": torch.optim.lr_scheduler.StepLR
    },
    "task is a name, or a mapping with its name, got the class Regression": {"task": Regression},
    "task 'regression': TypeError: .* unexpected keyword argument 'flor'": {
        "task": {"name": "regression", "flor": 1}
    },
    "task.metrics is a name, a list of names, or settings by name, got the class Accuracy": {
        "task": {"metrics": Accuracy}
    },
    "task.metrics is a name, .* got an object of type int": {"task": {"metrics": {"auroc": 1}}},
    "encoder: the class Embedding is neither a name nor a module; register it with seqlab.register_encoder": {
        "encoder": nn.Embedding
    },
    "pooling: the class Last is neither a name nor a module": {"pooling": Last},
    "head: the class Linear is neither a name nor a module": {"head": nn.Linear},
    "init: the function ones_ is neither a name nor a module; register it with seqlab.register_init": {
        "init": nn.init.ones_
    },
}


@pytest.mark.parametrize("said", WRONG)
def test_what_is_no_name_is_answered_with_how_to_give_it(said):
    with pytest.raises(ConfigError, match=said):
        SequenceModule(SPEC, **WRONG[said])


class Kept(nn.Module):
    """A part that returns what it is given."""

    output_size = 5

    def forward(self, x: torch.Tensor, *_) -> torch.Tensor:
        return x


class Mean(Last):
    """A pooling that forgets that there is a batch."""

    def forward(self, outputs: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return outputs.mean((0, 1))


class Narrow(nn.Embedding):
    """An encoder of another width than it says."""

    output_size = 5


class Pair(Narrow):
    """An encoder that returns a tuple."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x), None


SHAPES = {
    r"encoder Narrow returns \[8, \d, 4\], and the layers read \[B, T, 5\]; set its output_size to": {
        "encoder": Narrow(8, 4)
    },
    r"encoder Kept returns \[8, \d\], and the layers read": {"encoder": Kept()},
    r"encoder Pair returns an object of type tuple, and": {"encoder": Pair(8, 5)},
    r"head Linear makes \[8, 5, 3\] of what pooling Kept returns, and task Classification reads \[8, 3\]": {
        "pooling": Kept(),
        "head": nn.Linear(8, 3),
    },
    r"head LinearHead makes \[3\] of what pooling Mean returns, and task": {"pooling": Mean(8)},
    r"head Linear makes \[8, 2\] of what pooling Last returns, and task": {"head": nn.Linear(8, 2)},
    r"head Linear makes \[8, 1, 2\], and task Tagging reads \[8, 1, 3\]": {
        "spec": SPEC | {"tagged_steps": 1},
        "task": "tagging",
        "head": nn.Linear(8, 2),
    },
}


@pytest.mark.parametrize("said", SHAPES)
def test_a_part_that_returns_another_shape_is_named(said):
    module = module_of(**SHAPES[said])
    batch = next(iter(loader_of(8)))
    with pytest.raises(ConfigError, match=said):
        module.validation_step(batch, 0)


@pytest.mark.parametrize("metrics", ["auroc", ["auroc"], {"auroc": {"_target_": "auroc"}}])
def test_metrics_are_given_as_on_the_command_line(metrics):
    module = module_of(task={"metrics": metrics})
    found = trainer_of().validate(module, loader_of(24), verbose=False)
    assert 0 <= found[0]["val/auroc"] <= 1


def test_settings_without_a_name_are_those_of_the_usual_optimizer():
    module = SequenceModule(SPEC, optimizer={"lr": 0.1}, scheduler={"interval": "step"})
    assert module.hparams["optimizer"] == {"name": "adamw", "lr": 0.1}
    assert module.hparams["scheduler"] == {"name": "none", "interval": "step"}
