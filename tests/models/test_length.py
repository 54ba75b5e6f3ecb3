"""The length of a run that a schedule needs: by epochs, by steps, or not known."""

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR
from torch.utils.data import DataLoader, IterableDataset

from seqlab.errors import ConfigError

from .small import Journal, loader_of, module_of, trainer_of

# What Lightning says of training without validation.
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")

SCHEDULES = {
    "cosine": CosineAnnealingLR,
    "onecycle": lambda optimizer, length: OneCycleLR(
        optimizer, 0.1, total_steps=length + 1, pct_start=0.3, cycle_momentum=False
    ),
}


def rates_of(scheduler: LRScheduler, count: int) -> list[float]:
    """Return the rates of a schedule before each of so many of its steps."""
    found = []
    for _ in range(count):
        found.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("interval", "accumulate", "length", "each"),
    [("step", 1, 13, 1), ("epoch", 1, 3, 5), ("step", 2, 13, 1), ("epoch", 2, 5, 3)],
)
@pytest.mark.filterwarnings("ignore:A `OneCycleLR` scheduler is using 'interval'")
@pytest.mark.parametrize("name", SCHEDULES)
def test_in_a_run_of_so_many_steps_the_rate_is_that_of_torchs_own_schedule(
    name, interval, accumulate, length, each
):
    journal = Journal()
    settings = {"cosine": {}, "onecycle": {"warmup": 0.3}}[name]
    trainer = trainer_of(logger=journal, epochs=-1, max_steps=13, accumulate_grad_batches=accumulate)
    scheduler = {"name": name, "interval": interval, **settings}
    trainer.fit(module_of(scheduler=scheduler), loader_of(40))  # 5 batches an epoch
    weight = torch.nn.Parameter(torch.zeros(1))
    own = rates_of(SCHEDULES[name](torch.optim.SGD([weight], lr=0.1), length), length)
    assert journal.values("step/lr") == pytest.approx({step: own[step // each] for step in range(13)})


class Endless(IterableDataset):
    """Batches whose number no one knows."""

    def __iter__(self):
        return iter(loader_of(40))


@pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers")
@pytest.mark.parametrize("settings", [{"epochs": -1, "max_time": {"seconds": 0.1}}, {"epochs": 2}])
@pytest.mark.parametrize(
    "scheduler",
    ["none", {"name": "plateau", "monitor": "train/loss"}, {"name": "steplr", "step_size": 2}],
)
def test_what_needs_no_length_trains_where_none_is_known(scheduler, settings):
    loader = loader_of(40) if "max_time" in settings else DataLoader(Endless(), batch_size=None)
    trainer = trainer_of(**settings)
    trainer.fit(module_of(scheduler=scheduler), loader)
    assert trainer.global_step > 5


@pytest.mark.filterwarnings("ignore:A `OneCycleLR` scheduler is using 'interval'")
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_with_an_end_says_that_it_needs_the_length_of_the_run_or_its_own(name):
    settings = {"epochs": -1, "max_time": {"seconds": 0.1}}
    with pytest.raises(
        ConfigError, match=rf"scheduler={name}: .* max_epochs or max_steps .* scheduler\.epochs"
    ):
        trainer_of(**settings).fit(module_of(scheduler=name), loader_of(40))
    trainer_of(**settings).fit(module_of(scheduler={"name": name, "epochs": 2}), loader_of(40))
