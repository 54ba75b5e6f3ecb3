"""Learning rate schedules: over a whole run, torch's schedulers, or yours."""

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
"""The fields of OneCycleLR's state that depend on its length."""
WATCHED = "val/loss"
"""What a plateau watches if nothing is said."""


def make_scheduler(
    optimizer: Optimizer,
    settings: Mapping[str, Any],
    *,
    total_steps: float,
    total_epochs: float,
    steps_per_epoch: float = 1,
    validation_every: int = 1,
) -> dict[str, Any] | None:
    """Return the schedule in Lightning's form, or None for "none".

    Args:
        optimizer: the optimizer.
        settings: name, or path, interval ("step" or "epoch"), the monitored score if there is one (of a
            plateau ``WATCHED``, unless another is), and the arguments of the class; after the end of a
            schedule with fixed ``epochs`` the rate is constant.
        total_steps: number of optimizer steps of the whole run; infinite if it is not known.
        total_epochs: number of epochs of the whole run, likewise.
        steps_per_epoch: number of optimizer steps of an epoch.
        validation_every: epochs between two validations, after which a monitored score is known.

    Raises:
        ConfigError: the class refuses a setting, or needs the length of a run that has no known end.
    """
    options = {key: value for key, value in settings.items() if key != "name"}
    interval, monitor = options.pop("interval", "epoch"), options.pop("monitor", None)
    one = schedulers[settings["name"]]
    if not isinstance(one, type) and (epochs := options.pop("epochs", None)):
        total_epochs, total_steps = epochs, epochs * steps_per_epoch
    # seqlab's functions get the length of the run; classes have only their settings.
    given = () if isinstance(one, type) else (max(total_steps if interval == "step" else total_epochs, 1),)
    try:
        scheduler = one(optimizer, *given, **options)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"scheduler={settings['name']}: {error}") from error
    if scheduler is None:
        return None
    if isinstance(scheduler, ReduceLROnPlateau):
        monitor = monitor or WATCHED
    frequency = validation_every if monitor else 1
    return {
        "scheduler": scheduler,
        "interval": interval,
        "frequency": frequency,
        "monitor": monitor,
    }


@register_scheduler("none")
def constant(_optimizer: Optimizer, _length: float) -> None:
    """Leave the learning rate as it is."""


@register_scheduler("cosine")
def cosine(
    optimizer: Optimizer,
    length: float,
    *,
    min_lr: NotNegative = 0.0,
    epochs: Count | None = None,  # noqa: ARG001 (make_scheduler has made the length of it)
) -> LRScheduler:
    """Half a cosine from the learning rate down: torch's CosineAnnealingLR in closed form.

    Args:
        optimizer: the optimizer.
        length: the number of steps or epochs of the schedule.
        min_lr: learning rate at the end.
        epochs: length of the schedule, for a run that will be extended; None for the epochs of the run.
    """
    length = _known(length)
    lowest = min_lr / optimizer.param_groups[0]["lr"]
    return LambdaLR(
        optimizer, lambda step: lowest + (1 - lowest) * (1 + math.cos(math.pi * min(step / length, 1))) / 2
    )


@register_scheduler("onecycle")
def onecycle(
    optimizer: Optimizer,
    length: float,
    *,
    warmup: Share = 0.1,
    epochs: Count | None = None,  # noqa: ARG001 (make_scheduler has made the length of it)
) -> LRScheduler:
    """Up to the learning rate, then down to nearly 0 (Smith & Topin 2018).

    Momentum, or Adam's β₁, goes the other way: from half as far below 1 as the optimizer's own, to one and a
    half times as far at the largest rate, and back: 0.95, 0.85, 0.95 for 0.9. What has none stays without.

    Args:
        optimizer: the optimizer.
        length: the number of steps or epochs of the schedule.
        warmup: fraction of the run in which the rate increases.
        epochs: length of the schedule, for a run that will be extended; None for the epochs of the run.
    """
    steps = _known(length) + 1  # the schedule is also asked for a rate after the last step
    lowest, highest = zip(*map(_momenta, optimizer.param_groups), strict=True)
    return _OneCycle(
        optimizer,
        max_lr=[group["lr"] for group in optimizer.param_groups],
        total_steps=steps,
        # For a warm-up of one step torch would divide by 0.
        pct_start=warmup if warmup * steps > 1 else 0.0,
        cycle_momentum=any(highest),
        base_momentum=list(lowest),
        max_momentum=list(highest),
    )


def _known(length: float) -> int:
    """Return the length of a schedule that has an end."""
    if length == math.inf:
        raise ValueError(
            "its length is that of the run, which is not known; set max_epochs or max_steps of the Trainer, "
            "or scheduler.epochs"
        )
    return int(length)


def _momenta(group: Mapping[str, Any]) -> tuple[float, float]:
    """Return the smallest and the largest momentum, or β₁, of a cycle."""
    momentum = group["betas"][0] if "betas" in group else group.get("momentum", 0.0)
    swing = min(1 - momentum, momentum) / 2
    return round(momentum - swing, 9), round(momentum + swing, 9)


@register_scheduler("plateau")
def plateau(
    optimizer: Optimizer,
    _length: float,
    *,
    mode: Literal["min", "max"] = "min",
    factor: Factor = 0.5,
    patience: Patience = 2,
    min_lr: NotNegative = 0.0,
) -> LRScheduler:
    """Lower the rate when the monitored score stops improving: torch's ReduceLROnPlateau.

    Args:
        optimizer: the optimizer.
        mode: whether a lower (min) or a higher (max) score is better.
        factor: factor by which the rate is reduced.
        patience: validations without improvement before that.
        min_lr: lower bound of the rate.
    """
    return ReduceLROnPlateau(optimizer, mode=mode, factor=factor, patience=patience, min_lr=min_lr)


class _OneCycle(OneCycleLR):
    """torch's OneCycleLR, which keeps its last rate after the end instead of raising an error."""

    def get_lr(self) -> list[float | Tensor]:
        step, self.last_epoch = self.last_epoch, min(self.last_epoch, self.total_steps - 1)
        try:
            return super().get_lr()
        finally:
            self.last_epoch = step


def restore_rate(scheduler: LRScheduler) -> None:
    """Set the optimizer to the present rate of a schedule: the restored one may be of a shorter schedule."""
    if not isinstance(scheduler, LambdaLR | OneCycleLR):  # others do not depend on the length
        return
    for group, rate in zip(scheduler.optimizer.param_groups, rates(scheduler), strict=True):
        group["lr"] = rate
