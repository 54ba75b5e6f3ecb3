"""Resuming a sweep with the command that is saved in its folder."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqlab.config.choices import CHOICES, module_of
from seqlab.errors import ConfigError, RunError
from seqlab.io.files import resolved
from seqlab.io.override import quoted
from seqlab.io.safe_read import UnreadableError, read_yaml
from seqlab.registry import plugins

RECORD = "sweep.yaml"
"""The configuration of a sweep whose jobs are all valid."""

HYDRAS_RECORD = "multirun.yaml"
"""Hydra's file of the same, for whatever was tried last."""

OWN_SOURCE = "seqlab.conf"
"""The source of the configuration of every sweep of seqlab, in Hydra's words."""

RESUMABLE = re.compile(r"[+~]*hydra(\.sweep\.(dir|subdir)|\.sweeper\.max_batch_size|/launcher|/sweeper)=")
"""The settings of Hydra that are taken from a record; others can name classes that Hydra makes."""


def command_line(folder: Path, imports: Sequence[str] = ()) -> list[str]:
    """Return the arguments of ``seqlab train`` that resume a sweep; change to the folder where it started.

    The record is not trusted, and a command can execute code. The modules that it names are imported only if
    the user names them too; they and configuration files are searched only in the working folder. Settings of
    Hydra other than ``RESUMABLE``, and configuration files in the sweep's folder, are refused.

    Args:
        folder: the folder of the sweep.
        imports: modules that the user names.

    Raises:
        RunError: the folder contains no sweep, or its record is damaged or could execute code that the user
            has not named.
    """
    folder = resolved(folder)
    record = _record(folder)
    if record is None:
        raise RunError(f"{folder} is not the folder of a sweep: it has no {RECORD}")
    config = _config(record)
    try:
        hydra = config["hydra"]
        given = [text for text in hydra["overrides"]["hydra"] if not text.startswith("hydra.mode=")]
        settings = [*hydra["overrides"]["task"]]
        sources = [
            one["path"] for one in hydra["runtime"]["config_sources"] if one["provider"] == "command-line"
        ]
        begun = resolved(hydra["runtime"]["cwd"])
        sources = [resolved(begun / path) for path in sources]
        unsafe = [text for text in [*settings, *given] if _can_execute(text)]
        unsafe += [f"--config-dir={path}" for path in sources if path.is_relative_to(folder)]
        modules = _modules(config.get("imports") or [], [*settings, *given])
    except (KeyError, TypeError, AttributeError) as error:
        raise _refused(record, "is not a record that seqlab wrote") from error
    if unsafe:
        raise _refused(record, f"{unsafe[0]} could execute code that somebody else wrote")
    if not begun.is_dir():
        raise _refused(record, f"the sweep was started in {begun}, which does not exist")
    if (modules or sources) and resolved(Path.cwd()) != begun:
        # The user, not the record, decides which files these are.
        raise RunError(
            f"{record} names modules or configuration files; first change to {begun}, if it is yours"
        )
    plugins.load(imports)
    os.chdir(begun)  # where relative paths start
    try:
        plugins.refuse_unnamed(modules, folder, " ".join(f"--imports {name}" for name in modules))
    except ConfigError as error:
        raise RunError(f"{record}: {error}") from error
    options = [f"--config-dir={path}" for path in sources]
    return ["-m", *options, *settings, *given, f"hydra.sweep.dir={quoted(str(folder))}"]


def is_sweep(folder: Path) -> bool:
    """Return whether a folder is the folder of a seqlab sweep; other programs have Hydra's record too."""
    record = _record(folder)
    if record is None:
        return False
    try:
        sources = _config(record)["hydra"]["runtime"]["config_sources"]
        return any(one["path"] == OWN_SOURCE for one in sources)
    except (RunError, KeyError, TypeError):
        return False


def _record(folder: Path) -> Path | None:
    return next((folder / name for name in (RECORD, HYDRAS_RECORD) if (folder / name).exists()), None)


def _config(file: Path) -> Mapping[str, Any]:
    try:
        config = read_yaml(file)
    except UnreadableError as error:
        raise _refused(file, str(error)) from error
    if not isinstance(config, dict):
        raise _refused(file, "is not the configuration of a sweep")
    return config


def _modules(imports: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Return all modules that a sweep's configuration and its overrides name."""
    named = [*map(str, imports)]
    for text in overrides:
        key, _, value = text.lstrip("+~").partition("=")
        names = re.findall(r"[^\W\d][\w.]*", value)
        has_classes = key in CHOICES or "_target_" in text
        named += names if key == "imports" else filter(None, map(module_of, names if has_classes else ()))
    return list(dict.fromkeys(named))


def _can_execute(override: str) -> bool:
    """Return whether an override may do more than set a value of seqlab's configuration."""
    if override.startswith("-"):
        return True
    # Any other _target_ is a class of seqlab's groups, whose module the user must name.
    return override.lstrip("+~").startswith("hydra") and (
        "_target_" in override or not RESUMABLE.match(override)
    )


def _refused(file: Path, reason: str) -> RunError:
    return RunError(f"{file}: {reason}; repeat the command that started the sweep, with its hydra.sweep.dir")
