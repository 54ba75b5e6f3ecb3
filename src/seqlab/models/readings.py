"""Reading numbers of a training step from the device without waiting for it."""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import torch
from torch import Tensor

About = TypeVar("About")

PENDING = 8
"""Number of readings that are not waited for; fixed, so that every rank reads at the same step."""

SYNCHRONOUS = ("cpu", "mps")
"""Devices whose copies are complete at once."""


class Readings(Generic[About]):
    """A queue of numbers that are copied from the device while training continues.

    ``float(loss)`` waits until a GPU has finished all its work, and the GPU then waits for new work. A
    reading is used only after ``PENDING`` others were sent, when its copy is complete.

    Example:
        >>> readings = Readings[str]()
        >>> readings.send("step 0", torch.tensor(0.5), torch.tensor(2.0))
        >>> list(readings.due())
        [('step 0', (0.5, 2.0))]
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[About, Tensor, torch.cuda.Event | None]] = deque()

    def send(self, about: About, *numbers: Tensor) -> None:
        """Start copying some numbers, tensors without dimensions on one device, to the CPU.

        Args:
            about: an object that is returned with them.
            numbers: the numbers to read.
        """
        together = torch.stack(numbers).detach()
        if together.device.type in SYNCHRONOUS:
            self._queue.append((about, together.cpu(), None))
            return
        copy = together.to("cpu", non_blocking=True)
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        self._queue.append((about, copy, event))

    def due(self) -> Iterator[tuple[About, tuple[float, ...]]]:
        """Remove and yield, in order, all but the latest ``PENDING`` readings; on the CPU, all of them."""
        while self._queue and (self._queue[0][2] is None or len(self._queue) > PENDING):
            yield self._take()

    def rest(self) -> Iterator[tuple[About, tuple[float, ...]]]:
        """Remove and yield all readings, waiting for them."""
        while self._queue:
            yield self._take()

    def _take(self) -> tuple[About, tuple[float, ...]]:
        about, copy, event = self._queue.popleft()
        if event is not None:
            event.synchronize()
        return about, tuple(copy.tolist())
