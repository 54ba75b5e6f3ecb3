"""What is said of a wrong command line: all its mistakes at once, one line each."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from hydra import compose, initialize_config_module
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException
from yaml import MarkedYAMLError

from seqlab.config.choices import CHOICES, modules_of
from seqlab.config.compose import keys_of, make_config, unknown
from seqlab.config.hydra_syntax import parse, values_of
from seqlab.errors import ConfigError, SeqlabError, near

OF_COMPOSING = (HydraException, OmegaConfBaseException, MarkedYAMLError)
NO_CHOICE = "Config group override must be"
"""How the message of Hydra's ValueError for model=null begins."""


def explain(error: Exception, arguments: Sequence[str]) -> list[str]:
    """Return one line for every mistake of the user's that led to ``error``; none if it is no such mistake.

    Args:
        error: what was raised.
        arguments: the command line behind the command.
    """
    if isinstance(error, SeqlabError):
        return _meant_for_other_data(arguments) or str(error).splitlines()
    if type(error).__name__ == "MisconfigurationException":  # Lightning's, which is not imported for this
        return [_first_line(error)]
    if not isinstance(error, OF_COMPOSING) and not str(error).startswith(NO_CHOICE):
        return []
    try:
        is_sweep, search, overrides = _understood(arguments)
    except ValueError:  # of other options nothing is known here
        return [_explain_one(error, "", ())]
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        found = _all_mistakes(overrides, search, is_sweep=is_sweep)
    return found or [_explain_one(error, "", ())]


def _meant_for_other_data(arguments: Sequence[str]) -> list[str]:
    """Return what is wrong with an experiment whose settings do not suit the data beside it."""
    try:
        is_sweep, search, overrides = _understood(arguments)
    except ValueError:
        return []
    if is_sweep:
        return []
    with initialize_config_module("seqlab.conf", version_base="1.3"):
        return _suiting_other_data([*search, *overrides])


def _suiting_other_data(overrides: Sequence[str]) -> list[str]:
    given = {override.partition("=")[0]: override for override in overrides}
    if not {"data", "experiment"} <= given.keys():
        return []
    others = [override for override in overrides if override != given["data"]]
    own = f"data={compose('config', others, return_hydra_config=True).hydra.runtime.choices.data}"
    rest = _refused(others)
    if own == given["data"] or set(_refused(overrides)) <= set(rest):
        return []
    return [f"{given['experiment']} is for {own}; leave {given['data']} out, or the experiment", *rest]


def _understood(arguments: Sequence[str]) -> tuple[bool, list[str], list[str]]:
    """Return whether a command is a sweep, where it looks for configurations, and its settings.

    Raises:
        ValueError: it has an option of another kind.
    """
    is_sweep, search, overrides = False, [], []
    rest = iter(arguments)
    for argument in rest:
        name, is_joined, value = argument.partition("=")
        if name in ("-m", "--multirun"):
            is_sweep = True
        elif name in ("--config-dir", "-cd"):
            folder = Path(value if is_joined else next(rest, "")).absolute()
            search = [f"hydra.searchpath=['file://{folder}']"]
        elif name.startswith("-"):
            raise ValueError(name)
        else:
            overrides.append(argument)
    return is_sweep, search, overrides


def _all_mistakes(overrides: Iterable[str], search: Sequence[str], *, is_sweep: bool) -> list[str]:
    """Compose with one override after the other; leave out and explain those that do not fit."""
    sound: list[str] = [*search]
    others: list[tuple[int, str]] = []
    lines: dict[str, None] = {}
    unknown_choices: list[str] = []
    for override in overrides:
        if override.startswith(tuple(unknown_choices)):
            continue  # what its keys are, only the choice that was meant would say
        fitting = []
        for single in _values(override) if is_sweep else [override]:
            try:
                compose("config", overrides=[*sound, single])
            except (*OF_COMPOSING, ValueError) as error:
                if isinstance(error, MissingConfigException):
                    unknown_choices.append(f"{override.partition('=')[0]}.")
                lines[_explain_one(error, single, _known(sound), override)] = None
            else:
                fitting.append(single)
        others += [(len(sound), single) for single in fitting[1:]]
        sound += fitting[:1]
    for point in (sound, *([*sound[:place], single, *sound[place + 1 :]] for place, single in others)):
        lines |= dict.fromkeys(_wrong_values(point))
    return list(lines)


def _known(sound: Sequence[str]) -> set[str]:
    """Return the keys and groups of a composed configuration."""
    composed = compose("config", overrides=list(sound), return_hydra_config=True)
    names = [*keys_of(composed), *map(str, composed.hydra.runtime.choices)]
    return {name for name in names if "hydra" not in name}


def _wrong_values(overrides: Sequence[str]) -> list[str]:
    """Return a line for every value that is wrong where all keys are right."""
    return _refused(overrides) and (_suiting_other_data(overrides) or _refused(overrides))


def _refused(overrides: Sequence[str]) -> list[str]:
    """Return what validation says of a configuration."""
    from seqlab.registry import plugins  # noqa: PLC0415

    try:
        composed = compose("config", overrides=list(overrides))
        plugins.load(modules_of(composed))
        make_config(composed)
    except SeqlabError as error:
        return str(error).splitlines()
    except OF_COMPOSING as error:
        key = getattr(error, "full_key", None)
        return [f"{key}: {_first_line(error)}" if key else _first_line(error)]
    return []


def _values(override: str) -> list[str]:
    """Return an override for each value of a swept one."""
    parsed = parse(override)
    if parsed is None or not parsed.is_sweep_override():
        return [override]
    return [f"{parsed.get_key_element()}={value}" for value in values_of(parsed)]


def _explain_one(error: Exception, override: str, known: Iterable[str], whole: str = "") -> str:
    """Say what is wrong with an override, which is ``whole`` or, if that is swept, one value of it."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return f"{group}={name}: {_no_choice(group, name, error.options or ())}"
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark
        return f"{mark.name}, line {mark.line + 1}: {error.problem}" if mark else _first_line(error)
    parsed = parse(override) if override else None
    if isinstance(error, OverrideParseException) or (override and not parsed):
        given = override or getattr(error, "override", "")
        return f"'{given}' is not KEY=VALUE; put a value with special characters in quotes: 'key=\"value\"'"
    return _explain_setting(error, override, parsed, set(known), whole) if parsed else _first_line(error)


def _no_choice(group: str, name: str, files: Sequence[str]) -> str:
    """Say why a group does not offer a name: it has no file, and no class of that name or at that path."""
    choice = CHOICES.get(group)
    if choice and "." in name:
        try:
            choice.section(name)
        except ConfigError as error:
            return str(error)
    return f"there is no such {group}; {near(name, {*files, *(choice.registry if choice else ())})}"


def _explain_setting(error: Exception, override: str, parsed: Override, known: set[str], whole: str) -> str:
    key = parsed.key_or_group
    if parsed.is_sweep_override():
        is_group = any(name.startswith(f"{key}.") for name in known)
        single = "name one" if is_group else f"write a list as {key}=[…]"
        return f"{override} has several values: {single}, or begin with -m to run each of them"
    if key not in known and not parsed.is_add():
        return unknown(key, sorted(known), whole.partition("=")[2])
    if parsed.is_add():
        return f"{override}: {key} is there already; leave the + out"
    return (
        _first_line(error) if "=" in override and parsed.value() is not None else f"{override}: name a {key}"
    )


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
