"""Parsing overrides with Hydra's grammar."""

from itertools import islice

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import ConfigCompositionException, HydraException
from omegaconf import DictConfig

from seqlab.compat import hydra

MOST_VALUES = 50
"""Maximum number of values of a swept setting that are checked."""


def parse(override: str) -> Override | None:
    """Return the parsed override; None if Hydra cannot parse it."""
    try:
        return OverridesParser.create().parse_override(override)
    except HydraException:
        return None


def apply(override: str, composed: DictConfig) -> None:
    """Set a key of a composed configuration, as Hydra does.

    Raises:
        HydraException: there is no such key, or there are several values.
    """
    parser = OverridesParser.create()
    parsed = parser.parse_override(override)
    if parsed.is_sweep_override():
        raise ConfigCompositionException(f"{override} has several values")
    hydra.apply(parsed, composed)


def values_of(override: Override) -> list[object]:
    """Return the values of an override: one value, those of a sweep, or the ends of an interval."""
    value = override.value()
    if not override.is_sweep_override():
        return [value]
    if isinstance(value, IntervalSweep):
        return [value.start, value.end]
    return list(islice(override.sweep_string_iterator(), MOST_VALUES))
