"""A part of the configuration as YAML, each key with a comment from its file or from a docstring."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from seqlab.config.choices import CHOICES
from seqlab.config.packaged import KINDS, OFFERED, PACKAGED, SECTIONS, content_of, text_of
from seqlab.config.schema import Config
from seqlab.config.sweep import OF_RUNS
from seqlab.config.task import TASKS
from seqlab.errors import ConfigError, near
from seqlab.registry.catalog import datasets
from seqlab.registry.section import defaults_of, helps_in
from seqlab.registry.types import Section

TITLE = """# @package _global_
# The whole default configuration. With what you change, as FOLDER/experiment/mine.yaml:
#   seqlab train --config-dir FOLDER experiment=mine
"""
NO_BREAK = 10**6
"""Characters of a line of YAML."""
SPOKEN = {"None": "null", "True": "true", "False": "false"}
"""Words of docstrings, and of YAML."""

Comments = dict[str, Any]
"""Comments by key; a section has a mapping of its own."""


def whole() -> str:
    """Return the default configuration, as a preset."""
    chosen = _chosen()
    sections = {group: _section(group, name) for group, name in chosen.items() if name and "/" not in group}
    values = {key: one for key, one in content_of("config").items() if key not in ("defaults", "hydra")}
    values |= {group: section for group, (section, _) in sections.items()}
    comments = _spoken_of(Config) | _in_file("config") | {group: one for group, (_, one) in sections.items()}
    return TITLE + "\n".join(_lines(values, comments)) + "\n"


def offered() -> str:
    """Return the groups with the names of their files, as text."""
    return "".join(f"{group}: {', '.join(names)}\n" for group, names in _files().items())


def choice(group: str, name: str | None = None) -> str:
    """Return a choice of a group as the text of a file, which a user's ``--config-dir`` can contain.

    Args:
        group: the group, such as "data".
        name: the name, such as "text_csv"; None for the default, or a list where there is none.

    Raises:
        ConfigError: there is no such group, or no such name in it.
    """
    groups = _files()
    if group not in groups:
        raise ConfigError(f"there is no group '{group}'; {near(group, groups)}")
    files = groups[group]
    name = name or _chosen().get(group)
    if name is None and len(files) > 1:
        width = max(map(len, files))
        return "".join(f"{one:{width}}  {title}\n" for one, title in titles(group).items())
    name = name or files[0]
    if name not in files and not (group in KINDS and (name in KINDS[group] or "." in name)):
        raise ConfigError(
            f"{group}={name}: there is no such {group}; {near(name, {*files, *KINDS.get(group, ())})}"
        )
    text = text_of(f"{group}/{name}") if name in files else None
    if text and group not in (*OFFERED, *OF_RUNS) and "# @package" in text:
        return text  # a preset of several groups
    values, comments = _section(group, name)
    if text and group in OF_RUNS:
        above, key, _ = text.partition(f"\n{group}:\n")
        own = "\n".join(_lines({group: values}, {group: comments}))
        return f"{above}\n{own}\n" if key else text
    lines = (text or f"# {group}={name}").splitlines()
    title = [line for line in lines if line.startswith("#") and "explains every key" not in line]
    if group == "data" and (text is None or "# @package" in text):
        task = f"defaults:\n  - override /task: {datasets[values['name']].task}\n  - _self_\n"
        title = ["# @package _global_", *(line for line in title if "@package" not in line), task]
        values, comments = {group: values}, {group: comments}
    return "\n".join([*title, *_lines(values, comments)]) + "\n"


def titles(group: str) -> dict[str, str]:
    """Return the first sentences of the files of a group, by name."""
    heads = {
        name: text_of(f"{group}/{name}").removeprefix("# @package _global_\n") for name in _files()[group]
    }
    return {name: head.partition("\n")[0].partition(" Run: ")[0].lstrip("# ") for name, head in heads.items()}


def _files() -> dict[str, list[str]]:
    """Return the names of the files of every group."""
    folders = sorted(PACKAGED.iterdir())
    found = {folder.name: sorted(file.stem for file in folder.glob("*.yaml")) for folder in folders}
    return {group: names for group, names in found.items() if names}


def _chosen() -> dict[str, str | None]:
    """Return the default choice of each group."""
    entries = (entry for entry in content_of("config")["defaults"] if isinstance(entry, dict))
    return {group: name for entry in entries for group, name in entry.items() if " " not in group}


def _section(group: str, name: str) -> tuple[dict[str, Any], Comments]:
    """Return keys, values and comments of a choice, with those of the files on which it is based."""
    values = defaults_of(SECTIONS[group]) if group in SECTIONS else {}
    comments: Comments = {}
    if (PACKAGED / group / f"{name}.yaml").exists():
        for file in _files_of(group, name):
            content = content_of(file)
            values |= {key: one for key, one in content.get(group, content).items() if key != "defaults"}
            comments |= _in_file(file)
    else:
        offered = OFFERED[group](name)
        values |= offered.get(group, offered)
    values = _name_first(values)
    return values, _of_class(group, values) | comments


def _files_of(group: str, name: str) -> Iterator[str]:
    """Yield the files on which a file is based, and the file itself."""
    for base in content_of(f"{group}/{name}").get("defaults", ()):
        if isinstance(base, str) and base != "_self_":
            yield from _files_of(group, base)
    yield f"{group}/{name}"


def _name_first(values: dict[str, Any]) -> dict[str, Any]:
    return {key: values[key] for key in ("name",) if key in values} | values


def _in_file(name: str) -> Comments:
    """Return the comments after the keys of a file."""
    return dict(re.findall(r"^ *(\w+):.*? # (.+)$", text_of(name), re.MULTILINE))


def _of_class(group: str, values: Mapping[str, Any]) -> Comments:
    """Return the help of the settings of a class, or of each class in a group, from docstrings."""
    if group in SECTIONS:
        return _spoken_of(SECTIONS[group])
    if group in OF_RUNS:
        return _spoken_of(OF_RUNS[group][values["name"]])
    if group not in KINDS:
        return {}
    name = values.get("_target_", values.get("name"))  # a logger may have a setting called name
    if name is None:
        return {key: _of_class(group, one) for key, one in values.items() if isinstance(one, Mapping)}
    return _spoken_of(datasets[name] if group == "data" else CHOICES.get(group, TASKS).section(name))


def _spoken_of(section: type[Section]) -> Comments:
    return {key: _spoken(one) for key, one in helps_in(section).items()}


def _spoken(help_text: str) -> str:
    """Return the first sentence of a help text, with the words of YAML."""
    sentence = re.split(r"(?<=[^.][^.])\.(?: |$)", help_text.replace("`", ""))[0]
    return re.sub(r"\b(None|True|False)\b", lambda found: SPOKEN[found[0]], sentence)


def _lines(values: Mapping[str, Any], comments: Comments, indent: str = "") -> Iterator[str]:
    for key, value in values.items():
        comment = comments.get(key)
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:"
            yield from _lines(value, comment if isinstance(comment, dict) else {}, f"{indent}  ")
        else:
            yield f"{indent}{key}: {_written(value)}" + (f" # {comment}" if comment else "")


def _written(value: Any) -> str:
    if value == "???":
        return "???"
    text = yaml.safe_dump(value, default_flow_style=True, width=NO_BREAK, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
