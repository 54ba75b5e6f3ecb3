"""The messages of a run: short lines on stderr, and everything in run.log."""

import logging
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from seqlab.io.terminal import printable

LOGGERS = ("seqlab", "lightning.pytorch", "lightning.fabric", "py.warnings")
LEVELS = {"quiet": logging.WARNING, "normal": logging.INFO, "debug": logging.DEBUG}

# Warnings that do not apply: metrics are equal on all ranks before they are logged, the loader slices arrays
# in memory and needs no workers, last.ckpt is overwritten on purpose, a machine with Slurm may not use it.
KNOWN = (
    ".*sync_dist=True.*",
    ".*does not have many workers.*",
    ".*exists and is not empty.*",
    ".*is smaller than the logging interval.*",
    ".*The `srun` command is available.*",
    ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",
)

_early = MemoryHandler(capacity=10_000, flushLevel=logging.CRITICAL + 1, flushOnClose=False)


class _RunLog(logging.FileHandler):
    """A run.log that ignores a full disk, which is reported once by other files."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Ignore the error."""


class _Lines(logging.Formatter):
    """Only the message, or "warning: message"."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage().strip()
        return printable(
            message if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {message}"
        )


class _DatedLines(logging.Formatter):
    """Time, level and message, safe to print in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def configure(verbosity: str) -> None:
    """Send the messages of a run to stderr, and keep them until run.log is open.

    Args:
        verbosity: "quiet" (warnings), "normal", or "debug" (also Lightning's messages).
    """
    console = logging.StreamHandler()
    console.setFormatter(_Lines())
    # The other processes of a DDP run would only repeat the messages of the first one.
    console.setLevel(LEVELS[verbosity] if not getattr(rank_zero_only, "rank", 0) else logging.ERROR)
    _early.buffer.clear()
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [console, _early]
        logger.propagate = False
        logger.setLevel(logging.INFO if name == "seqlab" else logging.WARNING)
        if verbosity == "debug":
            logger.setLevel(logging.DEBUG)
    logging.captureWarnings(capture=True)
    warnings.formatwarning = lambda message, *_args, **_kwargs: str(message)
    if verbosity != "debug":
        for pattern in KNOWN:
            warnings.filterwarnings("ignore", pattern)


@contextmanager
def kept() -> Iterator[None]:
    """Restore what ``configure`` has changed, so that a program's own messages are shown as before."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(one.handlers, one.propagate, one.level) for one in loggers]
    formatting, shown_by = warnings.formatwarning, warnings.showwarning
    try:
        with warnings.catch_warnings():
            try:
                yield
            finally:
                if warnings.showwarning is not shown_by:
                    logging.captureWarnings(capture=False)
    finally:
        for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        warnings.formatwarning = formatting


@contextmanager
def run_log(path: Path) -> Iterator[None]:
    """Append all messages since ``configure`` to ``path``, with their time."""
    handler = _RunLog(path, encoding="utf-8")
    handler.setFormatter(_DatedLines("%(asctime)s %(levelname)s %(message)s"))
    _early.setTarget(handler)
    _early.flush()
    _early.setTarget(None)  # early messages of another run do not belong here
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.removeHandler(_early)
        logger.addHandler(handler)
    try:
        yield
    except BaseException:
        # Only to the file: the command prints one line.
        handler.handle(logging.makeLogRecord({"levelname": "ERROR", "msg": traceback.format_exc()}))
        raise
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
