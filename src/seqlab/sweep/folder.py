"""The folder of a sweep: resolved once, never someone else's, and used by one sweep at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from omegaconf import DictConfig, read_write

from seqlab.errors import ConfigError
from seqlab.io.files import resolved
from seqlab.io.override import quoted
from seqlab.runs.claim import first_entry
from seqlab.runs.paths import unwritable
from seqlab.sweep.resume import is_sweep

LOCK = ".sweep.lock"
"""The lock file in a sweep's folder; always empty."""


def resolve_folder(config: DictConfig) -> None:
    """Resolve the folder of a sweep and of its jobs, which must be new, empty, or the folder of a sweep.

    Launchers call this in ``setup``, before Hydra, a search or a job writes there.

    Args:
        config: the configuration of the sweep; its ``hydra.sweep.dir`` becomes the resolved path.

    Raises:
        SeqlabError: the folder contains something else.
    """
    folder = resolved(config.hydra.sweep.dir)
    found = first_entry(folder, LOCK)
    if found is not None and not is_sweep(folder):
        raise ConfigError(
            f"hydra.sweep.dir={folder} contains {found.name!r} and is not a sweep of seqlab; "
            "set it to a new or empty folder"
        )
    with read_write(config.hydra):
        config.hydra.sweep.dir = str(folder)
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted(str(folder))}")


@contextmanager
def claimed(folder: Path, lock_name: str = LOCK) -> Iterator[None]:
    """Lock a sweep's folder, created if necessary, against other sweeps.

    Args:
        folder: the folder, as resolved by ``resolve_folder``.
        lock_name: the name of the lock file; a search has its own, and its launches take the usual one.

    Raises:
        ConfigError: another process holds the lock.
        RunError: the folder cannot be written.
    """
    lock = FileLock(folder / lock_name)  # the system releases the lock of a dead process
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"a sweep is running in {folder}; wait until it ends, or set another hydra.sweep.dir"
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()
