"""Who is told what is measured: metrics.jsonl, one JSON object a line, append-only; a table; TensorBoard."""

import json
import math
import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

from seqlab.errors import StorageError
from seqlab.registry.catalog import register_logger
from seqlab.runs.claim import JOURNAL
from seqlab.runs.table import Table


class _OneARun(Logger):
    """A logger whose file lies in the run folder, beside config.yaml."""

    @property
    def version(self) -> int:
        """There is one a run."""
        return 0

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: config.yaml holds them."""


class Journal(_OneARun):
    """A Lightning logger that appends to a file.

    Args:
        path: the file; made at the first line.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    @property
    def name(self) -> str:
        """What Lightning calls this logger."""
        return "journal"

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append one line: the step, and the metrics; a value that is not a number becomes null."""
        row = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
        if "epoch" in row:
            row["epoch"] = int(metrics["epoch"])
        line = json.dumps({"step": step} | row) + "\n"
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise StorageError(
                f"cannot write {self.path}: {error.strerror}; free disk space, then resume the run"
            ) from error

    @rank_zero_only
    def sync(self) -> int:
        """Have all lines written to the disk; return the bytes of the file."""
        with self.path.open("ab") as file:
            os.fsync(file.fileno())
            return file.tell()

    @rank_zero_only
    def truncate(self, size: int) -> None:
        """Forget the lines after the first ``size`` bytes: they are written again."""
        with self.path.open("ab") as file:
            file.truncate(size)


@register_logger("csv")
class CsvTable(_OneARun):
    """``csv/metrics.csv`` in the run folder: metrics.jsonl as a table, up to date at every checkpoint.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.table = Table(folder / "csv" / "metrics.csv", folder / JOURNAL)

    @property
    def name(self) -> str:
        """What Lightning calls this logger."""
        return "csv"

    @rank_zero_only
    def save(self) -> None:
        """Bring the table up to date."""
        if self.table.journal.exists():
            self.table.update()

    @rank_zero_only
    def finalize(self, status: str) -> None:  # noqa: ARG002
        """Bring the table up to date, once a training or a test has ended, however it has."""
        self.save()

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Do nothing: the journal has them."""


@register_logger("tensorboard")
class TensorBoard(TensorBoardLogger):
    """``tensorboard/`` in the run folder.

    Args:
        folder: of the run.
        at_step: where the run goes on: what was written after the checkpoint is purged, and written again.
    """

    def __init__(self, folder: Path, at_step: int = 0) -> None:
        super().__init__(
            folder, "tensorboard", version="", default_hp_metric=False, purge_step=at_step or None
        )
