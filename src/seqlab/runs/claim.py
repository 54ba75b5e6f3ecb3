"""Whether a folder is empty, a run folder, or has other files, which are never removed or replaced."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seqlab.errors import RunError
from seqlab.io.files import DRAFT_NAME, sweep_drafts
from seqlab.io.safe_read import UnreadableError, parse_json, read_text, read_yaml
from seqlab.runs.record import recorded

DIED = "died"
"""What is shown in place of "running" for a run whose process is gone; a killed process cannot write it."""

STATUSES = ("running", "done", "interrupted", "failed")
"""The values of a record's status."""

LOCK = ".lock"
"""The lock file in a run folder; always empty."""

CONFIG = "config.yaml"
"""The file with a run's settings, which is written before the record."""

SECTIONS = {"engine", "model", "data", "task", "optimizer"}
"""Some of the settings that every run has."""

METRICS = "metrics.jsonl"
"""The file in a run folder with all metrics that were logged."""

ATTEMPT = (
    "run.log",
    METRICS,
    "diagnostics.json",
    "checkpoints/best.ckpt",
    "checkpoints/best.safetensors",
    "checkpoints/best.json",
    "events.out.tfevents.*",
    "csv/metrics.csv",
    "csv/hparams.yaml",
)
"""The files that a run writes before its first last.ckpt; starting again removes only these.

The settings and the record are replaced atomically.
"""


def is_run(record: Mapping[str, Any]) -> bool:
    """Return whether a run.json is one of seqlab; other programs may write a file of that name."""
    return record.get("status") in STATUSES and ("format" in record or "overrides" in record)


def is_used(folder: Path) -> bool:
    """Return whether a process is using a run folder at this moment; True also where nobody can tell."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except (Timeout, OSError):  # OSError: another user's folder
        return True


def status_of(folder: Path, record: Mapping[str, Any]) -> str:
    """Return the status in a record, or ``DIED`` if it says "running" and the run's process is gone.

    The record of a sweep's job that has not started yet names no process.
    """
    status = str(record.get("status", ""))
    return DIED if status == "running" and "pid" in record and not is_used(folder) else status


def is_unused(folder: Path) -> bool:
    """Return whether a folder was made by a run that was killed before it wrote its record."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    ours = (name in (LOCK, CONFIG) or DRAFT_NAME.fullmatch(name) for name in names)
    return LOCK in names and (folder / LOCK).stat().st_size == 0 and all(ours) and _has_settings(folder)


def _has_settings(folder: Path) -> bool:
    """Return whether config.yaml is missing, or contains the settings of a run."""
    try:
        found = read_yaml(folder / CONFIG) if (folder / CONFIG).exists() else dict.fromkeys(SECTIONS)
    except UnreadableError:
        return False
    return isinstance(found, dict) and set(found) >= SECTIONS


def has_checkpoint(folder: Path) -> bool:
    """Return whether a run folder contains weights that would be lost with it."""
    names = ("best.safetensors", "best.ckpt", "last.ckpt")
    return any((folder / "checkpoints" / name).exists() for name in names)


def first_entry(folder: Path, lock: str = LOCK) -> Path | None:
    """Return the first entry of a folder other than an empty lock file; None if there is none or no folder.

    Raises:
        RunError: it is not a folder, or cannot be read.
    """
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"{folder}: {error.strerror}; choose a new or empty folder of yours") from error
    return next((path for path in entries if path.name != lock or path.stat().st_size), None)


def refuse_foreign(folder: Path) -> None:
    """Refuse a folder that is neither new nor empty nor a run folder.

    Raises:
        RunError: it contains other files.
    """
    found = first_entry(folder)
    if found is not None and not is_run(recorded(folder)) and not is_unused(folder):
        raise RunError(
            f"{folder} contains {found.name!r} and is not a run of seqlab; choose a new or empty folder"
        )


def _has_trained(folder: Path) -> bool:
    """Return whether a run has finished its first epoch, after which it writes last.ckpt."""
    try:
        lines = read_text(folder / METRICS).splitlines()
    except UnreadableError:
        return False
    for line in lines:
        with suppress(UnreadableError):  # the last line may be incomplete after a kill
            row = parse_json(line)
            if isinstance(row, dict) and row.get("epoch"):
                return True
    return False


def clear_attempt(folder: Path) -> None:
    """Remove the files of a run that ended before its first checkpoint, so that it can start again.

    Raises:
        RunError: the folder contains other files, or a run that would be lost.
    """
    refuse_foreign(folder)
    if recorded(folder).get("status") == "done":
        raise RunError(f"{folder} contains a finished run; choose another folder, or remove it")
    if (folder / "checkpoints" / "last.ckpt").exists():
        raise RunError(
            f"{folder} contains an unfinished run; resume it: seqlab train resume={folder}; "
            "or choose another folder"
        )
    if has_checkpoint(folder) and _has_trained(folder):
        raise RunError(
            f"{folder}: checkpoints/last.ckpt is missing, so the run cannot be resumed, and starting again "
            "would remove its best weights; restore last.ckpt, or choose another folder"
        )
    sweep_drafts(folder)
    for pattern in ATTEMPT:
        for file in folder.glob(pattern):
            file.unlink()
