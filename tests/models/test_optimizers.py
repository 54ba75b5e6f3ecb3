"""Optimizers by name and by path."""

import pytest
import torch
from torch.optim import SGD, Adam, AdamW

from seqlab.config.choices import CHOICES
from seqlab.errors import ConfigError
from seqlab.models.optimizers import make_optimizer, optimizer_of
from seqlab.models.schedulers import make_scheduler
from seqlab.models.sequence_model import SequenceModel
from seqlab.nn.parts import InputSpec
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


def network(**settings) -> SequenceModel:
    torch.manual_seed(0)
    sizes = {"cell": "gru", "hidden_size": 3, "num_layers": 2, "between": "layernorm"}
    return SequenceModel(InputSpec("tokens", 9), 9, -1, **sizes | settings)


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True}, {"tied": True, "embedding_size": 3}])
def test_parts_have_all_parameters_once(settings):
    model = network(**settings)
    parts = model.parts()
    assert list(parts) == ["encoder", "recurrent.0", "recurrent.1", "head"]
    found = [id(one) for part in parts.values() for one in part]
    assert sorted(found) == sorted(map(id, model.parameters()))
    (norm,) = [one for one in model.modules() if isinstance(one, torch.nn.LayerNorm)]
    assert any(one is norm.weight for one in parts["recurrent.1"])


def test_without_grouping_an_optimizer_has_one_group():
    model = network()
    settings = {"name": "adamw", "lr": 0.1, "decay_vectors": True, "depth_factor": 1.0}
    (group,) = optimizer_of(model, model, settings, fused=True).param_groups
    assert [id(one) for one in group["params"]] == [id(one) for one in model.parameters()]


def test_weight_decay_of_matrices_only_is_that_of_the_formula():
    model = network()
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    settings = {"name": "sgd", "lr": 0.1, "weight_decay": 0.5, "decay_vectors": False}
    optimizer = optimizer_of(model, model, settings, fused=True)
    for one in model.parameters():
        one.grad = torch.zeros_like(one)
    optimizer.step()
    kinds = set()
    for name, one in model.named_parameters():
        kinds.add(one.dim())
        expected = before[name] * (1 - 0.1 * 0.5) if one.dim() > 1 else before[name]
        torch.testing.assert_close(one.detach(), expected)
    assert kinds == {1, 2}


def test_rates_fall_with_depth_and_a_schedule_moves_all_of_them():
    model = network()
    settings = {"name": "adamw", "lr": 0.4, "depth_factor": 0.5, "decay_vectors": False}
    optimizer = optimizer_of(model, model, settings, fused=True)
    rates = {id(one): group["lr"] for group in optimizer.param_groups for one in group["params"]}
    found = {name: {rates[id(one)] for one in part} for name, part in model.parts().items()}
    assert found == {"encoder": {0.05}, "recurrent.0": {0.1}, "recurrent.1": {0.2}, "head": {0.4}}
    schedule = {"name": "onecycle", "interval": "step", "warmup": 0.5}
    made = make_scheduler(optimizer, schedule, total_steps=20, total_epochs=1)
    first = [group["lr"] for group in optimizer.param_groups]
    assert first[0] / first[-1] == pytest.approx(8)
    for _ in range(10):
        optimizer.step()
        made["scheduler"].step()
    rates = [group["lr"] for group in optimizer.param_groups]
    assert (rates[0], rates[-1]) == pytest.approx((0.4, 0.05), rel=0.02)


def test_an_optimizer_that_takes_no_groups_is_one_line():
    model = network()
    with pytest.raises(ConfigError, match="optimizer=lbfgs"):
        optimizer_of(model, model, {"name": "lbfgs", "lr": 0.4, "depth_factor": 0.5}, fused=True)


def test_rates_that_fall_with_depth_need_a_rate():
    model = network()
    with pytest.raises(ConfigError, match=r"depth_factor multiplies optimizer\.lr; set it too"):
        optimizer_of(model, model, {"name": "adamw", "depth_factor": 0.5}, fused=True)
