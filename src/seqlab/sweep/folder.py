"""The folder of a sweep: resolved once, never a stranger's, and of one sweep at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from omegaconf import DictConfig, read_write

from seqlab.config.hydra_syntax import quoted
from seqlab.errors import ConfigError
from seqlab.io.files import resolved
from seqlab.runs.claim import first_entry
from seqlab.runs.paths import unwritable
from seqlab.sweep.resume import is_sweep

LOCK = ".sweep.lock"
"""The file in a sweep's folder that keeps a second sweep out; always empty."""


def settle(config: DictConfig) -> None:
    """Let a sweep and all of its jobs mean one folder, which is new, empty, or a sweep's.

    Launchers call it when they are set up: before Hydra, a search or a job writes there.

    Args:
        config: of the sweep; its ``hydra.sweep.dir`` is resolved here, also for the jobs composed from it.

    Raises:
        SeqlabError: the folder holds something else.
    """
    folder = resolved(config.hydra.sweep.dir)
    found = first_entry(folder, LOCK)
    if found is not None and not is_sweep(folder):
        raise ConfigError(
            f"hydra.sweep.dir={folder} holds {found.name!r}, and no sweep of seqlab; "
            "set it to a folder that is new or empty"
        )
    with read_write(config.hydra):
        config.hydra.sweep.dir = str(folder)
        config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted(str(folder))}")


@contextmanager
def claimed(folder: Path, lock_name: str = LOCK) -> Iterator[None]:
    """Keep a sweep's folder, which is made if need be, from other sweeps.

    Args:
        folder: that ``settle`` has resolved.
        lock_name: a search has a lock of its own, within which its launches take theirs.

    Raises:
        ConfigError: another process has it.
        RunError: it cannot be written.
    """
    lock = FileLock(folder / lock_name)  # the system gives the lock of a dead process back
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"a sweep is under way in {folder}; wait for its end, or set another hydra.sweep.dir"
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()
