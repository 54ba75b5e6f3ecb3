# ruff: noqa: PLC0415
"""Ending a command: an error becomes one or two lines and an exit code."""

import os
import select
import sys
from collections.abc import Callable, Sequence

WRONG_INPUT, FAILED, CTRL_C = 2, 1, 130

TRACE_HINT = "SEQLAB_DEBUG=1 shows where"
"""What follows an error that is not explained."""


def guarded(action: Callable[[], object], arguments: Sequence[str]) -> int:
    """Run a command; turn any error into one or two lines and an exit code."""
    debugging = bool(os.environ.get("SEQLAB_DEBUG"))
    try:
        action()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return complain("stopped by Ctrl-C", code=CTRL_C)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _nobody_reads():
            return FAILED  # as rich does
        if debugging:
            raise
        from seqlab.config import error_report

        found = error_report.explain(error, arguments)
        if found:
            return complain(*found, code=getattr(error, "exit_code", WRONG_INPUT))
        reason = str(error).strip().split("\n", 1)[0]
        return complain(f"the run failed: {type(error).__name__}: {reason}", TRACE_HINT, code=FAILED)
    return 0


def _nobody_reads() -> bool:
    """Return whether the reader of stdout has exited, such as ``head``; then discard further output."""
    output = select.poll()
    output.register(sys.stdout, 0)
    if not output.poll(0):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def complain(*lines: str, code: int = WRONG_INPUT) -> int:
    """Print error messages on stderr; return the exit code."""
    from seqlab.io.terminal import tell

    for line in lines:
        tell(f"seqlab: {line}")
    return code
