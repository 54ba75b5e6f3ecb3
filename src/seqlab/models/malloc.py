"""Large blocks of memory stay with the process from one training step to the next."""

import ctypes
import sys

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Parameters of mallopt(3): larger blocks are mapped anew, more free memory is given back to the system."""
LARGEST = 256 * 2**20
"""Bytes of the largest block that is kept; up to twice as much stays free at the end of the heap."""


def keep_large_blocks(largest: int = LARGEST) -> None:
    """Let glibc's malloc keep what is freed, for the next block; do nothing where it refuses, or is another.

    By itself it maps each block of more than 32 MiB anew, and the system clears every page of it: for the
    gradient of a large embedding, at each step (scripts/bench_malloc.py).

    Args:
        largest: bytes of the largest block that is kept.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None and mallopt(MMAP_THRESHOLD, largest):  # an older glibc allows 32 MiB
        mallopt(TRIM_THRESHOLD, 2 * largest)
