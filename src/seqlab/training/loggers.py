"""Loggers: metrics.jsonl (append-only, one JSON object per line), a CSV table, TensorBoard, and services."""

import json
import math
import os
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from seqlab.registry.catalog import register_logger
from seqlab.runs.claim import METRICS
from seqlab.runs.paths import storage_error
from seqlab.runs.table import Table


class _RunFileLogger(Logger):
    """A logger with one file in the run folder, beside config.yaml."""

    @property
    def version(self) -> int:
        """There is one per run."""
        return 0

    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Do nothing: config.yaml has them."""


class MetricsFile(_RunFileLogger):
    """Appends metrics to a file, a JSON object per line.

    Args:
        path: the file; created with the first line.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    @property
    def name(self) -> str:
        """The name of this logger in Lightning."""
        return "metrics"

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Append a line with the step and the metrics; a value that is not finite becomes null."""
        row = {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
        if "epoch" in row:
            row["epoch"] = int(metrics["epoch"])
        line = json.dumps({"step": step} | row) + "\n"
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise storage_error(self.path.parent, self.path, error) from error

    @rank_zero_only
    def sync(self) -> int:
        """Write all lines to the disk; return the size of the file in bytes."""
        with self.path.open("ab") as file:
            os.fsync(file.fileno())
            return file.tell()

    @rank_zero_only
    def truncate(self, size: int) -> None:
        """Remove the lines after the first ``size`` bytes: the resumed run writes them again."""
        with self.path.open("ab") as file:
            file.truncate(size)


@register_logger("csv")
class CsvTable(_RunFileLogger):
    """``csv/metrics.csv`` in the run folder: metrics.jsonl as a table, up to date at every checkpoint.

    Args:
        folder: the run folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.table = Table(folder / "csv" / "metrics.csv", folder / METRICS)

    @property
    def name(self) -> str:
        """The name of this logger in Lightning."""
        return "csv"

    @rank_zero_only
    def save(self) -> None:
        """Update the table."""
        if self.table.source.exists():
            self.table.update()

    @rank_zero_only
    def finalize(self, status: str) -> None:  # noqa: ARG002
        """Update the table when training or testing has ended."""
        self.save()

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Do nothing: metrics.jsonl has them."""


POINTS = ("test/", "balanced/")
"""Prefixes of scores that are measured once."""
FIRST = {
    "name": "1 model",
    "model.cell": "2 cell",
    "model.hidden_size": "3 hidden size",
    "optimizer.lr": "4 learning rate",
}
"""Settings by which runs are told apart; TensorBoard sorts all by name, so these have numbers."""


@register_logger("tensorboard")
class TensorBoard(TensorBoardLogger):
    """Event files in the run folder: curves, figures, hyper-parameters beside the final scores.

    TensorBoard calls a run by the folder of these files, ``names-lstm/2026-11-30_04-40-16-5157a7``.

    Args:
        folder: the run folder.
        at_step: the step at which the run is resumed; later entries are purged, and logged again.
    """

    def __init__(self, folder: Path, at_step: int = 0) -> None:
        super().__init__(folder, name="", version="", default_hp_metric=False, purge_step=at_step or None)

    def log_hyperparams(self, params: Any, metrics: Any = None, step: int | None = None) -> None:
        """Log the settings, those in ``FIRST`` under the name there."""
        super().log_hyperparams({FIRST.get(key, key): value for key, value in params.items()}, metrics, step)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log what makes curves; scores of testing, a single point each, are beside the hyper-parameters."""
        curves = {name: value for name, value in metrics.items() if not name.startswith(POINTS)}
        if curves.keys() != {"epoch"}:
            super().log_metrics(curves, step)

    @rank_zero_only
    def save(self) -> None:
        """Write what is logged so far, and no hparams.yaml: config.yaml has the settings."""
        self.experiment.flush()


@contextmanager
def services_told(loggers: Sequence[Logger]) -> Iterator[None]:
    """Tell MLflow and Weights & Biases that the run goes on, and how it ends: finished, failed or stopped.

    Lightning tells the first when the training ends, and leaves the second with a run that is never finished,
    which the next run of the same process would take for its own.
    """
    for logger in loggers:
        if isinstance(logger, MLFlowLogger):
            logger.experiment.update_run(logger.run_id, status="RUNNING")
    status, code = "FAILED", 1
    try:
        yield
        status, code = "FINISHED", 0
    except (KeyboardInterrupt, SystemExit):
        status = "KILLED"
        raise
    finally:
        for logger in loggers:
            if isinstance(logger, MLFlowLogger):
                logger.finalize(status)
            elif isinstance(logger, WandbLogger):
                logger.experiment.finish(code)
