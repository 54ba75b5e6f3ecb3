"""Numbers on their way from the device: what a training step tells, without waiting for it."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import torch
from torch import Tensor

About = TypeVar("About")

BEHIND = 8
"""Readings that may be on their way. It is a fixed number, so that every rank reads at the same step."""

WAITED_FOR = ("cpu", "mps")
"""Devices whose copies are there at once."""


class Readings(Generic[About]):
    """A queue of numbers that are copied from the device while training goes on.

    ``float(loss)`` waits until a GPU has done all that it was told, and the GPU then waits to be told more. A
    reading is looked at when ``BEHIND`` others have been sent after it, and by then it is there.

    Example:
        >>> readings = Readings[str]()
        >>> readings.send("step 0", torch.tensor(0.5), torch.tensor(2.0))
        >>> list(readings.due())
        [('step 0', (0.5, 2.0))]
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[About, Tensor, torch.cuda.Event | None]] = deque()

    def send(self, about: About, *numbers: Tensor) -> None:
        """Begin to copy some numbers, tensors without dimensions on one device, to the processor.

        Args:
            about: what they belong to; handed back with them.
            numbers: what is to be read.
        """
        together = torch.stack(numbers).detach()
        if together.device.type in WAITED_FOR:
            self._queue.append((about, together.cpu(), None))
            return
        copy = together.to("cpu", non_blocking=True)
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        self._queue.append((about, copy, event))

    def due(self) -> Iterator[tuple[About, tuple[float, ...]]]:
        """Take out, in order, all but the latest ``BEHIND`` readings; on the processor, all of them."""
        while self._queue and (self._queue[0][2] is None or len(self._queue) > BEHIND):
            yield self._take()

    def rest(self) -> Iterator[tuple[About, tuple[float, ...]]]:
        """Take out everything that was sent, and wait for it."""
        while self._queue:
            yield self._take()

    def _take(self) -> tuple[About, tuple[float, ...]]:
        about, copy, event = self._queue.popleft()
        if event is not None:
            event.synchronize()
        return about, tuple(copy.tolist())
