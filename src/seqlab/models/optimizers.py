"""Optimizers: those of torch, or yours."""

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

from torch.nn import Parameter
from torch.optim import Optimizer

from seqlab.errors import ConfigError
from seqlab.registry.catalog import optimizers


def make_optimizer(
    parameters: Iterable[Parameter], settings: Mapping[str, Any], *, fused: bool = True
) -> Optimizer:
    """Return the optimizer ``settings["name"]`` with the other settings as its arguments.

    Args:
        parameters: the parameters to optimize.
        settings: name, or path, and arguments of the class.
        fused: whether to use the fused implementation if the class has one, several times faster on CPU and
            GPU; gradients that are clipped under a loss scaler (16-mixed) do not allow it.

    Raises:
        ConfigError: the class refuses a setting, or the parameters.
    """
    options = {key: value for key, value in settings.items() if key != "name"}
    one = optimizers[settings["name"]]
    if (
        fused
        and "fused" in signature(one).parameters
        and options.get("fused") is None
        and not options.get("foreach")
    ):
        options["fused"] = True
    try:
        return one(parameters, **options)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"optimizer={settings['name']}: {error}") from error
