"""What a run leaves behind: a folder, and in it run.json, which says what happened."""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seqlab.errors import RunError, SeqlabError
from seqlab.record import FORMAT

FOLDER_VARIABLE = "SEQLAB_RUN_FOLDER"
"""Environment variable through which the processes of one run share its folder."""


class RunFolder:
    """``outputs/<name>/<time>-<id>/`` and the record in its run.json. Only rank 0 writes the record.

    Args:
        path: the folder, which exists.
        writes: whether this process keeps the record.
    """

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        self.path, self.writes = path, writes
        self.record: dict[str, Any] = {}

    @classmethod
    def create(cls, output_dir: str, name: str) -> "RunFolder":
        """Make a new folder; or join the one that rank 0 of this run has made.

        Raises:
            RunError: the folder cannot be made.
        """
        shared = os.environ.get(FOLDER_VARIABLE)
        if shared is not None:
            return cls(Path(shared), writes=False)
        stamp = datetime.now().astimezone().strftime("%Y-%m-%d_%H-%M-%S")
        path = Path(output_dir).expanduser().absolute() / name / f"{stamp}-{secrets.token_hex(3)}"
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise _unwritable(path, error) from error
        return cls(path)

    @classmethod
    def at(cls, path: Path) -> "RunFolder":
        """Make ``path`` a run folder in place of what an earlier attempt left there; or join it, as above.

        Raises:
            RunError: the folder cannot be made.
        """
        if FOLDER_VARIABLE in os.environ:
            return cls(path, writes=False)
        try:
            if path.exists():
                shutil.rmtree(path)
            path.mkdir(parents=True)
        except OSError as error:
            raise _unwritable(path, error) from error
        return cls(path)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keep ``status`` and times in run.json: running, then done, interrupted or failed.

        Other processes that the body starts find the folder in their environment.
        """
        start = datetime.now(UTC)
        os.environ[FOLDER_VARIABLE] = str(self.path)
        started = start.isoformat(timespec="seconds")
        self.write(format=FORMAT, status="running", started=started, pid=os.getpid())
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            self._end("interrupted", start)
            raise
        except BaseException as error:
            message = str(error) if isinstance(error, SeqlabError) else f"{type(error).__name__}: {error}"
            self._end("failed", start, error=message)
            raise
        else:
            self._end("done", start)
        finally:
            if self.writes:
                del os.environ[FOLDER_VARIABLE]

    def write(self, **fields: Any) -> None:
        """Add fields to run.json, which is replaced as a whole."""
        self.record |= fields
        if not self.writes:
            return
        draft = self.path / "run.json.tmp"
        draft.write_text(json.dumps(self.record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(self.path / "run.json")

    def _end(self, status: str, start: datetime, **fields: Any) -> None:
        end = datetime.now(UTC)
        seconds = round((end - start).total_seconds(), 2)
        self.write(status=status, ended=end.isoformat(timespec="seconds"), seconds=seconds, **fields)

    @property
    def checkpoints(self) -> Path:
        """Where best.ckpt and last.ckpt are."""
        return self.path / "checkpoints"

    @property
    def figures(self) -> Path:
        """Where the PNG files are."""
        return self.path / "figures"

    @property
    def metrics(self) -> Path:
        """The append-only record of all metrics."""
        return self.path / "metrics.jsonl"


def check_writable(output_dir: str) -> None:
    """Make the folder below which runs go, before any data is read.

    Raises:
        RunError: it cannot be made or written.
    """
    folder = Path(output_dir).expanduser().absolute()
    probe = folder / f".seqlab-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from error


def read_history(path: Path) -> dict[str, list[tuple[int, float]]]:
    """Return (epoch, value) points by metric from a metrics.jsonl, last value of an epoch."""
    points: dict[str, dict[int, float]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        row: Mapping[str, Any] = json.loads(line)
        for name, value in row.items():
            if name not in ("step", "epoch") and "epoch" in row:
                points.setdefault(name, {})[int(row["epoch"])] = value
    return {name: sorted(values.items()) for name, values in points.items()}


def _unwritable(path: Path, error: OSError) -> RunError:
    reason = error.strerror or str(error)
    return RunError(f"cannot write to {path}: {reason}; set paths.output_dir to a folder of yours")
