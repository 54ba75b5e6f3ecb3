"""What a group of conf/ offers besides its files: every class that is registered, or named by its path."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.types import Override

from seqlab.config.choices import module_of
from seqlab.config.hydra_syntax import parse, values_of
from seqlab.config.packaged import OFFERED, WHOLE
from seqlab.errors import SeqlabError
from seqlab.registry import plugins


def offer(arguments: Sequence[str], folders: Sequence[Path]) -> None:
    """Let Hydra find what is chosen and has no file; its keys are the settings of the class.

    What there is not is left to Hydra, which refuses it.

    Args:
        arguments: the command line.
        folders: that hold files of groups.

    Raises:
        ConfigError: a module of ``imports`` cannot be imported, which may be why nothing has such a name.
    """
    overrides = [parsed for parsed in map(parse, arguments) if parsed]
    wanted = [(group, name) for group, name in _chosen(overrides) if not _is_file(group, name, folders)]
    if not wanted:
        return
    for one in overrides:
        if one.key_or_group == "imports" and not one.is_sweep_override():
            value = one.value()
            plugins.load(map(str, value if isinstance(value, list) else [value]))
    with suppress(SeqlabError):  # of one that is not there, the command complains with its other mistakes
        plugins.load(module for _, name in wanted if (module := module_of(name)))
    for group, name in wanted:
        with suppress(SeqlabError):
            node = OFFERED[group](name)
            ConfigStore.instance().store(name, node, group=group, package=WHOLE.get(group), provider="seqlab")


def _chosen(overrides: Sequence[Override]) -> Iterator[tuple[str, str]]:
    for override in overrides:
        if override.key_or_group in OFFERED:
            for value in values_of(override):
                names = value if isinstance(value, list) else [value]
                yield from ((override.key_or_group, str(name)) for name in names)


def _is_file(group: str, name: str, folders: Sequence[Path]) -> bool:
    return any((folder / group / f"{name}.yaml").exists() for folder in folders)
