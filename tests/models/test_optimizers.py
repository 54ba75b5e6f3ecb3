"""Optimizers by name and by path."""

import pytest
import torch
from torch.optim import SGD, Adam, AdamW

from seqlab.config.choices import CHOICES
from seqlab.errors import ConfigError
from seqlab.models.optimizers import make_optimizer
from seqlab.registry.catalog import optimizers


def weight() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor([1.0, -2.0]))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"name": "sgd", "lr": 0.3, "momentum": 0.9, "weight_decay": 0.01}, SGD),
        ({"name": "adam", "lr": 0.002, "betas": (0.8, 0.99), "weight_decay": 0.1}, Adam),
        ({"name": "adamw", "lr": 0.004, "betas": (0.9, 0.95), "weight_decay": 0.2}, AdamW),
    ],
)
def test_an_optimizer_is_torchs_class_with_the_settings(settings, kind):
    parameter = weight()
    optimizer = make_optimizer([parameter], settings)
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    assert {key: group[key] for key in settings if key != "name"} == {
        key: value for key, value in settings.items() if key != "name"
    }
    assert group["params"] == [parameter]


@pytest.mark.parametrize("name", sorted({*optimizers} - {"lbfgs", "muon", "sparseadam"}))
def test_every_optimizer_of_torch_makes_the_step_of_its_class(name):
    mine, theirs = weight(), weight()
    settings = CHOICES["optimizer"].section(name)(name=name, lr=0.01).model_dump()
    pair = [make_optimizer([mine], settings), optimizers[name]([theirs], lr=0.01)]
    for parameter, optimizer in zip((mine, theirs), pair, strict=True):
        parameter.grad = torch.tensor([3.0, 1.0])
        optimizer.step()
    torch.testing.assert_close(mine, theirs)
    assert not torch.equal(mine, weight())


@pytest.mark.parametrize("name", ["torch.optim.RMSprop", "torch.optim.rmsprop.RMSprop"])
def test_an_optimizer_may_be_named_by_its_path(name):
    assert type(make_optimizer([weight()], {"name": name, "lr": 0.1, "alpha": 0.5})) is torch.optim.RMSprop


@pytest.mark.parametrize("path", ["torch.nn.Linear", "torch.hub.Path", "os.system", "torch.optim.Nope"])
def test_what_is_no_optimizer_is_refused_and_not_called(path):
    with pytest.raises(ConfigError, match=r"it must be a subclass of torch.optim.Optimizer|has no"):
        make_optimizer([weight()], {"name": path})


def test_what_the_class_refuses_is_said_in_a_line():
    with pytest.raises(ConfigError, match=r"^optimizer=adamw: Invalid beta parameter at index 0: 2.0$"):
        make_optimizer([weight()], {"name": "adamw", "betas": (2.0, 0.9)})


def test_an_sgd_step_is_the_formula():
    parameter = weight()
    optimizer = make_optimizer([parameter], {"name": "sgd", "lr": 0.1, "momentum": 0.5, "weight_decay": 0.2})
    value, velocity = [1.0, -2.0], [0.0, 0.0]
    for gradient in ([3.0, 1.0], [-1.0, 2.0]):
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        velocity = [0.5 * v + g + 0.2 * w for v, g, w in zip(velocity, gradient, value, strict=True)]
        value = [w - 0.1 * v for w, v in zip(value, velocity, strict=True)]
        assert parameter.tolist() == pytest.approx(value)
