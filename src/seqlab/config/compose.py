"""From what Hydra has composed to the typed configuration, and back to YAML."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seqlab.config import OF_THE_COMMAND, Config, validate
from seqlab.errors import ConfigError, near
from seqlab.io.files import replacing


def make_config(composed: DictConfig) -> Config:
    """Return the typed configuration.

    Raises:
        ConfigError: one line for every key that is wrong.
    """
    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        raise ConfigError("\n".join(f"{key} must be set; conf/ explains it" for key in missing))
    raw: Any = OmegaConf.to_container(composed, resolve=True)
    return validate(raw)


def save_config(config: Config, path: Path) -> None:
    """Write the configuration of a run as YAML."""
    settings = config.model_dump(mode="json", exclude=set(OF_THE_COMMAND))
    with replacing(path) as draft:
        OmegaConf.save(OmegaConf.create(settings), draft)


def refuse_unknown(key: str, composed: DictConfig) -> None:
    """Refuse a key that a composed configuration does not have.

    Raises:
        ConfigError: with the names that are like it.
    """
    known = [name for name in keys_of(composed) if not name.startswith("hydra.")]
    if key not in known:
        raise ConfigError(unknown(key, known))


def unknown(key: str, known: Iterable[str]) -> str:
    """Say that there is no such key, and which names are like it."""
    names = list(known)
    parent = key.rpartition(".")[0]
    siblings = [name for name in names if name.rpartition(".")[0] == parent]
    return f"{key} is unknown; {near(key, siblings or [name for name in names if '.' not in name])}"


def keys_of(config: DictConfig) -> list[str]:
    """Return every key of the configuration, with dots."""

    def walk(prefix: str, section: Mapping[Any, Any]) -> Iterable[str]:
        for key, value in section.items():
            yield f"{prefix}{key}"
            if isinstance(value, Mapping):
                yield from walk(f"{prefix}{key}.", value)

    plain: Any = OmegaConf.to_container(config)
    return list(walk("", plain))
