"""Parts of a network: what they are given, and how they are made from their names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from torch import nn

from seqlab.errors import ConfigError, SeqlabError, failure
from seqlab.registry.registry import Registry


@dataclass(frozen=True)
class InputSpec:
    """What a network reads, as the data declare it.

    Attributes:
        kind: "tokens" for [B, T] integers, "features" for [B, T, F] numbers.
        size: tokens in the vocabulary, padding (token 0) included, or feature columns F.
        symbols: the vocabulary in the order of its tokens.
        ngrams: codes of the frequent n-grams of tokens, ascending.
    """

    kind: Literal["tokens", "features"]
    size: int
    symbols: Sequence[str] = ()
    ngrams: Sequence[int] = ()

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Self:
        """Return what data declare of it (``DataSpec.as_dict()``)."""
        return cls(spec["kind"], spec["input_size"], spec.get("symbols", ()), spec.get("ngrams", ()))


def make_part(
    registry: Registry[Callable[..., Any]],
    name: str,
    *given: Any,
    options: Mapping[str, Any] = {},
    **shared: Any,
) -> Any:
    """Return what a registered class or function returns.

    Args:
        registry: of its kind.
        name: of the part.
        given: what a part of this kind is given by position.
        options: settings of this part alone.
        shared: settings of a network, of which the part takes those that it has.

    Raises:
        ConfigError: there is no such part, or it fails.
    """
    has = registry.settings(name)
    settings = {key: value for key, value in shared.items() if key in has} | dict(options)
    try:
        return registry[name](*given, **settings)
    except SeqlabError:
        raise
    except Exception as error:
        raise ConfigError(f"{registry.kind} '{name}': {failure(error)}") from error


def width_of(part: nn.Module) -> int:
    """Return how wide the outputs of an encoder or a pooling are.

    Raises:
        ConfigError: it does not say.
    """
    size = getattr(part, "output_size", None)
    if not isinstance(size, int) or size < 1:
        raise ConfigError(
            f"{type(part).__name__} must say how wide its outputs are: set self.output_size in it"
        )
    return size
