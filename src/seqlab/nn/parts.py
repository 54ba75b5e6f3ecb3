"""Parts of a network: their inputs, and making them by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from torch import nn

from seqlab.config.forecasts import OF_SERIES
from seqlab.errors import ConfigError, SeqlabError, described, failure
from seqlab.registry.registry import Registry


@dataclass(frozen=True)
class InputSpec:
    """The inputs of a network, as the data describe them.

    Attributes:
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        size: tokens in the vocabulary, padding (token 0) included, or feature columns F.
        side_inputs: how many columns behind these a cell reads beside x, by its name for them.
        symbols: the vocabulary in the order of its tokens.
        ngrams: codes of the frequent n-grams of tokens, ascending.
        classes: number of classes that a sequence may be told to be of.
        reset_token: the token at which states start anew; None for none.
        targets: places of the columns that are forecast, K of them; none unless they are a series.
        steps: steps of each of its windows; 0 where sequences differ.
        horizon: steps that are forecast.
        location: the index of the point forecast among the numbers that are output for a step and target.
    """

    kind: Literal["tokens", "features"]
    size: int
    symbols: Sequence[str] = ()
    ngrams: Sequence[int] = ()
    side_inputs: Mapping[str, int] = field(default_factory=dict)
    classes: int = 0
    reset_token: int | None = None
    targets: Sequence[int] = ()
    steps: int = 0
    horizon: int = 0
    location: int = 0

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Return the inputs of data with a description (``DataSpec.as_dict()``)."""
        beside = spec.get("side_inputs", {})
        size = spec["input_size"] - sum(beside.values())
        texts = spec.get("symbols", ()), spec.get("ngrams", ())
        classes = len(spec.get("classes", ()))
        made = cls(spec["kind"], size, *texts, beside, classes, spec.get("reset_token"))
        series = spec.get("series")
        if series is None:
            return made
        targets = tuple(series["columns"].index(target) for target in series["targets"])
        return replace(made, targets=targets, steps=series["input_steps"], horizon=series["horizon_steps"])

    def need_series(self, setting: str, without: str) -> None:
        """Refuse a setting where nothing is forecast; say what to set instead.

        Raises:
            ConfigError: the inputs are no windows of a series.
        """
        if not self.targets:
            raise ConfigError(OF_SERIES.format(setting=setting, without=without))


def make_part(
    registry: Registry[Callable[..., Any]],
    part: str | nn.Module,
    *given: Any,
    options: Mapping[str, Any] = {},
    **shared: Any,
) -> Any:
    """Return a part: a module as it is, or what a registered class or function returns.

    Args:
        registry: the registry of its kind.
        part: the module, or a registered name.
        given: the positional arguments of its kind.
        options: the settings of this part only.
        shared: the settings of the network; the part gets those that it has.

    Raises:
        ConfigError: it is neither a name nor a module, there is no such part, or it fails.
    """
    if isinstance(part, nn.Module):
        return part
    if not isinstance(part, str):
        raise ConfigError(
            f"{registry.kind}: {described(part)} is neither a name nor a module; register it with "
            f"seqlab.register_{registry.kind}, and give its name"
        )
    has = registry.settings(part)
    settings = {key: value for key, value in shared.items() if key in has} | dict(options)
    try:
        return registry[part](*given, **settings)
    except SeqlabError:
        raise
    except Exception as error:
        raise ConfigError(f"{registry.kind} '{part}': {failure(error)}") from error


def width_of(part: nn.Module) -> int:
    """Return the width of the outputs of an encoder or a pooling.

    Raises:
        ConfigError: it has no valid ``output_size``.
    """
    size = getattr(part, "output_size", None)
    if not isinstance(size, int) or size < 1:
        raise ConfigError(f"{type(part).__name__} must set self.output_size to the width of its outputs")
    return size
