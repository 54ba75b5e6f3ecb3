"""The groups of parameters that an optimizer is given."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from torch import nn
from torch.nn import Parameter

from seqlab.errors import ConfigError
from seqlab.models.sequence_model import SequenceModel


class Grouping(NamedTuple):
    """Settings of every optimizer besides the arguments of its class, see ``OptimizerConfig``."""

    decay_vectors: bool = True
    depth_factor: float = 1.0


def grouped(
    network: nn.Module, model: SequenceModel, grouping: Grouping, settings: Mapping[str, Any]
) -> Iterable[Parameter] | list[dict[str, Any]]:
    """Return the parameters for an optimizer: all alike, or groups with settings of their own.

    Args:
        network: whose parameters are optimized; those that are not of the model are as its head's.
        model: the network's model.
        grouping: what groups differ in.
        settings: of the optimizer; its ``lr`` is that of the head.

    Raises:
        ConfigError: rates are to fall with depth, and there is none.
    """
    if grouping == Grouping():
        return network.parameters()
    if grouping.depth_factor != 1 and "lr" not in settings:
        raise ConfigError("optimizer.depth_factor multiplies optimizer.lr; set it too")
    by_depth = [*reversed(model.parts().values())]
    known = {id(one) for part in by_depth for one in part}
    by_depth[0] = [*by_depth[0], *(one for one in network.parameters() if id(one) not in known)]
    groups: list[dict[str, Any]] = []
    for depth, part in enumerate(by_depth):
        own = {"lr": settings["lr"] * grouping.depth_factor**depth} if grouping.depth_factor != 1 else {}
        if grouping.decay_vectors:
            groups.append({"params": part, **own})
            continue
        matrices = [one for one in part if one.dim() > 1]
        vectors = [one for one in part if one.dim() <= 1]
        groups += [{"params": matrices, **own}, {"params": vectors, **own, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
