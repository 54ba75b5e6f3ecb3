"""What a run says: plain lines on stderr, and all of it in the run's own run.log."""

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

# True of seqlab by design, so no news to its users: metrics are equal on all ranks before they are logged,
# the loader slices resident arrays and wants no workers, last.ckpt is meant to be overwritten, a machine that
# has Slurm may train without it.
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
    """A run.log whose disk may be full: who else writes there will say so, once and in a line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Leave the line out."""


class _Lines(logging.Formatter):
    """The message alone, or "warning: message"."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage().strip()
        return printable(
            message if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {message}"
        )


class _DatedLines(logging.Formatter):
    """Time, level and message; ``cat run.log`` shows it in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def configure(verbosity: str) -> None:
    """Send the loggers of a run to stderr, and keep what they say until run.log is open.

    Args:
        verbosity: "quiet" (warnings), "normal", or "debug" (Lightning's own messages too).
    """
    console = logging.StreamHandler()
    console.setFormatter(_Lines())
    # The other processes of a DDP run would only repeat the first one.
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
def run_log(path: Path) -> Iterator[None]:
    """Append everything that is logged, from ``configure`` on, to ``path`` with its time."""
    handler = _RunLog(path, encoding="utf-8")
    handler.setFormatter(_DatedLines("%(asctime)s %(levelname)s %(message)s"))
    _early.setTarget(handler)
    _early.flush()
    _early.setTarget(None)  # what another run says early is not this run's
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for logger in loggers:
        logger.removeHandler(_early)
        logger.addHandler(handler)
    try:
        yield
    except BaseException:
        # Into the file alone: the command prints one line.
        handler.handle(logging.makeLogRecord({"levelname": "ERROR", "msg": traceback.format_exc()}))
        raise
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
