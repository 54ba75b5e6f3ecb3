"""Parts of a network that stay as they are in training."""

from collections.abc import Mapping, Sequence

from torch import nn

from seqlab.errors import ConfigError, near


def freeze_parts(parts: Mapping[str, Sequence[nn.Parameter]], names: Sequence[str]) -> None:
    """Leave the parameters of parts as they are in training.

    Args:
        parts: the parameters of each part, by name.
        names: of parts, or of what parts of a number have in common, such as "recurrent".

    Raises:
        ConfigError: there is no such part, or nothing is left to train.
    """
    for name in names:
        found = [part for part in parts if name in (part, part.partition(".")[0])]
        if not found:
            known = near(name, ["recurrent", *parts])
            raise ConfigError(f"model.freeze: no part named '{name}'; {known}")
        for parameter in (one for part in found for one in parts[part]):
            parameter.requires_grad_(False)  # noqa: FBT003 (torch's own)
    if names and not any(one.requires_grad for part in parts.values() for one in part):
        raise ConfigError("model.freeze leaves nothing to train; leave a part out of it, such as head")
