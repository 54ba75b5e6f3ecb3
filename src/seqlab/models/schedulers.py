"""How the learning rate goes: schedules over a whole run, torch's schedulers, or yours."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    LambdaLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
)

from seqlab.compat.torch import rates
from seqlab.errors import ConfigError
from seqlab.registry.catalog import register_scheduler, schedulers
from seqlab.registry.types import Count, Factor, NotNegative, Patience, Share

LENGTHS = ("total_steps", "_schedule_phases")
"""What OneCycleLR saves of the length it was made for."""


def make_scheduler(
    optimizer: Optimizer,
    settings: Mapping[str, Any],
    *,
    total_steps: int,
    total_epochs: int,
    steps_per_epoch: int = 1,
    validation_every: int = 1,
) -> dict[str, Any] | None:
    """Return the schedule in the form Lightning takes, or None for "none".

    Args:
        optimizer: whose learning rate is scheduled.
        settings: name, or path, interval ("step" or "epoch"), the monitored score if it goes by one, and the
            arguments of the class; after the end of a schedule made for some epochs the rate stays.
        total_steps: optimizer steps of the whole run.
        total_epochs: epochs of the whole run.
        steps_per_epoch: optimizer steps of an epoch.
        validation_every: epochs from one validation to the next; a monitored score is known then.

    Raises:
        ConfigError: the class refuses a setting.
    """
    options = {key: value for key, value in settings.items() if key != "name"}
    interval, monitor = options.pop("interval", "epoch"), options.pop("monitor", None)
    one = schedulers[settings["name"]]
    if not isinstance(one, type) and (epochs := options.pop("epochs", None)):
        total_epochs, total_steps = epochs, epochs * steps_per_epoch
    # Ours are made for a length; torch's, and yours, are as their settings say.
    given = () if isinstance(one, type) else (max(total_steps if interval == "step" else total_epochs, 1),)
    try:
        scheduler = one(optimizer, *given, **options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"scheduler={settings['name']}: {error}") from error
    frequency = validation_every if monitor else 1
    if scheduler is None:
        return None
    return {
        "scheduler": scheduler,
        "interval": interval,
        "frequency": frequency,
        "monitor": monitor,
    }


@register_scheduler("none")
def constant(_optimizer: Optimizer, _length: int) -> None:
    """Leave the learning rate as it is."""


@register_scheduler("cosine")
def cosine(
    optimizer: Optimizer,
    length: int,
    *,
    min_lr: NotNegative = 0.0,
    epochs: Count | None = None,  # noqa: ARG001 (make_scheduler has made the length of it)
) -> LRScheduler:
    """Half a cosine from the learning rate down: torch's CosineAnnealingLR in closed form.

    Args:
        optimizer: whose learning rate is scheduled.
        length: steps or epochs that it takes.
        min_lr: learning rate at the end.
        epochs: that it is made for, of a run that will be made longer; None for those of the run.
    """
    lowest = min_lr / optimizer.param_groups[0]["lr"]
    return LambdaLR(
        optimizer, lambda step: lowest + (1 - lowest) * (1 + math.cos(math.pi * min(step / length, 1))) / 2
    )


@register_scheduler("onecycle")
def onecycle(
    optimizer: Optimizer,
    length: int,
    *,
    warmup: Share = 0.1,
    epochs: Count | None = None,  # noqa: ARG001 (make_scheduler has made the length of it)
) -> LRScheduler:
    """Up to the learning rate, then down to nearly 0 (Smith & Topin 2018).

    Args:
        optimizer: whose learning rate is scheduled.
        length: steps or epochs that it takes.
        warmup: share of the run in which the rate goes up.
        epochs: that it is made for, of a run that will be made longer; None for those of the run.
    """
    steps = length + 1  # the schedule is also asked for a rate after the last step
    return _OneCycle(
        optimizer,
        max_lr=optimizer.param_groups[0]["lr"],
        total_steps=steps,
        # A warm-up of one step is none; torch would divide by its length less one.
        pct_start=warmup if warmup * steps > 1 else 0.0,
    )


@register_scheduler("plateau")
def plateau(
    optimizer: Optimizer,
    _length: int,
    *,
    mode: Literal["min", "max"] = "min",
    factor: Factor = 0.5,
    patience: Patience = 2,
    min_lr: NotNegative = 0.0,
) -> LRScheduler:
    """Lower the rate when the monitored score stops improving: torch's ReduceLROnPlateau.

    Args:
        optimizer: whose learning rate is scheduled.
        mode: whether less (min) or more (max) of the score is better.
        factor: what the rate is multiplied by.
        patience: validations without improvement before that.
        min_lr: the rate does not go below.
    """
    return ReduceLROnPlateau(optimizer, mode=mode, factor=factor, patience=patience, min_lr=min_lr)


class _OneCycle(OneCycleLR):
    """torch's OneCycleLR, which keeps its last rate where that raises an error."""

    def get_lr(self) -> list[float | Tensor]:
        step, self.last_epoch = self.last_epoch, min(self.last_epoch, self.total_steps - 1)
        try:
            return super().get_lr()
        finally:
            self.last_epoch = step


def take_rate(scheduler: LRScheduler) -> None:
    """Give the optimizer the rate of a schedule where it stands: what was restored may be a shorter one's."""
    if not isinstance(scheduler, LambdaLR | OneCycleLR):  # others go from rate to rate, whatever the length
        return
    for group, rate in zip(scheduler.optimizer.param_groups, rates(scheduler), strict=True):
        group["lr"] = rate
