"""What a run leaves behind: a folder, and in it run.json, which says what happened."""

import errno
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seqlab.errors import RunError, SeqlabError, StorageError
from seqlab.files import DRAFT, replacing, sweep_drafts
from seqlab.record import FORMAT
from seqlab.runs.place import FOLDER_VARIABLE, unwritable

CONFIG, RECORD, LOCK = "config.yaml", "run.json", ".lock"
"""Files of a run folder: those that are there as soon as a run has begun."""

RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
"""Environment variables that tell a process its number in its run: torchrun's, Slurm's, Lightning's."""

PATIENCE = 120.0
"""Seconds that the other processes of a run wait for its folder."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a disk that takes no more."""

ENDINGS = ("status", "ended", "error", "pruned")
"""What a record says of an end that a continued run takes back."""


class RunFolder:
    """``outputs/<name>/<time>-<id>/`` and the record in its run.json. Only rank 0 writes there.

    Args:
        path: the folder; ``running`` makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.writes = FOLDER_VARIABLE not in os.environ and _rank() == 0
        self.record: dict[str, Any] = {}

    @contextmanager
    def running(
        self, *, goes_on: bool = False, leave_settings: Callable[[Path], None] | None = None
    ) -> Iterator[None]:
        """Keep ``status`` and times in run.json: running, then done, interrupted or failed.

        Meanwhile no other run can use the folder, and processes that the body starts find it in their
        environment.

        Args:
            goes_on: whether to keep what an earlier attempt has left there.
            leave_settings: writes config.yaml, given its path; called before there is a run.json, so that
                a run which is killed at any instant later is known by its settings.

        Raises:
            RunError: the folder cannot be made, another run uses it, or a finished one would be lost.
            StorageError: the disk has got full.
        """
        if goes_on:
            self.take_up()
        if not self.writes:
            self._wait()
            yield
            return
        with self._locked():
            self._clear(goes_on=goes_on)
            if leave_settings:
                leave_settings(self.path / CONFIG)
            start = datetime.now(UTC)
            times = {"started": self.record.get("started") or start.isoformat(timespec="seconds")}
            self.write(format=FORMAT, status="running", **times, pid=os.getpid(), host=platform.node())
            os.environ[FOLDER_VARIABLE] = str(self.path)
            try:
                with _full_disk_told(self.path):
                    yield
            except (KeyboardInterrupt, SystemExit):
                self._end("interrupted", start)
                raise
            except BaseException as error:
                message = str(error) if isinstance(error, SeqlabError) else f"{type(error).__name__}: {error}"
                with suppress(OSError):  # of the two errors the first one counts
                    self._end("failed", start, error=message)
                raise
            else:
                self._end("done", start)
            finally:
                del os.environ[FOLDER_VARIABLE]

    def take_up(self) -> None:
        """Begin with the record of an earlier attempt, but for what it says of its end."""
        self.record = {name: value for name, value in recorded(self.path).items() if name not in ENDINGS}

    def is_used(self) -> bool:
        """Return whether a run is using the folder at this moment."""
        try:
            with FileLock(self.path / LOCK, timeout=0):
                return False
        except Timeout:
            return True

    def is_unused(self) -> bool:
        """Return whether a run was killed when it had made the folder, and had not yet begun there."""
        names = {path.name for path in self.path.iterdir()} if self.path.is_dir() else set()
        return LOCK in names and all(name in (LOCK, CONFIG) or DRAFT in name for name in names)

    def write(self, **fields: Any) -> None:
        """Add fields to run.json, which is replaced as a whole."""
        self.record |= fields
        if not self.writes:
            return
        with replacing(self.path / RECORD) as draft:
            draft.write_text(json.dumps(self.record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def _wait(self) -> None:
        """Wait until rank 0 has made the folder."""
        end = time.monotonic() + PATIENCE
        while not self.path.is_dir():
            if time.monotonic() > end:
                raise RunError(
                    f"{self.path} was not made by the first process of the run within {PATIENCE:.0f} s"
                )
            time.sleep(0.05)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # The system gives the lock of a dead process back.
        lock = FileLock(self.path / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            found = recorded(self.path)
            who = f"process {found.get('pid')} on {found.get('host')}"
            raise RunError(f"{self.path} is in use: {who} is training there; wait, or stop it") from error
        except OSError as error:
            raise unwritable(self.path, error) from error
        try:
            yield
        finally:
            lock.release()

    def _clear(self, *, goes_on: bool) -> None:
        if goes_on:
            sweep_drafts(self.path)
            sweep_drafts(self.checkpoints)
            return
        if recorded(self.path).get("status") == "done":
            raise RunError(f"{self.path} holds a finished run; name another folder, or remove it")
        for path in self.path.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in (
                CONFIG,
                RECORD,
                LOCK,
            ):  # the first two are replaced, without a moment between
                path.unlink()

    def _end(self, status: str, start: datetime, **fields: Any) -> None:
        end = datetime.now(UTC)
        seconds = round(self.record.get("seconds", 0) + (end - start).total_seconds(), 2)
        self.write(status=status, ended=end.isoformat(timespec="seconds"), seconds=seconds, **fields)

    @property
    def checkpoints(self) -> Path:
        """Where best.ckpt and last.ckpt are."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        """Where the run stands."""
        return self.checkpoints / "last.ckpt"

    @property
    def figures(self) -> Path:
        """Where the PNG files are."""
        return self.path / "figures"

    @property
    def metrics(self) -> Path:
        """The append-only record of all metrics."""
        return self.path / "metrics.jsonl"

    @property
    def diagnostics(self) -> Path:
        """What was measured of gradient flow, gates and memory."""
        return self.path / "diagnostics.json"


def recorded(path: Path) -> dict[str, Any]:
    """Return the record in a run folder, empty as long as there is none that can be read."""
    try:
        found: dict[str, Any] = json.loads((path / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def read_history(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return (epoch, value) points by metric from a metrics.jsonl, last value of an epoch."""
    points: dict[str, dict[int, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        row: Mapping[str, Any] = json.loads(line)
        for name, value in row.items():
            if name not in ("step", "epoch") and "epoch" in row:
                points.setdefault(name, {})[int(row["epoch"])] = value
    return {name: sorted(values.items()) for name, values in points.items()}


@contextmanager
def _full_disk_told(path: Path) -> Iterator[None]:
    """Say in a line that the disk of a run folder is full, whatever was being written there."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise StorageError(
            f"cannot write to {path}: {error.strerror}; what was saved before is whole; make room, then "
            f"seqlab train resume={path} goes on"
        ) from error


def _rank() -> int:
    return int(next((os.environ[name] for name in RANKS if name in os.environ), "0"))
