"""Parsing overrides with Hydra's grammar."""

from functools import cache
from itertools import accumulate, islice, pairwise

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import ConfigCompositionException, HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf

from seqlab.compat import hydra

MOST_VALUES = 50
"""Maximum number of values of a swept setting that are checked."""


class NoKeysError(ConfigCompositionException):
    """An override sets a key inside a list or a simple value."""


@cache
def parse(override: str) -> Override | None:
    """Return the parsed override, which nobody changes; None if Hydra cannot parse it."""
    try:
        return OverridesParser.create().parse_override(override)
    except HydraException:
        return None


def apply(override: str, composed: DictConfig) -> None:
    """Set a key of a composed configuration, as Hydra does.

    Raises:
        NoKeysError: it is inside a list or a simple value.
        HydraException: there is no such key, or there are several values.
    """
    parser = OverridesParser.create()
    parsed = parser.parse_override(override)
    if parsed.is_sweep_override():
        raise ConfigCompositionException(f"{override} has several values")
    _refuse_inside(parsed, composed)
    hydra.apply(parsed, composed)


def _refuse_inside(parsed: Override, composed: DictConfig) -> None:
    """Refuse a key inside a list, or inside a simple value: OmegaConf would raise anything, or replace it.

    Raises:
        NoKeysError: it is.
    """
    key = parsed.key_or_group
    for parent, word in pairwise(accumulate(key.split("."), "{}.{}".format)):
        found = OmegaConf.select(composed, parent, throw_on_resolution_failure=False)
        is_index = word.rpartition(".")[2].isdigit()
        if isinstance(found, ListConfig) and not is_index:
            raise NoKeysError(
                f"{key}: {parent} is set to the list {found}, which has no keys; "
                f"set all of it as {parent}=[…], or leave the list out"
            )
        if isinstance(found, str | int | float) and not parsed.is_force_add():
            raise NoKeysError(f"{key}: {parent} is {found!r}, which has no keys; set {parent}=…")


def values_of(override: Override, most: int = MOST_VALUES) -> list[object]:
    """Return the values of an override: one value, at most so many of a sweep, or the ends of an interval."""
    value = override.value()
    if not override.is_sweep_override():
        return [value]
    if isinstance(value, IntervalSweep):
        return [value.start, value.end]
    return list(islice(override.sweep_string_iterator(), most))
