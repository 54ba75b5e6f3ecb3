"""seqlab's configuration files as Hydra reads them, with the defaults of the classes that they name."""

from collections.abc import Callable
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from seqlab.compat.hydra import number_resolvers
from seqlab.config.choices import CHOICES, key_of
from seqlab.config.model import ModelConfig
from seqlab.config.schema import Config, PathsConfig
from seqlab.config.sweep import OF_RUNS
from seqlab.config.task import TASKS
from seqlab.config.trainer import CallbacksConfig, CheckpointConfig, FiguresConfig, TrainerConfig
from seqlab.io.files import resolved
from seqlab.registry.catalog import cells, datasets
from seqlab.registry.section import defaults_of
from seqlab.registry.types import Section

PACKAGED = Path(str(files("seqlab.conf")))

# A store that a run, resumed in another folder, finds again: ${absolute:outputs}.
OmegaConf.register_new_resolver("absolute", lambda path: resolved(path).as_posix(), replace=True)


def _node(group: str, name: str) -> dict[str, Any]:
    """Return the settings of a class, with its own key in groups that can have several."""
    choice = CHOICES[group]
    settings = choice.defaults(name)
    return settings if choice.key == "name" else {key_of(name, choice.registry): settings}


def _model(cell: str) -> dict[str, Any]:
    """Return the settings of a model whose cell has no file."""
    cells.require(cell)
    return content_of("model/lstm") | {"cell": cell}


OFFERED: dict[str, Callable[[str], Any]] = {
    "data": lambda name: datasets[name].preset(),
    "task": lambda name: TASKS.defaults(name) | {"metrics": None},  # a list can take the place of None
    "model": _model,
    **{group: partial(_node, group) for group in CHOICES if "." not in group},
}
"""Functions that return the settings of a class, by group."""
KINDS = {
    "data": datasets,
    "task": TASKS.registry,
    "model": cells,
    **{group: CHOICES[group].registry for group in CHOICES if group in OFFERED},
}
"""The registries of groups whose choices are classes."""
SECTIONS: dict[str, type[Section]] = {
    "model": ModelConfig,
    "trainer": TrainerConfig,
    "callbacks": CallbacksConfig,
    "checkpoint": CheckpointConfig,
    "figures": FiguresConfig,
    "paths": PathsConfig,
}
"""The sections of groups whose files all have the same settings."""
WHOLE = {"data": "_global_"}
"""Groups whose choices also set keys of other groups."""


ROOT = {
    key: field.default
    for key, field in Config.model_fields.items()
    if not field.is_required() and field.default_factory is None
}
"""The keys that are in no group."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """libyaml if available, which is eight times as fast; numbers as OmegaConf reads them."""

    yaml_implicit_resolvers = number_resolvers()


def names_of(group: str) -> list[str]:
    """Return the names of the files of a group."""
    return sorted(file.stem for file in PACKAGED.joinpath(group).glob("*.yaml"))


def parsed(text: str) -> Any:
    """Return the values in the text of a file.

    Raises:
        YAMLError: it is malformed.
    """
    return yaml.load(text, _Loader)  # noqa: S506 (it is a SafeLoader)


@cache
def text_of(name: str) -> str:
    """Return the text of a file, such as ``data/names``."""
    return (PACKAGED / f"{name.removesuffix('.yaml')}.yaml").read_text(encoding="utf-8")


def content_of(name: str) -> dict[str, Any]:
    """Return the values of a file with the defaults of its class.

    Those of ``Config`` and SECTIONS are in ``config``.
    """
    found: dict[str, Any] = parsed(text_of(name)) or {}
    group = name.rpartition("/")[0]
    if name == "config":
        whole = {one: defaults_of(section) for one, section in SECTIONS.items()}
        return ROOT | found | whole
    section = found.get(group, found)
    if group in OF_RUNS and group in found:
        return found | {group: defaults_of(OF_RUNS[group][section["name"]]) | section}
    if group not in OFFERED or not isinstance(section.get("name"), str):
        return found
    whole = OFFERED[group](section["name"])
    if group not in WHOLE:
        return {**whole, **found}
    return {**whole, **found, group: whole[group] | section} if group in found else whole[group] | found
