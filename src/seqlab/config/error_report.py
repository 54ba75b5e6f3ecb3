"""The messages for a wrong command line: all mistakes at once, one line each."""

import os
import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException, OverrideParseException
from yaml import MarkedYAMLError

from seqlab.config.choices import CHOICES
from seqlab.config.compose import unknown
from seqlab.config.hydra_syntax import NoKeysError, parse
from seqlab.config.mistakes import OF_COMPOSING, Command, first_line, searching, suiting_other_data
from seqlab.config.packaged import KINDS, names_of
from seqlab.errors import ConfigError, DataError, SeqlabError, near


class CommandError(ConfigError):
    """All mistakes of a command, one line each."""


FOREIGN_KEY = re.compile(r"[~+]*(?=[\w.]*[^\W\x00-\x7f])([\w.]+)=")
"""A setting whose key contains letters outside ASCII; no key does."""
NO_CHOICE = "Config group override must be"
"""The beginning of Hydra's ValueError for model=null."""


def explain(error: Exception, arguments: Sequence[str]) -> list[str]:
    """Return one line for every mistake in the command that raised ``error``; none for other errors.

    Args:
        error: the error.
        arguments: the arguments of the command.
    """
    if isinstance(error, CommandError):
        return str(error).splitlines()
    if isinstance(error, SeqlabError):
        shown = _inspecting(arguments) if isinstance(error, DataError) else []
        return [*(_meant_for_other_data(arguments) or str(error).splitlines()), *shown]
    if type(error).__name__ == "MisconfigurationException":  # Lightning's, which is not imported for this
        return [first_line(error)]
    if not isinstance(error, OF_COMPOSING) and not _is_of_composing(error):
        return []
    understood = _understood(arguments)
    is_alone = isinstance(error, MissingConfigException) and len(arguments) == 1
    if understood is None or is_alone:  # with other options, or if nothing else can be wrong
        return [_explain_one(error, "", ())]
    is_sweep, folders, overrides = understood
    found = _mistakes(Command(overrides, folders, is_sweep=is_sweep, raised=error))
    return found or [_explain_one(error, "", ())]


@contextmanager
def explained(arguments: Sequence[str]) -> Iterator[None]:
    """Raise an error of a command as one of seqlab's with the lines of ``explain``, if there are any.

    Raises:
        SeqlabError: the message has a line for every mistake.
    """
    try:
        yield
    except Exception as error:
        lines = explain(error, arguments)
        if not lines or os.environ.get("SEQLAB_DEBUG"):
            raise
        kind = type(error) if isinstance(error, SeqlabError) else ConfigError
        raise kind("\n".join(lines)) from None


def _is_of_composing(error: Exception) -> bool:
    """Return whether an override raised an error that is not Hydra's: ``model=null``, ``imports.x=1``."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    is_inside = str(frame.f_globals.get("__name__")).startswith("omegaconf.")
    return is_inside or str(error).startswith(NO_CHOICE)


def composed(overrides: Sequence[str]) -> Command:
    """Compose the command of a single run.

    Raises:
        CommandError: an override does not fit.
    """
    command = Command(overrides)
    if command.misfits:
        raise CommandError("\n".join(_mistakes(command)))
    return command


def _mistakes(command: Command) -> list[str]:
    found = [_explain_one(one.error, one.value, command.known, one.override) for one in command.misfits]
    return list(dict.fromkeys([*found, *command.refusals()]))


def _inspecting(arguments: Sequence[str]) -> list[str]:
    """Return the command that shows the contents of the user's file, if the error may be about it."""
    given = [argument.partition("data.path=")[2] for argument in arguments if "data.path=" in argument]
    last = map(Path, given[-1:])  # a later one counts
    there = (path for path in last if path.exists() and not path.is_fifo())
    return [f"seqlab inspect {path} shows what it contains" for path in there]


