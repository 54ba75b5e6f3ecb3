"""conf/task: the settings of every task."""

from typing import Annotated, Literal

from pydantic import Field

from seqlab.registry.types import Section, Share

CLASS_SCORES = ("loss", "accuracy", "precision_macro", "recall_macro", "f1_macro")

VALIDATION_SCORES = {
    "classification": CLASS_SCORES,
    "tagging": CLASS_SCORES,
    "forecasting": ("loss", "mae", "median_ae", "rmse", "bias"),
    "regression": ("loss", "mse", "mae"),
}
"""What a run knows of its validation data after every epoch, by task."""


class ClassesConfig(Section):
    """What every task has that names classes."""

    label_smoothing: Share
    class_weight_power: Annotated[float, Field(ge=0, le=1)]
    baselines: bool


class ClassificationConfig(ClassesConfig):
    """conf/task/classification: the settings of ``Classification``."""

    name: Literal["classification"]


class TaggingConfig(ClassesConfig):
    """conf/task/tagging: the settings of ``Tagging``."""

    name: Literal["tagging"]


class ForecastingConfig(Section):
    """conf/task/forecasting: the settings of ``Forecasting``."""

    name: Literal["forecasting"]
    loss: Literal["mse", "mae"]
    residual: Literal["persistence", "none"]
    baselines: bool


class RegressionConfig(Section):
    """conf/task/regression: the settings of ``Regression``."""

    name: Literal["regression"]
    baselines: bool


AnyTask = Annotated[
    ClassificationConfig | TaggingConfig | ForecastingConfig | RegressionConfig, Field(discriminator="name")
]
