"""conf/optimizer and conf/scheduler."""

from typing import Annotated, Literal

from pydantic import Field

from seqlab.registry.types import Count, NotNegative, Positive, Section, Share

Beta = Annotated[float, Field(ge=0, lt=1)]


class SGDConfig(Section):
    """conf/optimizer/sgd."""

    name: Literal["sgd"]
    lr: Positive
    momentum: Share
    weight_decay: NotNegative


class AdamConfig(Section):
    """conf/optimizer/adam and adamw."""

    name: Literal["adam", "adamw"]
    lr: Positive
    betas: tuple[Beta, Beta]
    weight_decay: NotNegative


AnyOptimizer = Annotated[SGDConfig | AdamConfig, Field(discriminator="name")]


class NoScheduleConfig(Section):
    """conf/scheduler/none."""

    name: Literal["none"]


class CosineConfig(Section):
    """conf/scheduler/cosine."""

    name: Literal["cosine"]
    interval: Literal["epoch", "step"]
    min_lr: NotNegative
    epochs: Count | None = None


class PlateauConfig(Section):
    """conf/scheduler/plateau."""

    name: Literal["plateau"]
    interval: Literal["epoch"]
    monitor: str
    mode: Literal["min", "max"]
    factor: Annotated[float, Field(gt=0, lt=1)]
    patience: Annotated[int, Field(ge=0)]
    min_lr: NotNegative


class OneCycleConfig(Section):
    """conf/scheduler/onecycle."""

    name: Literal["onecycle"]
    interval: Literal["epoch", "step"]
    warmup: Share
    epochs: Count | None = None


AnyScheduler = Annotated[
    NoScheduleConfig | CosineConfig | PlateauConfig | OneCycleConfig, Field(discriminator="name")
]
