"""Signals that ask a run to stop: it finishes the batch, saves its state and exits with a code of its own."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name))
"""Ctrl-C, kill without -9, and Slurm's warning that the time limit is near."""


def exit_code(number: int) -> int:
    """Return the exit code of a run that was stopped by a signal: 130 for Ctrl-C, otherwise 143."""
    return 128 + (signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Let signals end this process in an orderly way while the body runs.

    Raises:
        KeyboardInterrupt: Ctrl-C has ended the body.
        SystemExit: another signal has.
    """
    before = {number: signal.getsignal(number) for number in STOPPING}
    end_at_once()
    try:
        yield
    except SystemExit as stop:
        # Lightning turns Ctrl-C into exit code 1.
        if stop.code != exit_code(signal.SIGTERM):
            raise KeyboardInterrupt from stop
        raise
    finally:
        for number, handler in before.items():
            _handle(number, handler)


def end_at_once() -> None:
    """Let signals end this process at once."""
    for number in STOPPING:
        _handle(number, _end)


class Request:
    """Whether a signal has asked the run to stop.

    Attributes:
        number: the number of the signal; 0 if there was none.
    """

    def __init__(self) -> None:
        self.number = 0

    def listen(self) -> None:
        """Record signals from now on; a second Ctrl-C ends the process at once."""
        for number in STOPPING:
            _handle(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        self.number = number


def _end(number: int, frame: FrameType | None) -> NoReturn:
    if number == signal.SIGINT:
        signal.default_int_handler(number, frame)
    raise SystemExit(exit_code(number))


def _handle(number: int, handler: Any) -> None:
    if threading.current_thread() is threading.main_thread():  # Python allows it only there
        signal.signal(number, handler)
