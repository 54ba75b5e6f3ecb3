"""Large blocks are used again once a training has begun: the system clears no pages for them."""

import ctypes
import subprocess
import sys

import pytest

from seqlab.models import lightning_module, malloc

from .small import loader_of, module_of, trainer_of

CHILD = """
import ctypes, resource, runpy, sys
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.memset.argtypes, libc.free.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t], [ctypes.c_void_p]

def use_a_block(size=40 * 2**20):
    block = libc.malloc(size)
    libc.memset(block, 1, size)
    libc.free(block)

if sys.argv[2] == "kept":
    runpy.run_path(sys.argv[1])["keep_large_blocks"]()
use_a_block()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use_a_block()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
"""A process of its own, since nothing takes back what another test has made of this one's memory."""


def pages_cleared(case: str) -> int:
    """Return how many pages the system clears for a block of 40 MiB when one has just been freed."""
    command = [sys.executable, "-c", CHILD, malloc.__file__, case]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"),
    reason="this system has no glibc",
)
def test_a_large_block_is_used_again_if_it_is_kept():
    assert pages_cleared("by itself") > 5000  # of ten thousand
    assert pages_cleared("kept") < 500


def test_a_training_keeps_large_blocks(monkeypatch):
    calls = []
    monkeypatch.setattr(lightning_module, "keep_large_blocks", lambda: calls.append("once"))
    trainer_of(epochs=2).fit(module_of(), loader_of(40), loader_of(40))
    assert calls == ["once"]
