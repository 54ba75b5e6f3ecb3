"""Checks of the settings of forecasts that depend on each other."""

from typing import TYPE_CHECKING, Any

from seqlab.registry.types import central

if TYPE_CHECKING:
    from seqlab.config.model import ModelConfig
    from seqlab.config.task import TaskConfig

OF_POINTS = ("mae", "mse", "huber")
"""Losses of forecasts without a distribution."""
COUNTS_IN_WINDOWS = (
    "task.loss=negative_binomial counts in the units of the targets, and model.instance_norm has others for "
    "each window; use model.instance_norm=none, or task.loss=student_t"
)
OF_FORECASTS = {"instance_norm": "none", "channels": "mixed", "decoder": "direct"}
"""Settings of the network for forecasts alone, and what they are elsewhere."""
OF_SERIES = "{setting} is for series that are forecast; use {without}"
"""Said of settings of the network that other data and tasks do not have."""


def check_network(model: "ModelConfig", task: "TaskConfig") -> None:
    """Refuse settings of the network that need a forecast, or do not suit its loss.

    Raises:
        ValueError: the message says which, and what to do.
    """
    if task.problem_type == "forecasting":
        if getattr(task, "loss", None) == "negative_binomial" and model.instance_norm != "none":
            raise ValueError(COUNTS_IN_WINDOWS)
        return
    for setting, usual in OF_FORECASTS.items():
        if getattr(model, setting) != usual:
            said = f"model.{setting}={getattr(model, setting)}"
            raise ValueError(OF_SERIES.format(setting=said, without=f"model.{setting}={usual}"))


def check_forecast(task: "TaskConfig", data: Any) -> None:
    """Refuse settings of the task ``forecasting`` that do not go together.

    Raises:
        ValueError: the message says which, and what to do.
    """
    loss = getattr(task, "loss", None)
    if loss in OF_POINTS and task.watched == "val/crps":
        raise ValueError(
            f"task.monitor=val/crps is of distributions, and task.loss={loss} forecasts a value; use "
            "task.loss=quantiles, or task.monitor=val/mae"
        )
    share, levels = getattr(task, "conformal", None), getattr(task, "levels", ())
    if share and loss == "quantiles":
        ends = central(share)
        if not set(ends) <= set(levels):
            raise ValueError(
                f"task.conformal={share:g} calibrates the interval from {ends[0]:g} to {ends[1]:g}; put both "
                "into task.levels"
            )
    if loss == "negative_binomial" and getattr(data, "scaling", None) == "series":
        raise ValueError(
            "task.loss=negative_binomial counts in the units of the targets, and data.scaling=series has "
            "others for each series; use data.scaling=all, or task.loss=student_t"
        )


def check_stateful(model: "ModelConfig", data: Any) -> None:
    """Refuse a network that cannot go on where the window before ended.

    Raises:
        ValueError: the message says which setting, and what to do.
    """
    if not getattr(data, "stateful", False):
        return
    goes_on = "data.stateful=true goes on from the state in which the window before ended"
    for setting in ("bidirectional", "reverse"):
        if getattr(model, setting):
            raise ValueError(f"model.{setting}=true reads a window from its end, and {goes_on}; use false")
    usual = {"pooling": "last", **OF_FORECASTS} | ({"encoder": "auto"} if model.encoder == "segments" else {})
    for setting, without in usual.items():
        if (found := getattr(model, setting)) != without:
            said = f"model.{setting}={found} is of one window's steps, and {goes_on}"
            raise ValueError(f"{said}; use model.{setting}={without}")


def are_levels_idle(task: "TaskConfig") -> bool:
    """Return whether levels of quantiles are given for a forecast without any."""
    usual = type(task).model_fields["levels"].default
    return getattr(task, "loss", None) in OF_POINTS and getattr(task, "levels", usual) != usual
