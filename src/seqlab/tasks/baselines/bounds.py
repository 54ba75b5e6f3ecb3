"""What a baseline may cost: of too many samples it takes every n-th, and says so."""

import logging

import torch
from torch import Tensor

log = logging.getLogger(__name__)

MOST_VALUES = 2**24
"""Numbers in memory of what a baseline predicts, or is fitted to, at most."""


def every_nth(count: int, most: int) -> Tensor:
    """Return the numbers of at most ``most`` samples, evenly spread over ``count``; all if they are few."""
    return torch.arange(0, count, max(-(-count // max(most, 1)), 1))


def spread(count: int, each: int, what: str) -> Tensor:
    """Return the numbers of the samples that fit into memory, and say how many those are if not all.

    Args:
        count: samples.
        each: numbers that a sample takes.
        what: what is done with the samples, for the message.
    """
    ids = every_nth(count, MOST_VALUES // each)
    if len(ids) < count:
        log.info("baselines %s %s of %s samples, evenly spread", what, f"{len(ids):,}", f"{count:,}")
    return ids
