"""The run folder, with the record of the run in run.json."""

import errno
import json
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from seqlab.errors import RunError, SeqlabError
from seqlab.io.files import replacing, resolved, sweep_drafts
from seqlab.runs.claim import CONFIG, LOCK, METRICS, clear_attempt, is_used, refuse_foreign
from seqlab.runs.paths import FOLDER_VARIABLE, storage_error, unwritable
from seqlab.runs.record import FORMAT, RECORD, recorded

RANKS = ("RANK", "SLURM_PROCID", "LOCAL_RANK")
"""Environment variables with the rank of a process: torchrun's, Slurm's, Lightning's."""

PATIENCE = 120.0
"""Seconds that the other processes of a run wait for its folder."""

GLANCE = 0.2
"""Seconds that a run waits for the lock of its folder, which a report takes to see whether it is free."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a full disk."""

ENDINGS = ("status", "ended", "error", "pruned")
"""The fields of a record about the end of a run, which a resumed run removes."""


class RunFolder:
    """``outputs/<name>/<time>-<id>/`` and the record in its run.json. Only rank 0 writes there.

    Args:
        path: the folder; ``running`` makes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = resolved(path)
        self.writes = FOLDER_VARIABLE not in os.environ and _rank() == 0
        self.record: dict[str, Any] = {}
        self._deferred: list[Callable[[], None]] | None = None
        self._start = datetime.now(UTC)

    @contextmanager
    def running(
        self, *, resume: bool = False, save_settings: Callable[[Path], None] | None = None
    ) -> Iterator[None]:
        """Record status and times in run.json: running, then done, interrupted or failed.

        The record of a finished run does not change until the run trains further or finishes again. Within
        the context no other run can use the folder, and child processes find its path in their environment.

        Args:
            resume: whether to keep the files of an earlier attempt.
            save_settings: writes config.yaml, given its path; called before run.json is written, so that a
                run that is killed at any later moment has its settings.

        Raises:
            RunError: the folder cannot be made, another run uses it, or its files would be lost.
            StorageError: the disk is full, or somebody has removed the folder.
        """
        if resume:
            self.restore_record()
        if not self.writes:
            self._wait()
            yield
            return
        with self._locked():
            self._clear(resume=resume)
            if save_settings:
                save_settings(self.path / CONFIG)
            self._start = datetime.now(UTC)
            times = {"started": self.record.get("started") or self._start.isoformat(timespec="seconds")}
            status = {} if self.is_done else {"status": "running"}
            self.write(format=FORMAT, **status, **times, pid=os.getpid(), host=platform.node())
            os.environ[FOLDER_VARIABLE] = str(self.path)
            try:
                with _loss_reported(self.path):
                    yield
            except (KeyboardInterrupt, SystemExit):
                self._end("interrupted")
                raise
            except BaseException as error:
                message = str(error) if isinstance(error, SeqlabError) else f"{type(error).__name__}: {error}"
                with suppress(OSError):  # the first of the two errors is reported
                    self._end("failed", error=message)
                raise
            else:
                self._end("done")
            finally:
                del os.environ[FOLDER_VARIABLE]

    def restore_record(self) -> None:
        """Start from the record of an earlier attempt, without its end unless the run is done."""
        self.record = recorded(self.path)
        if self.is_done:
            self._deferred = []
        else:
            self._forget_end()

    @property
    def is_done(self) -> bool:
        """Whether the record says that the run is done."""
        return self.record.get("status") == "done"

    def mark_training(self) -> None:
        """Record that the run trains: a finished run is unfinished from now on."""
        if self._deferred is not None:
            self._forget_end()
            self.record["status"] = "running"
            self._run_deferred()

    def defer_if_done(self, action: Callable[[], None]) -> None:
        """Call a function now, or, if the run is done, when it trains further or finishes again."""
        if not self.writes:
            return
        if self._deferred is None:
            action()
        else:
            self._deferred.append(action)

    def is_used(self) -> bool:
        """Return whether a run is using the folder at this moment."""
        return is_used(self.path)

    def write(self, **fields: Any) -> None:
        """Add fields to run.json, which is replaced atomically."""
        self.record |= fields
        self.defer_if_done(self._save)

    def _save(self) -> None:
        with replacing(self.path / RECORD) as draft:
            draft.write_text(json.dumps(self.record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def _forget_end(self) -> None:
        for name in ENDINGS:
            self.record.pop(name, None)

    def _run_deferred(self) -> None:
        actions, self._deferred = self._deferred or [], None
        for action in actions:
            action()

    def _wait(self) -> None:
        """Wait until rank 0 has claimed the folder; files written earlier would look foreign."""
        end = time.monotonic() + PATIENCE
        while not (self.path / RECORD).exists():
            if time.monotonic() > end:
                raise RunError(
                    f"{self.path} was not created by the first process of the run within {PATIENCE:.0f} s"
                )
            time.sleep(0.05)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        refuse_foreign(self.path)
        # The system releases the lock of a dead process.
        lock = FileLock(self.path / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=GLANCE)
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

    def _clear(self, *, resume: bool) -> None:
        if resume:
            sweep_drafts(self.path)
            sweep_drafts(self.checkpoints)
            return
        clear_attempt(self.path)

    def fail(self, reason: str) -> None:
        """Record that the run has failed, for a process that ends without leaving ``running``."""
        if self.writes:
            self._end("failed", error=reason)

    def _end(self, status: str, **fields: Any) -> None:
        if status == "done":
            self._run_deferred()
        end = datetime.now(UTC)
        seconds = round(self.record.get("seconds", 0) + (end - self._start).total_seconds(), 2)
        self.write(status=status, ended=end.isoformat(timespec="seconds"), seconds=seconds, **fields)

    @property
    def checkpoints(self) -> Path:
        """The folder of best.safetensors and last.ckpt."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        """The checkpoint from which the run resumes."""
        return self.checkpoints / "last.ckpt"

    @property
    def figures(self) -> Path:
        """The folder of the PNG files."""
        return self.path / "figures"

    @property
    def metrics(self) -> Path:
        """The append-only file with all metrics."""
        return self.path / METRICS

    @property
    def diagnostics(self) -> Path:
        """The file with gradient flow, gates and memory."""
        return self.path / "diagnostics.json"


def read_history(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the points (epoch, value) of each metric in a metrics.jsonl, the last value of each epoch."""
    points: dict[str, dict[int, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        row: Mapping[str, Any] = json.loads(line)
        for name, value in row.items():
            if name not in ("step", "epoch") and "epoch" in row:
                points.setdefault(name, {})[int(row["epoch"])] = value
    return {name: sorted(values.items()) for name, values in points.items()}


@contextmanager
def _loss_reported(path: Path) -> Iterator[None]:
    """Turn the error of a full disk, or of a folder that is gone, into a StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL and path.is_dir():
            raise
        raise storage_error(path, path, error) from error


def _rank() -> int:
    return int(next((os.environ[name] for name in RANKS if name in os.environ), "0"))
