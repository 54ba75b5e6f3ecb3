"""Going on with a sweep: its folder knows the command that began it."""

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
"""The configuration of a sweep whose jobs were all found right."""

HYDRAS_RECORD = "multirun.yaml"
"""The same by Hydra, of whatever was tried last."""

OWN_SOURCE = "seqlab.conf"
"""Where the configuration of every sweep of seqlab comes from, as Hydra calls it."""


RESUMABLE = re.compile(r"[+~]*hydra(\.sweep\.(dir|subdir)|\.sweeper\.max_batch_size|/launcher|/sweeper)=")
"""The settings of Hydra that are taken from a record; others can name classes that Hydra makes."""


def command_line(folder: Path, imports: Sequence[str] = ()) -> list[str]:
    """Return what follows ``seqlab train`` to go on with a sweep, and move to where it was begun.

    The record may come from anybody, and a command can execute code. The modules that it names are imported
    only if the user names them too, and they and configuration files are looked for only where the user
    stands; other settings of Hydra than ``RESUMABLE``, and files of the sweep's folder, are refused.

    Args:
        folder: of the sweep.
        imports: modules that the user names.

    Raises:
        RunError: the folder holds no sweep, or its record is damaged or could execute what the user has not
            named.
    """
    folder = resolved(folder)
    record = _record(folder)
    if record is None:
        raise RunError(f"{folder} holds no sweep: it has no {RECORD}")
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
        raise _refused(record, "is not as seqlab writes it") from error
    if unsafe:
        raise _refused(record, f"{unsafe[0]} could execute what somebody else has written")
    if not begun.is_dir():
        raise _refused(record, f"the sweep was begun in {begun}, which is gone")
    if (modules or sources) and resolved(Path.cwd()) != begun:
        # Which files these are, the user decides by standing beside them, not the record.
        raise RunError(
            f"{record} names modules or configuration files; go to {begun}, if that is yours, first"
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
    """Return whether a folder is a sweep's of seqlab; Hydra leaves its record for other programs too."""
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
    """Return the modules that a sweep's configuration and its overrides name, whichever they are."""
    named = [*map(str, imports)]
    for text in overrides:
        key, _, value = text.lstrip("+~").partition("=")
        names = re.findall(r"[^\W\d][\w.]*", value)
        has_classes = key in CHOICES or "_target_" in text
        named += names if key == "imports" else filter(None, map(module_of, names if has_classes else ()))
    return list(dict.fromkeys(named))


def _can_execute(override: str) -> bool:
    """Return whether an override may do more than set a value of seqlab's own configuration."""
    if override.startswith("-"):
        return True
    # What else has a _target_ is a class of seqlab's groups, whose module the user must name.
    return override.lstrip("+~").startswith("hydra") and (
        "_target_" in override or not RESUMABLE.match(override)
    )


def _refused(file: Path, reason: str) -> RunError:
    return RunError(f"{file}: {reason}; repeat the command that began the sweep, with its hydra.sweep.dir")
