"""Bounds for the memory of baselines: of too many samples they use every n-th."""

import logging

import torch
from torch import Tensor

log = logging.getLogger(__name__)

MOST_VALUES = 2**24
"""Maximum number of values in memory that a baseline predicts or is fitted to."""


def every_nth(count: int, most: int) -> Tensor:
    """Return the numbers of at most ``most`` of ``count`` samples, evenly spaced."""
    return torch.arange(0, count, max(-(-count // max(most, 1)), 1))


def thinned(count: int, most: int, what: str) -> Tensor:
    """Return the numbers of at most ``most`` of ``count`` samples, with a message if they are not all.

    Args:
        count: the number of samples.
        most: the number that is enough, or that memory is enough for.
        what: what is done with the samples, for the message.
    """
    ids = every_nth(count, most)
    if len(ids) < count:
        log.info("%s %s of %s samples, evenly spread", what, f"{len(ids):,}", f"{count:,}")
    return ids


def spread(count: int, each: int, what: str) -> Tensor:
    """Return the numbers of as many samples as fit into memory, with a message if not all do.

    Args:
        count: the number of samples.
        each: the number of values of a sample.
        what: what is done with the samples, for the message.
    """
    return thinned(count, MOST_VALUES // each, f"baselines {what}")


def scattered(count: int, most: int, what: str) -> Tensor:
    """Return the numbers of at most ``most`` of ``count`` samples, with a message if they are not all.

    They are one of each of ``most`` equal blocks, at random but always the same: every n-th hour could always
    be one of the same few of a day.

    Args:
        count: the number of samples.
        most: the number that is enough.
        what: what is done with the samples, for the message.
    """
    if count <= most:
        return torch.arange(count)
    log.info("%s %s of %s samples, one at random of each block", what, f"{most:,}", f"{count:,}")
    borders = torch.arange(most + 1) * count // most
    random = torch.rand(most, generator=torch.Generator().manual_seed(0))
    return borders[:-1] + (random * borders.diff()).long()
