"""Learning-rate schedules against their formulas and torch's classes."""

import math

import pytest
import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR, ReduceLROnPlateau

from seqlab.config.choices import CHOICES
from seqlab.errors import ConfigError
from seqlab.models.optimizers import make_optimizer
from seqlab.models.schedulers import make_scheduler
from seqlab.registry.catalog import schedulers

COSINE = {"name": "cosine", "interval": "step", "min_lr": 0.01}
ONECYCLE = {"name": "onecycle", "interval": "step", "warmup": 0.25}
PLATEAU = {
    "name": "plateau",
    "interval": "epoch",
    "monitor": "val/loss",
    "mode": "min",
    "factor": 0.5,
    "patience": 2,
    "min_lr": 0.001,
}


def sgd(lr: float = 0.1) -> Optimizer:
    return make_optimizer([torch.nn.Parameter(torch.tensor([1.0, -2.0]))], {"name": "sgd", "lr": lr})


def rates(
    settings: dict, *, steps: int, lr: float = 0.1, total: tuple[int, int] | None = None, per_epoch: int = 1
) -> list[float]:
    """Return the rate before each of so many steps, and the one after the last."""
    optimizer = sgd(lr)
    total_steps, total_epochs = total or (steps, steps)
    made = make_scheduler(
        optimizer,
        settings,
        total_steps=total_steps,
        total_epochs=total_epochs,
        steps_per_epoch=per_epoch,
    )
    found = [optimizer.param_groups[0]["lr"]]
    for _ in range(steps):
        optimizer.step()
        made["scheduler"].step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


def test_none_is_no_schedule():
    assert make_scheduler(sgd(), {"name": "none"}, total_steps=10, total_epochs=2) is None


@pytest.mark.parametrize(
    ("settings", "kind"), [(COSINE, LambdaLR), (ONECYCLE, OneCycleLR), (PLATEAU, ReduceLROnPlateau)]
)
def test_a_schedule_is_torchs_class_in_the_form_that_lightning_takes(settings, kind):
    made = make_scheduler(sgd(), settings, total_steps=10, total_epochs=2)
    assert isinstance(made["scheduler"], kind)
    assert made["interval"] == settings["interval"]
    assert made["frequency"] == 1
    assert made["monitor"] == settings.get("monitor")


@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_cosine_falls_along_a_cosine_to_min_lr_over_the_whole_run(interval):
    total = (20, 999) if interval == "step" else (999, 20)
    found = rates(COSINE | {"interval": interval}, steps=20, total=total)
    half = (0.1 - 0.01) / 2
    assert found == pytest.approx([0.01 + half * (1 + math.cos(math.pi * n / 20)) for n in range(21)])
    assert found[-1] == pytest.approx(0.01)


@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_the_rate_of_onecycle_goes_up_to_the_lr_and_down_to_nearly_zero(interval):
    # 19 steps and the rate after the last are 20 rates: a quarter of them, the first five, go up.
    total = (19, 999) if interval == "step" else (999, 19)
    found = rates(ONECYCLE | {"interval": interval}, steps=19, lr=0.4, total=total)
    assert max(found) == found[4] == pytest.approx(0.4)
    assert found[:5] == sorted(found[:5])
    assert found[4:] == sorted(found[4:], reverse=True)
    assert found[0] == pytest.approx(0.4 / 25)
    assert found[-1] == pytest.approx(0.4 / 25 / 1e4)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.25, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 9, 10, 19, 100])
def test_onecycle_lasts_for_every_step_of_any_run_and_never_exceeds_the_lr(steps, warmup):
    found = rates(ONECYCLE | {"warmup": warmup}, steps=steps, lr=0.4)
    assert len(found) == steps + 1
    assert 0 < max(found) <= 0.4 + 1e-12
    assert min(found) > 0


MOMENTA = {0.9: (0.95, 0.85), 0.8: (0.9, 0.7), 0.2: (0.3, 0.1), 0.0: (0.0, 0.0)}


