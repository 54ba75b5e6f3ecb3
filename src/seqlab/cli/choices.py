"""The choices of a group of conf/ besides its files: every registered class, and any class by its path."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.types import Override
from hydra.errors import MissingConfigException
from yaml import YAMLError

from seqlab.config.choices import module_of
from seqlab.config.hydra_syntax import parse, values_of
from seqlab.config.packaged import OFFERED, WHOLE, parsed
from seqlab.errors import SeqlabError
from seqlab.registry import plugins

BUILT_ON_OTHERS = ("experiment", "sweep")
"""The groups whose files choose those of other groups."""
MOST_CHOICES = 1000
"""Maximum number of swept choices of a group that are offered: every cell there is, and a range ends."""


def offer(arguments: Sequence[str], folders: Sequence[Path]) -> None:
    """Let Hydra find choices that have no file; their keys are the settings of the class.

    Args:
        arguments: the command line.
        folders: the folders with the files of groups.

    Raises:
        ConfigError: a module of ``imports`` cannot be imported, so a name may be unknown.
        MissingConfigException: there is neither such a file nor such a class.
    """
    typed = [one for one in map(parse, arguments) if one]
    overrides = [*typed, *_in_files(typed, folders)]
    wanted = [(group, name) for group, name in _chosen(overrides) if not _is_file(group, name, folders)]
    if not wanted:
        return
    for one in overrides:
        if one.key_or_group == "imports" and not one.is_sweep_override():
            value = one.value()
            plugins.load(map(str, value if isinstance(value, list) else [value]))
    with suppress(SeqlabError):  # a missing one is reported with the command's other mistakes
        plugins.load(module for _, name in wanted if (module := module_of(name)))
    for group, name in wanted:
        try:
            node = OFFERED[group](name)
        except SeqlabError as error:
            if any(one.key_or_group == "hydra.searchpath" for one in overrides):
                continue  # it may be a file in a folder that only Hydra knows
            files = sorted(file.stem for folder in folders for file in (folder / group).glob("*.yaml"))
            raise MissingConfigException(str(error), f"{group}/{name}", files) from error
        ConfigStore.instance().store(name, node, group=group, package=WHOLE.get(group), provider="seqlab")


def _chosen(overrides: Sequence[Override]) -> Iterator[tuple[str, str]]:
    for override in overrides:
        if override.key_or_group in OFFERED:
            for value in values_of(override, MOST_CHOICES):
                names = value if isinstance(value, list) else [value]
                yield from ((override.key_or_group, str(name)) for name in names if name is not None)


def _in_files(overrides: Sequence[Override], folders: Sequence[Path]) -> list[Override]:
    """Return what the chosen files of experiments and sweeps choose in turn, each file once."""
    found = list(overrides)
    seen: set[tuple[str, str]] = set()
    for one in found:  # which grows
        for name in map(str, values_of(one) if one.key_or_group in BUILT_ON_OTHERS else ()):
            group = one.key_or_group
            if (group, name) not in seen:
                seen.add((group, name))
                lines = chain(*(_lines_of(folder / group / f"{name}.yaml", group) for folder in folders))
                found += [one for one in map(parse, lines) if one]
    return found[len(overrides) :]


def _lines_of(file: Path, group: str) -> Iterator[str]:
    """Yield as overrides what a file sweeps over, and its defaults; none of a file that Hydra will refuse."""
    with suppress(OSError, ValueError, AttributeError, YAMLError):
        content = parsed(file.read_text(encoding="utf-8"))
        for default in content.get("defaults", ()):
            choices = default if isinstance(default, dict) else {group: default}
            for key, value in choices.items():
                if value != "_self_":
                    yield f"{key.removeprefix('override ').removeprefix('/')}={value}"
        swept = content.get("hydra", {}).get("sweeper", {}).get("params", {})
        yield from (f"{key}={value}" for key, value in swept.items())


def _is_file(group: str, name: str, folders: Sequence[Path]) -> bool:
    return any((folder / group / f"{name}.yaml").exists() for folder in folders)
