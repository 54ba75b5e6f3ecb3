"""The loader of batches: samples sliced by index, in an order that depends on (seed, epoch, rank) alone."""

import math
from collections.abc import Iterator
from typing import Literal, Self, cast

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Batch, Samples, Streams

Order = Literal["sequential", "given", "shuffled", "balanced", "streams"]

POOL = 50
"""Batches in a pool: enough for a random order, while sorting by length within a pool saves padding."""


class BatchLoader:
    """The batches of an epoch for one rank.

    The order of an epoch's samples is random, by (seed, epoch) alone. It is cut into pools, sorted by length
    within each pool, cut into batches, and the batches are shuffled. So a run can be resumed at any batch.
    Every rank gets the same number of rows: missing ones are filled with rows of id −1.

    Lightning calls ``set_epoch`` on a loader's ``sampler``, and ``state_dict`` when it saves a checkpoint.

    Args:
        samples: the samples of a split.
        batch_size: rows in a batch of one rank.
        order: "sequential" (by length, for evaluation), "given" (as the samples are), "shuffled", or
            "balanced": as many draws as there are samples, uniform over classes and then over the samples of
            the class, with replacement; or "streams": as ``samples.in_streams`` says.
        seed: the order depends only on this and the epoch.
        rank: the number of this process, from 0.
        world_size: the number of processes.
    """

    batch_sampler = None

    def __init__(
        self,
        samples: Samples,
        batch_size: int,
        *,
        order: Order = "sequential",
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.samples, self.batch_size, self.order, self.seed = samples, batch_size, order, seed
        self.rank, self.world_size = rank, world_size
        self.epoch = 0
        self._handed_out = 0
        self._resume_at = 0

    @property
    def sampler(self) -> Self:
        """The loader itself: Lightning calls ``set_epoch`` on it."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Set the next epoch; a position in another epoch is discarded."""
        if epoch != self.epoch:
            self._handed_out = self._resume_at = 0
        self.epoch = epoch

    def __len__(self) -> int:
        if self.order == "streams":
            return len(self.batches())
        return math.ceil(len(self.samples) / (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[Batch]:
        start, self._resume_at = self._resume_at, 0
        self._handed_out = start
        for ids in self.batches()[start:]:
            self._handed_out += 1
            yield self.samples.batch(ids[self.rank :: self.world_size])
        self._handed_out = 0

    def batches(self) -> list[Tensor] | Tensor:
        """Return the epoch's batches over all ranks, as sample ids; world_size divides their sizes."""
        random = np.random.default_rng((self.seed, self.epoch))
        if self.order == "streams":
            streams = self.batch_size * self.world_size
            return cast("Streams", self.samples).in_streams(streams, self.world_size, random)
        order = self._draw(random)
        missing = -len(order) % self.world_size
        order = np.concatenate([order, np.full(missing, -1)])
        size = self.batch_size * self.world_size
        if self.order == "given":
            return list(torch.split(torch.from_numpy(order), size))
        pool = size * POOL if self.order != "sequential" else max(len(order), 1)
        # The filling rows sort last, so they are in the last batch of the last pool.
        lengths = self.samples.lengths.numpy()
        lengths = np.append(lengths, np.array([np.iinfo(lengths.dtype).max], lengths.dtype))[order]
        batches: list[Tensor] = []
        for first in range(0, len(order), pool):
            by_length = first + np.argsort(lengths[first : first + pool], kind="stable")
            ids = torch.from_numpy(order[by_length])
            batches += [ids[start : start + size] for start in range(0, len(ids), size)]
        if self.order != "sequential":
            batches = [batches[number] for number in random.permutation(len(batches))]
        return batches

    def state_dict(self) -> dict[str, int]:
        """Return the position in the epoch: the number of batches returned so far."""
        return {"epoch": self.epoch, "batches": self._handed_out}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Resume at a position that ``state_dict`` returned: the next iteration starts after it."""
        self.epoch = state["epoch"]
        self._handed_out = self._resume_at = state["batches"]

    def _draw(self, random: np.random.Generator) -> np.ndarray:
        count = len(self.samples)
        if self.order in ("sequential", "given"):
            return np.arange(count)
        if self.order == "shuffled":
            return random.permutation(count)
        y = self.samples.y.numpy()
        classes, sizes = np.unique(y, return_counts=True)
        by_class = np.argsort(y, kind="stable")
        firsts = np.cumsum(sizes) - sizes
        chosen = random.integers(len(classes), size=count)
        inside = (random.random(count) * sizes[chosen]).astype(np.int64)
        picked: np.ndarray = by_class[firsts[chosen] + inside]
        return picked
