"""conf/optimizer and conf/scheduler: the arguments of torch's classes, of ours, and of yours."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from seqlab.registry.catalog import optimizers, schedulers
from seqlab.registry.section import Choice
from seqlab.registry.types import NotNegative, Positive, Section, Share, as_list

Beta = Annotated[float, Field(ge=0, lt=1)]


class SchedulerConfig(Section):
    """What every scheduler has besides the arguments of its class.

    Attributes:
        interval: what it goes on after.
        monitor: the score that it goes by, if it goes by one.
    """

    name: str
    interval: Literal["epoch", "step"] = "epoch"
    monitor: str | None = None

    @model_validator(mode="after")
    def _score_is_known(self) -> "SchedulerConfig":
        if self.monitor is not None and self.interval == "step":
            raise ValueError("monitor is a score, which is known once an epoch; use interval=epoch")
        return self


CHOICES = {
    "optimizer": Choice(
        optimizers,
        given=("params",),
        ranges={
            "lr": Positive,
            "momentum": Share,
            "betas": tuple[Beta, Beta],
            "weight_decay": NotNegative,
        },
    ),
    "scheduler": Choice(
        schedulers,
        given=("optimizer", "length", "last_epoch"),
        base=SchedulerConfig,
    ),
}
"""The groups whose settings are those of the class that is chosen."""

LIBRARIES = ("torch", "lightning", "torchmetrics", "seqlab")
"""Packages whose classes may be named by their path without the user having named the module."""


def module_of(path: str) -> str | None:
    """Return the user's module that a class named by its path is in; None for a library's, and for a name."""
    module = path.rpartition(".")[0]
    return module if module and module.split(".")[0] not in LIBRARIES else None


def modules_of(raw: Mapping[str, Any]) -> list[str]:
    """Return the user's modules that a configuration needs: imports, and those of classes named by a path."""
    sections = [raw[group] for group in CHOICES if isinstance(raw.get(group), Mapping)]
    return [*as_list(raw["imports"]), *filter(None, (module_of(str(one.get("name"))) for one in sections))]
