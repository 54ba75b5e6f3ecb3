"""Optimizers: those of torch, or yours."""

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any

from torch import nn
from torch.nn import Parameter
from torch.optim import Optimizer

from seqlab.errors import ConfigError
from seqlab.models.groups import Grouping, grouped
from seqlab.models.sequence_model import SequenceModel
from seqlab.registry.catalog import optimizers


def optimizer_of(
    network: nn.Module, model: SequenceModel, settings: Mapping[str, Any], *, fused: bool
) -> Optimizer:
    """Return the optimizer of a network, as ``make_optimizer``, with the groups that its settings ask for.

    Raises:
        ConfigError: the class refuses a setting, or the groups.
    """
    grouping = Grouping(**{key: settings[key] for key in Grouping._fields if key in settings})
    return make_optimizer(grouped(network, model, grouping, settings), settings, fused=fused)


def make_optimizer(
    parameters: Iterable[Parameter] | list[dict[str, Any]], settings: Mapping[str, Any], *, fused: bool = True
) -> Optimizer:
    """Return the optimizer ``settings["name"]`` with the other settings as its arguments.

    Args:
        parameters: the parameters to optimize, or groups of them.
        settings: name, or path, and arguments of the class.
        fused: whether to use the fused implementation if the class has one, several times faster on CPU and
            GPU; gradients that are clipped under a loss scaler (16-mixed) do not allow it.

    Raises:
        ConfigError: the class refuses a setting, or the parameters.
    """
    options = {key: value for key, value in settings.items() if key not in ("name", *Grouping._fields)}
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
