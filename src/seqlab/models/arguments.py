"""The arguments of a SequenceModule, as a checkpoint contains them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from seqlab.data.spec import DataSpec

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


def named(settings: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the plain settings of a class, which may be only its name."""
    return plain({"name": settings} if isinstance(settings, str) else settings or {})  # type: ignore[no-any-return]