@pytest.mark.parametrize(("momentum", "expected"), MOMENTA.items())
@pytest.mark.parametrize("kind", ["sgd", "adamw", "rmsprop"])
def test_onecycle_varies_the_momentum_around_that_of_the_optimizer(kind, momentum, expected):
    weight = torch.nn.Parameter(torch.zeros(3))
    made = {
        "sgd": lambda: torch.optim.SGD([weight], lr=0.4, momentum=momentum),
        "adamw": lambda: torch.optim.AdamW([weight], lr=0.4, betas=(momentum, 0.99)),
        "rmsprop": lambda: torch.optim.RMSprop([weight], lr=0.4, momentum=momentum),
    }
    optimizer, found = made[kind](), []
    schedule = make_scheduler(optimizer, ONECYCLE, total_steps=19, total_epochs=1)["scheduler"]
    for _ in range(20):
        (group,) = optimizer.param_groups
        found.append(group["betas"][0] if kind == "adamw" else group["momentum"])
        assert kind != "adamw" or group["betas"][1] == 0.99
        optimizer.step()
        schedule.step()
    assert (found[0], found[4], found[-1]) == pytest.approx((*expected, expected[0]))
    if momentum == 0.9:
        assert (found[0], found[4]) == expected  # torch's own, to the last bit


def test_onecycle_needs_no_momentum():
    optimizer = torch.optim.Adagrad([torch.nn.Parameter(torch.zeros(3))], lr=0.4)
    made = make_scheduler(optimizer, ONECYCLE, total_steps=19, total_epochs=1)["scheduler"]
    assert made.get_last_lr() == pytest.approx([0.4 / 25])


def test_cosine_works_for_a_run_of_no_step_and_of_one():
    assert rates(COSINE, steps=1) == pytest.approx([0.1, 0.01])
    assert make_scheduler(sgd(), COSINE, total_steps=0, total_epochs=0)["scheduler"].get_last_lr() == [0.1]


@pytest.mark.parametrize(("settings", "frequency"), [(COSINE, 1), (ONECYCLE, 1), (PLATEAU, 3)])
def test_only_plateau_waits_for_a_validation(settings, frequency):
    made = make_scheduler(sgd(), settings, total_steps=10, total_epochs=9, validation_every=3)
    assert made["frequency"] == frequency


@pytest.mark.parametrize("name", ["plateau", "torch.optim.lr_scheduler.ReduceLROnPlateau"])
def test_a_plateau_watches_the_loss_if_nothing_is_said(name):
    made = make_scheduler(sgd(), {"name": name}, total_steps=10, total_epochs=9, validation_every=3)
    assert (made["monitor"], made["frequency"]) == ("val/loss", 3)


@pytest.mark.parametrize(
    ("mode", "metrics"), [("min", [1.0, 2.0, 2.0, 2.0, 2.0]), ("max", [1.0, 0.5, 0.5, 0.5, 0.5])]
)
def test_plateau_lowers_the_rate_after_its_patience_and_not_below_min_lr(mode, metrics):
    optimizer = sgd(lr=0.0015)
    made = make_scheduler(optimizer, PLATEAU | {"mode": mode}, total_steps=10, total_epochs=5)
    found = []
    for metric in metrics:
        made["scheduler"].step(metric)
        found.append(optimizer.param_groups[0]["lr"])
    assert found == [0.0015, 0.0015, 0.0015, 0.001, 0.001]


@pytest.mark.parametrize("settings", [COSINE, ONECYCLE])
@pytest.mark.parametrize(("interval", "per_epoch"), [("step", 2), ("epoch", 1)])
def test_a_schedule_made_for_so_many_epochs_does_not_depend_on_the_length_of_the_run(
    settings, interval, per_epoch
):
    settings = settings | {"interval": interval}
    length = 5 * per_epoch
    whole = rates(settings, steps=length)
    made = settings | {"epochs": 5}
    assert rates(made, steps=3, per_epoch=per_epoch) == whole[:4]
    longer = rates(made, steps=length + 4, per_epoch=per_epoch)
    assert longer[: length + 1] == whole
    assert set(longer[length:]) == {whole[-1]}


def test_a_scheduler_of_torch_is_made_with_its_settings_by_name_or_path():
    for name in ("steplr", "torch.optim.lr_scheduler.StepLR"):
        settings = CHOICES["scheduler"].section(name)(name=name, step_size=2, gamma=0.5, interval="step")
        assert rates(settings.model_dump(), steps=5) == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


def test_what_is_no_scheduler_or_refuses_its_settings_is_said_in_a_line():
    with pytest.raises(ConfigError, match="is no scheduler: it must be a subclass of"):
        rates({"name": "torch.optim.SGD"}, steps=1)
    with pytest.raises(ConfigError, match=r"^scheduler=steplr: .*step_size"):
        rates({"name": "steplr"}, steps=1)


def test_the_names_of_ours_and_of_torchs_are_known():
    assert {"none", "cosine", "onecycle", "plateau", "steplr", "exponentiallr"} <= {*schedulers}
