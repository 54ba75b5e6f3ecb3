"""metrics.jsonl: every logged metric, one JSON object a line, append-only."""

import json
import math
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from seqlab.errors import StorageError
from seqlab.runs.table import Table


class Journal(Logger):
    """A Lightning logger that appends to a file.

    Args:
        path: the file; made at the first line.
        table: a CSV file that is to hold the same; None for no such table.
    """

    def __init__(self, path: Path, table: Path | None = None) -> None:
        super().__init__()
        self.path = path
        self.table = Table(table, path) if table else None

    @property
    def name(self) -> str:
        """What Lightning calls this logger."""
        return "journal"

    @property
    def version(self) -> int:
        """There is one a run."""
        return 0

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append one line: the step, and the metrics; a value that is no number becomes null."""
        row = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
        if "epoch" in row:
            row["epoch"] = int(metrics["epoch"])
        line = json.dumps({"step": step} | row) + "\n"
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise StorageError(
                f"cannot write {self.path}: {error.strerror}; make room, then resume the run"
            ) from error

    @rank_zero_only
    def sync(self) -> int:
        """Have all lines written to the disk; return the bytes of the file."""
        with self.path.open("ab") as file:
            os.fsync(file.fileno())
            size = file.tell()
        if self.table:
            self.table.update()
        return size

    @rank_zero_only
    def truncate(self, size: int) -> None:
        """Forget the lines after the first ``size`` bytes: they are written again."""
        with self.path.open("ab") as file:
            file.truncate(size)

    @rank_zero_only
    def finalize(self, status: str) -> None:  # noqa: ARG002
        """Bring the table up to date, once a training or a test has ended, however it has."""
        if self.table and self.path.exists():
            self.table.update()

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: config.yaml holds them."""
