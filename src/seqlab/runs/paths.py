"""Where a run goes: the name of its folder, and whether it can be made there."""

import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from seqlab.errors import RunError

FOLDER_VARIABLE = "SEQLAB_RUN_FOLDER"
"""Environment variable through which the processes of one run share its folder."""


def shared_path() -> Path | None:
    """Return the run folder that this process shares with the one that has started it, if there is one."""
    shared = os.environ.get(FOLDER_VARIABLE)
    return Path(shared) if shared else None


def new_path(output_dir: str, name: str) -> Path:
    """Return the folder of a new run: one of its own, which processes that Slurm starts together share."""
    job = [os.environ.get(f"SLURM_{part}") for part in ("JOB_ID", "STEP_ID")]
    if all(job) and os.environ.get("SLURM_NTASKS", "1") != "1":  # processes that Slurm itself has started
        stamp = f"slurm-{'.'.join(map(str, job))}"
    else:
        stamp = f"{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}-{token()}"
    return Path(output_dir) / name / stamp


def token() -> str:
    """Return what tells two folders of the same second apart."""
    return secrets.token_hex(3)


def default_name(choices: Mapping[str, str]) -> str:
    """Return what a run is called that was given no name, by the files that were chosen for it."""
    return choices.get("experiment") or f"{choices['data']}-{choices['model']}"


def check_writable(folder: Path) -> None:
    """Make the folder below which a run goes, before any data is read.

    Args:
        folder: as ``resolved`` returns it.

    Raises:
        RunError: it cannot be made or written.
    """
    probe = folder / f".seqlab-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise unwritable(folder, error) from error


def unwritable(path: Path, error: OSError) -> RunError:
    """Return the error that says that a folder cannot be written, and what to do."""
    reason = error.strerror or str(error)
    return RunError(f"cannot write to {path}: {reason}; set paths.output_dir to a folder of yours")
