"""Going on with a sweep: its folder knows the command that began it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from seqlab.arguments import quoted
from seqlab.errors import RunError

RECORD = "sweep.yaml"
"""The configuration of a sweep whose jobs were all found right."""

HYDRAS_RECORD = "multirun.yaml"
"""The same by Hydra, of whatever was tried last; there alone after launcher=basic."""


def command_line(folder: Path) -> list[str]:
    """Return what follows ``seqlab train`` to go on with a sweep, and move to where it was begun.

    A sweep's folder is a command, which may name modules and configuration files: resume only your own.

    Args:
        folder: of the sweep.

    Raises:
        RunError: the folder holds no sweep, or its record is damaged.
    """
    folder = folder.absolute()
    record = next((folder / name for name in (RECORD, HYDRAS_RECORD) if (folder / name).exists()), None)
    if record is None:
        raise RunError(f"{folder} holds no sweep: it has no {RECORD}")
    hydra = _hydra(record)
    try:
        given = [text for text in hydra["overrides"]["hydra"] if not text.startswith("hydra.mode=")]
        settings = [*hydra["overrides"]["task"]]
        sources = [
            one["path"] for one in hydra["runtime"]["config_sources"] if one["provider"] == "command-line"
        ]
        begun = Path(hydra["runtime"]["cwd"])
    except (KeyError, TypeError, AttributeError) as error:
        raise _refused(record, f"misses {error}") from error
    if not begun.is_dir():
        raise _refused(record, f"the sweep was begun in {begun}, which is gone")
    os.chdir(begun)  # where relative paths start
    options = [f"--config-dir={path}" for path in sources]
    return ["-m", *options, *settings, *given, f"hydra.sweep.dir={quoted(str(folder))}"]


def _hydra(file: Path) -> Mapping[str, Any]:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))["hydra"]  # type: ignore[no-any-return]
    except (OSError, ValueError, TypeError, KeyError, yaml.YAMLError) as error:
        raise _refused(file, "cannot be read") from error


def _refused(file: Path, reason: str) -> RunError:
    return RunError(f"{file}: {reason}; repeat the command that began the sweep, with its hydra.sweep.dir")
