"""The space of a search: Hydra's sweep overrides as optuna's distributions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep, Sweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from seqlab.config.renamed import present_overrides
from seqlab.errors import ConfigError

INNER = 0.382
"""Where in its range a distribution is tried: not at a round number, so that a fraction shows."""


@dataclass(frozen=True)
class Dimension:
    """A setting that is searched.

    Attributes:
        name: the key, or the group of configuration files.
        prefix: the text of the override before ``=``: the name, possibly with ``+``.
        written: the whole override.
        distribution: the distribution of its values; choices are strings as Hydra writes them.
    """

    name: str
    prefix: str
    written: str
    distribution: BaseDistribution

    def override(self, value: Any) -> str:
        """Return the override that sets a value; a value from an interval is rounded to four digits."""
        is_continuous = isinstance(self.distribution, FloatDistribution) and self.distribution.step is None
        return f"{self.prefix}={value:.4g}" if is_continuous else f"{self.prefix}={value}"

    def examples(self) -> list[Any]:
        """Return an example of every kind of value."""
        found = self.distribution
        if isinstance(found, CategoricalDistribution):
            return list(found.choices)
        if isinstance(found, FloatDistribution) and found.step is None:
            return [found.low, found.low + INNER * (found.high - found.low), found.high]
        assert isinstance(found, FloatDistribution | IntDistribution)  # noqa: S101 (there is no other)
        return [found.low, found.high]


@dataclass(frozen=True)
class Space:
    """The settings that are searched, and those that are the same in all trials.

    Attributes:
        dimensions: the settings that are searched.
        fixed: the other overrides.
    """

    dimensions: tuple[Dimension, ...]
    fixed: tuple[str, ...]

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's distributions, by the name of the dimension."""
        return {dimension.name: dimension.distribution for dimension in self.dimensions}

    def overrides(self, values: Mapping[str, Any]) -> list[str]:
        """Return the overrides of a point, whose values are given by the names of the dimensions."""
        found = [one.override(values[one.name]) for one in self.dimensions if one.name in values]
        return present_overrides([*self.fixed, *found])

    def examples(self) -> list[list[str]]:
        """Return the overrides of a few points in which every example of every dimension occurs."""
        first = {one.name: one.examples()[0] for one in self.dimensions}
        points = [first | {one.name: value} for one in self.dimensions for value in one.examples()]
        return [self.overrides(point) for point in points]


def read_space(loader: ConfigLoader, params: Mapping[str, Any], arguments: Sequence[str]) -> Space:
    """Read a space from a file's settings and the command line, which takes precedence.

    Raises:
        ConfigError: nothing is searched, or a dimension is invalid.
    """
    written = [*(f"{key}={value}" for key, value in params.items()), *arguments]
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(written)
    last = {override.get_key_element(): override for override in parsed}
    dimensions = tuple(_dimension(loader, one) for one in last.values() if one.is_sweep_override())
    if not dimensions:
        raise ConfigError(
            "sweep=optuna has nothing to search: give a setting several values, as in model=gru,lstm or "
            "'optimizer.lr=tag(log,interval(1e-4,1e-2))'"
        )
    fixed = tuple(str(one.input_line) for one in last.values() if not one.is_sweep_override())
    return Space(dimensions, fixed)


def _dimension(loader: ConfigLoader, override: Override) -> Dimension:
    name, written = override.key_or_group, str(override.input_line)
    if not override.is_choice_sweep() and (files := loader.get_group_options(name)):
        raise ConfigError(f"{written}: {name} is a choice; list some of {', '.join(files)}")
    return Dimension(name, override.get_key_element(), written, _distribution(override, written))


def _distribution(override: Override, written: str) -> BaseDistribution:
    sweep = override.value()
    tags = sweep.tags if isinstance(sweep, Sweep) else set()
    if tags - {"log"} or (tags and override.is_choice_sweep()):
        raise ConfigError(f"{written}: the only tag allowed is log, of an interval or a range")
    if isinstance(sweep, IntervalSweep):
        return _interval(sweep, written, log=bool(tags))
    if isinstance(sweep, RangeSweep):
        return _range(sweep, written, log=bool(tags))
    return CategoricalDistribution(list(dict.fromkeys(override.sweep_string_iterator())))


def _interval(sweep: IntervalSweep, written: str, *, log: bool) -> BaseDistribution:
    low, high = sweep.start, sweep.end
    if low is None or high is None or not low < high < math.inf:
        raise ConfigError(f"{written}: the first number must be below the second")
    if log and low <= 0:
        raise ConfigError(f"{written}: a log scale must start above 0")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _range(sweep: RangeSweep, written: str, *, log: bool) -> BaseDistribution:
    if not sweep.step:
        raise ConfigError(f"{written}: the step must not be 0")
    values = sorted(sweep.range())
    if not values:
        raise ConfigError(f"{written} contains no value; the end is not part of a range")
    if log and (sweep.step != 1 or values[0] <= 0):
        raise ConfigError(f"{written}: a log scale must start above 0 and have no step; use interval(…)")
    low, high, step = values[0], values[-1], abs(sweep.step)
    if isinstance(low, int) and isinstance(step, int):
        return IntDistribution(low, int(high), log=log, step=step)
    if log:
        raise ConfigError(f"{written}: a range with a log scale is of integers; use interval(…)")
    # The values are sums, so further digits are rounding errors.
    return FloatDistribution(round(low, 12), round(high, 12), step=step)
