"""The path of a run folder, and whether it can be written."""

import os
import secrets
import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from seqlab.errors import RunError, StorageError

FOLDER_VARIABLE = "SEQLAB_RUN_FOLDER"
"""Environment variable through which the processes of one run share its folder."""


def shared_path() -> Path | None:
    """Return the run folder that this process shares with its parent process, or None."""
    shared = os.environ.get(FOLDER_VARIABLE)
    return Path(shared) if shared else None


def new_path(output_dir: str, name: str) -> Path:
    """Return the folder of a new run; processes that Slurm starts together get the same."""
    job = [os.environ.get(f"SLURM_{part}") for part in ("JOB_ID", "STEP_ID")]
    if all(job) and os.environ.get("SLURM_NTASKS", "1") != "1":  # processes started by Slurm itself
        stamp = f"slurm-{'.'.join(map(str, job))}"
    else:
        stamp = f"{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}-{token()}"
    return Path(output_dir) / name / stamp


def token() -> str:
    """Return random characters that distinguish two folders of the same second."""
    return secrets.token_hex(3)


def default_name(choices: Mapping[str, str]) -> str:
    """Return the name of a run without ``name=``, from the chosen configuration files."""
    return choices.get("experiment") or f"{choices['data']}-{choices['model']}"


def check_writable(folder: Path) -> None:
    """Create the parent folder of a run, before any data are read.

    Args:
        folder: the folder, as returned by ``resolved``.

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
    """Return the error for a folder that cannot be written."""
    reason = error.strerror or str(error)
    return RunError(f"cannot write to {path}: {reason}; set paths.output_dir to a folder of yours")


def storage_error(folder: Path, what: Path, error: OSError) -> StorageError:
    """Return the error for a file that a run can no longer write.

    Args:
        folder: the run folder.
        what: the file, or the folder if it is not known which file it was.
        error: the system's error.
    """
    if not folder.is_dir():
        return StorageError(f"{folder} was removed while the run was writing there; run the command again")
    return StorageError(
        f"cannot write {'to ' * what.is_dir()}{what}: {error.strerror}; earlier files are intact; "
        f"free disk space, then run: seqlab train resume={shlex.quote(str(folder))}"
    )
