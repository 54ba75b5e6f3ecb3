"""Optimizers and learning-rate schedules by name."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    LambdaLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    _enable_get_lr_call,
)

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
"""Every optimizer by name; its further settings are the keyword arguments of torch's class."""


LENGTHS = ("total_steps", "_schedule_phases")
"""What OneCycleLR saves of the length it was made for."""


def make_optimizer(
    parameters: Iterable[Parameter], settings: Mapping[str, Any], *, fused: bool = True
) -> Optimizer:
    """Return the optimizer ``settings["name"]`` with the other settings as its arguments.

    Args:
        parameters: what it changes.
        settings: name and arguments of torch's class.
        fused: whether a step is one kernel, several times faster on CPU and GPU; a gradient that is clipped
            under a loss scaler (16-mixed) cannot have it.
    """
    options = {key: value for key, value in settings.items() if key != "name"}
    return OPTIMIZERS[settings["name"]](parameters, fused=fused, **options)


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
        settings: name, interval ("step" or "epoch"), the epochs that a schedule with an end is made for (None
            for the whole run; after its end the rate stays), and for plateau the monitored metric.
        total_steps: optimizer steps of the whole run.
        total_epochs: epochs of the whole run.
        steps_per_epoch: optimizer steps of an epoch.
        validation_every: epochs from one validation to the next; plateau goes by what that has found.
    """
    name, interval = settings["name"], settings.get("interval", "epoch")
    if settings.get("epochs"):
        total_epochs, total_steps = settings["epochs"], settings["epochs"] * steps_per_epoch
    length = max(total_steps if interval == "step" else total_epochs, 1)
    scheduler: LRScheduler
    if name == "none":
        return None
    if name == "cosine":
        scheduler = LambdaLR(optimizer, _cosine(length, settings["min_lr"] / optimizer.param_groups[0]["lr"]))
    elif name == "onecycle":
        # One more than the run takes: the schedule is also asked for a rate after the last step.
        steps = length + 1
        scheduler = (_OneCycle if settings.get("epochs") else OneCycleLR)(
            optimizer,
            max_lr=optimizer.param_groups[0]["lr"],
            total_steps=steps,
            # A warm-up of one step is none; torch would divide by its length less one.
            pct_start=settings["warmup"] if settings["warmup"] * steps > 1 else 0.0,
        )
    else:
        scheduler = ReduceLROnPlateau(
            optimizer,
            mode=settings["mode"],
            factor=settings["factor"],
            patience=settings["patience"],
            min_lr=settings["min_lr"],
        )
    frequency = validation_every if name == "plateau" else 1
    return {
        "scheduler": scheduler,
        "interval": interval,
        "frequency": frequency,
        "monitor": settings.get("monitor"),
    }


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
    if isinstance(scheduler, ReduceLROnPlateau):  # has no length
        return
    with _enable_get_lr_call(scheduler):
        rates = scheduler.get_lr()
    for group, rate in zip(scheduler.optimizer.param_groups, rates, strict=True):
        group["lr"] = rate


def _cosine(length: int, lowest: float) -> Callable[[int], float]:
    """Return half a cosine from 1 down to ``lowest``: torch's CosineAnnealingLR in closed form."""
    return lambda step: lowest + (1 - lowest) * (1 + math.cos(math.pi * min(step / length, 1))) / 2