def _meant_for_other_data(arguments: Sequence[str]) -> list[str]:
    """Return the mistakes of an experiment whose settings do not suit the data given with it."""
    is_sweep, folders, overrides = _understood(arguments) or (True, [], [])
    if is_sweep or not {"data", "experiment"} <= {override.partition("=")[0] for override in overrides}:
        return []
    return suiting_other_data([*searching(folders), *overrides])


def _understood(arguments: Sequence[str]) -> tuple[bool, list[Path], list[str]] | None:
    """Return whether a command is a sweep, the folder of ``--config-dir``, if any, and its settings.

    None if it has another option.
    """
    is_sweep, folders, overrides = False, [], []
    rest = iter(arguments)
    for argument in rest:
        name, is_joined, value = argument.partition("=")
        if name in ("-m", "--multirun"):
            is_sweep = True
        elif name in ("--config-dir", "-cd"):
            folders = [Path(value if is_joined else next(rest, "")).absolute()]
        elif name.startswith("-"):
            return None
        else:
            overrides.append(argument)
    return is_sweep, folders, overrides


def _explain_one(error: Exception, override: str, known: Iterable[str], whole: str = "") -> str:
    """Return the message for an override, which is ``whole`` or one value of a swept ``whole``."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _no_file(error.missing_cfg_file, error.options or ())
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark
        return f"{mark.name}, line {mark.line + 1}: {error.problem}" if mark else first_line(error)
    if isinstance(error, NoKeysError):
        return str(error)
    parsed = parse(override) if override else None
    if isinstance(error, OverrideParseException) or (override and not parsed):
        given = override or getattr(error, "override", "")
        return _no_setting(given, known)
    return _explain_setting(error, override, parsed, set(known), whole) if parsed else first_line(error)


def _no_setting(given: str, known: Iterable[str]) -> str:
    """Return why an argument is no setting."""
    if foreign := FOREIGN_KEY.match(given):
        return unknown(foreign[1], sorted(known))
    if Path(given).is_file():
        return f"'{given}' is not KEY=VALUE; seqlab inspect {given} shows how to train on a file"
    return f"'{given}' is not KEY=VALUE; put a value with special characters in quotes: 'key=\"value\"'"


def _no_file(missing: str, options: Sequence[str]) -> str:
    """Return what is said of a file of conf/ that does not exist, by its path there."""
    group, _, name = missing.rpartition("/")
    if not group:
        return f"--config-name={name}: there is no such file; leave the option out"
    return f"{group}={name}: {_no_choice(group, name, options)}"


def _no_choice(group: str, name: str, files: Sequence[str]) -> str:
    """Return why a group has no such choice: there is no file or class of that name, or at that path."""
    if group == "data" and Path(name).exists():
        return f"a file is given by data.path; seqlab inspect {name} shows the whole command"
    choice = CHOICES.get(group)
    if choice and "." in name:
        try:
            choice.section(name)
        except ConfigError as error:
            return str(error)
    own = "; one of your own needs imports=[my_module]" if group in KINDS else ""
    return f"unknown {group}; {near(name, {*files, *KINDS.get(group, ())})}{own}"


def _explain_setting(error: Exception, override: str, parsed: Override, known: set[str], whole: str) -> str:
    key = parsed.key_or_group
    if parsed.is_sweep_override():
        is_group = any(name.startswith(f"{key}.") for name in known)
        single = "name one" if is_group else f"write a list as {key}=[…]"
        return f"{override} has several values: {single}, or begin with -m to run each of them"
    if parsed.is_delete() and (files := names_of(key)):
        return f"{key} is missing; {near('', files)}"
    if key == "data.path" and "data.root" in known and key not in known:
        value = whole.partition("=")[2]
        return f"data.path is for a file of yours, with data=text_csv or another; see seqlab inspect {value}"
    if key not in known and not parsed.is_add():
        return unknown(key, sorted(known), whole.partition("=")[2])
    if parsed.is_add():
        return f"{override}: {key} exists already; leave out the +"
    is_unnamed = "=" not in override or parsed.value() is None
    files = names_of(key) if is_unnamed else []
    return f"{override}: name one; {near('', files)}" if files else first_line(error)
