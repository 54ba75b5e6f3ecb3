"""Validating a configuration, with one line for every wrong key."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from seqlab.config.choices import CHOICES, canonical
from seqlab.config.packaged import names_of
from seqlab.config.renamed import present_settings
from seqlab.config.schema import Config
from seqlab.errors import ConfigError, near
from seqlab.registry.section import wrong


def validate(raw: Mapping[str, Any]) -> Config:
    """Return the typed configuration.

    Raises:
        ConfigError: one line for every key that is wrong.
    """
    raw = canonical(present_settings(raw))
    try:
        return Config.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)
        unknown = {detail["loc"][-1] for detail in details if detail["type"] == "extra_forbidden"}
        found = dict.fromkeys(_line(detail, raw, unknown) for detail in details)
        raise ConfigError("\n".join(_merged(found))) from error


def _merged(lines: Iterable[str]) -> list[str]:
    """Merge the lines of a union's members into one: ``… must be A or B, got C``."""
    allowed: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        key, _, rest = line.partition(" must be ")
        wish, is_wish, got = rest.rpartition(", got ")
        allowed.setdefault((key, got) if is_wish else (line, ""), []).append(wish)
    return [
        f"{key} must be {' or '.join(wishes)}, got {got}" if got else key
        for (key, got), wishes in allowed.items()
    ]


def _line(detail: Any, raw: Mapping[str, Any], unknown: set[Any]) -> str:
    """Return the message for one key: ``model.hidden_size must be greater than 0, got -1``."""
    path: list[str] = []
    siblings: Mapping[str, Any] = {}
    here: Any = raw
    for place, part in enumerate(detail["loc"], start=1):
        # A union adds the name of its member to the location; that is not a key of the configuration.
        if isinstance(here, Mapping) and (
            part in here or (detail["type"] == "missing" and place == len(detail["loc"]))
        ):
            path.append(str(part))
            siblings, here = here, here.get(part)
    key = ".".join(path)
    if detail["type"] == "extra_forbidden":
        return f"{key} is unknown; {near(path[-1], _known(key, siblings) - unknown)}"
    if detail["type"] == "missing":
        files = names_of(key)
        said = f"{key} is missing" if isinstance(detail["loc"][-1], str) else f"{key} has too few values"
        return f"{said}; {near('', files)}" if files else said
    return wrong(key, detail)


def _known(key: str, siblings: Mapping[str, Any]) -> set[Any]:
    """Return the allowed keys of the section of an unknown one; for a chosen class, its settings."""
    choice = next((choice for group, choice in CHOICES.items() if key.startswith(f"{group}.")), None)
    if choice is None or choice.key not in siblings:
        return set(siblings)
    return {*choice.defaults(siblings[choice.key])} - {"_target_"}
