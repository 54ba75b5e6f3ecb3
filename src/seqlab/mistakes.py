"""What is said of a wrong command line: all its mistakes at once, one line each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seqlab.errors import ConfigError, SeqlabError, near


def explain(error: Exception, arguments: Sequence[str]) -> list[str]:
    """Return one line for every mistake of the user's that led to ``error``; none if it is no such mistake.

    Args:
        error: what was raised.
        arguments: the command line behind the command.
    """
    if isinstance(error, SeqlabError):
        return str(error).splitlines()
    if type(error).__name__ == "MisconfigurationException":  # Lightning's, which is not imported for this
        return [_first_line(error)]
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return []
    overrides = [argument for argument in arguments if argument not in ("-m", "--multirun")]
    is_sweep = len(overrides) < len(arguments)
    # Of other options, and of the points of a sweep, nothing is known here: what Hydra says must do.
    if any(text.startswith("-") for text in overrides) or (
        is_sweep and isinstance(error, MissingConfigException)
    ):
        return [_explain_one(error, "", ())]
    if is_sweep:
        parsed = {text: _parse(text) for text in overrides}
        overrides = [text for text, found in parsed.items() if not found or not found.is_sweep_override()]
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        return _all_mistakes(overrides) or [_first_line(error)]


def _all_mistakes(overrides: Iterable[str]) -> list[str]:
    """Compose with one override after the other; leave out and explain those that do not fit."""
    sound: list[str] = []
    lines: list[str] = []
    unknown_choices: list[str] = []
    for override in overrides:
        if override.startswith(tuple(unknown_choices)):
            continue  # what its keys are, only the choice that was meant would say
        try:
            compose("config", overrides=[*sound, override])
        except (HydraException, OmegaConfBaseException) as error:
            composed = compose("config", overrides=sound, return_hydra_config=True)
            known = [*_keys(composed), *map(str, composed.hydra.runtime.choices)]
            if isinstance(error, MissingConfigException):
                unknown_choices.append(f"{override.partition('=')[0]}.")
            lines.append(_explain_one(error, override, {name for name in known if "hydra" not in name}))
        else:
            sound.append(override)
    from seqlab.build import make_config  # noqa: PLC0415 (imports torch, and most mistakes end before)

    try:
        make_config(compose("config", overrides=sound))
    except ConfigError as error:
        lines += str(error).splitlines()
    return lines


def _parse(override: str) -> Override | None:
    try:
        return OverridesParser.create().parse_override(override)
    except HydraException:
        return None


def _explain_one(error: Exception, override: str, known: Iterable[str]) -> str:
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return f"{group}={name}: there is no such {group}; {near(name, error.options or ())}"
    parsed = _parse(override) if override else None
    if isinstance(error, OverrideParseException) or (override and not parsed):
        given = override or getattr(error, "override", "")
        return f"'{given}' is not KEY=VALUE; put a value with special characters in quotes: 'key=\"value\"'"
    if parsed and "=" in override:
        key = parsed.key_or_group
        if key not in known:
            return _unknown(key, known)
    return _first_line(error)


def refuse_unknown(key: str, composed: DictConfig) -> None:
    """Refuse a key that a composed configuration does not have.

    Raises:
        ConfigError: with the names that are like it.
    """
    known = [name for name in _keys(composed) if not name.startswith("hydra.")]
    if key not in known:
        raise ConfigError(_unknown(key, known))


def _unknown(key: str, known: Iterable[str]) -> str:
    names = list(known)
    parent = key.rpartition(".")[0]
    siblings = [name for name in names if name.rpartition(".")[0] == parent]
    return f"{key} is unknown; {near(key, siblings or [name for name in names if '.' not in name])}"


def _keys(config: DictConfig) -> list[str]:
    """Return every key of the configuration, with dots."""

    def walk(prefix: str, section: Mapping[Any, Any]) -> Iterable[str]:
        for key, value in section.items():
            yield f"{prefix}{key}"
            if isinstance(value, Mapping):
                yield from walk(f"{prefix}{key}.", value)

    plain: Any = OmegaConf.to_container(config)
    return list(walk("", plain))


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
