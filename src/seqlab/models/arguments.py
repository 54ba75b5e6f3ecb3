"""The arguments of a SequenceModule, as a checkpoint contains them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from seqlab.config.choices import canonical
from seqlab.data.spec import DataSpec
from seqlab.errors import ConfigError, described

SIMPLE = (bool, int, float, str, type(None), Tensor)
"""The types of values that a checkpoint contains, by themselves or in a list, tuple or dict."""


def plain(value: Any) -> Any:
    """Return a value with Python's own numbers, lists and dicts in place of numpy's and OmegaConf's.

    A tensor without dimensions is a number too, a DataSpec a dict; whatever else there is stays as it is.
    """
    if isinstance(value, np.generic | np.ndarray) or (isinstance(value, Tensor) and value.dim() == 0):
        return value.tolist()
    if isinstance(value, DataSpec):
        return plain(value.as_dict())
    if isinstance(value, Mapping):
        return {plain(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return (
        [*map(plain, value)] if isinstance(value, Sequence) and not isinstance(value, str | bytes) else value
    )


def is_simple(value: Any) -> bool:
    """Return whether a checkpoint can contain a plain value."""
    if isinstance(value, dict):
        value = [*value.values()]
    return all(map(is_simple, value)) if isinstance(value, list | tuple) else isinstance(value, SIMPLE)


def named(kind: str, settings: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the plain settings of a class of a kind, which may be only its name.

    Raises:
        ConfigError: they are something else, or name the class by something else.
    """
    found = plain({"name": settings} if isinstance(settings, str) else settings or {})
    name = found.get("name", "") if isinstance(found, dict) else found
    if not isinstance(name, str):
        raise ConfigError(f"{kind} is a name, or a mapping with its name, got {described(name)}")
    return found  # type: ignore[no-any-return]


def of_task(settings: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the plain settings of a task, with its further metrics by their names.

    Raises:
        ConfigError: as in ``named``, or the metrics are no names.
    """
    found: dict[str, Any] = canonical({"task": named("task", settings)})["task"]
    metrics = found.get("metrics") or {}
    for one in metrics.values() if isinstance(metrics, dict) else [metrics]:
        if not isinstance(one, dict):
            raise ConfigError(
                f"task.metrics is a name, a list of names, or settings by name, got {described(one)}"
            )
    return found
