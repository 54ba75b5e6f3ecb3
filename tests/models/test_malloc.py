"""Large blocks are used again once a training has begun: the system clears no pages for them."""

import ctypes
import resource
import sys

import pytest
import torch

from seqlab.models.malloc import keep_large_blocks

LARGE = 10 * 2**20
"""Numbers of a block of 40 MiB, or some ten thousand pages."""


@pytest.fixture(autouse=True)
def glibc():
    if sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
        pytest.skip("this system has no glibc")
    keep_large_blocks(32 * 2**20)  # its own limit
    yield
    keep_large_blocks()


def pages_cleared() -> int:
    """Return how many pages the system clears for a block of a size that was freed before."""
    torch.ones(LARGE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(LARGE)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_large_block_is_used_again_after_a_training_has_begun(trained):
    few = ("data=names", "data.source=sample", "trainer.max_epochs=1", "trainer.limit_train_batches=1")
    assert pages_cleared() > 5000
    trained(*few, "callbacks=none", "task.baselines=false")
    assert pages_cleared() < 500
