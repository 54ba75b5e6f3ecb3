"""Where batches come from: samples sliced by index, in an order that is a function of (seed, epoch, rank)."""

import math
from collections.abc import Iterator
from typing import Literal, Self

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Batch, Samples

Order = Literal["sequential", "shuffled", "by_class"]

POOL = 50
"""Batches in a pool: wide enough for a random order, and sorted by length it needs little padding."""


class BatchLoader:
    """An epoch's batches for one rank.

    The epoch's order of samples is drawn from (seed, epoch) alone, cut into pools, sorted by length inside
    each pool, cut into batches, and the batches shuffled. So a run can be continued at any batch. Every rank
    gets equally many rows: where samples run out, rows of id −1 fill up.

    Lightning calls ``set_epoch`` on a loader's ``sampler``, and asks for ``state_dict`` when it saves.

    Args:
        samples: what to cut batches from.
        batch_size: rows in a batch of one rank.
        order: "sequential" (by length, for evaluation), "shuffled", or "by_class": as many draws as there are
            samples, uniform over classes and then over the samples of the class, with replacement.
        seed: with the epoch's number, all that the order depends on.
        rank: this process, from 0.
        world_size: processes that share the samples.
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
        """The loader itself: what Lightning calls ``set_epoch`` on."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next; a place in another epoch is forgotten."""
        if epoch != self.epoch:
            self._handed_out = self._resume_at = 0
        self.epoch = epoch

    def __len__(self) -> int:
        return math.ceil(len(self.samples) / (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[Batch]:
        start, self._resume_at = self._resume_at, 0
        self._handed_out = start
        for ids in self.batches()[start:]:
            self._handed_out += 1
            yield self.samples.batch(ids[self.rank :: self.world_size])
        self._handed_out = 0

    def batches(self) -> list[Tensor]:
        """Return the epoch's batches over all ranks, as sample ids; each holds a multiple of world_size."""
        random = np.random.default_rng((self.seed, self.epoch))
        order = self._draw(random)
        missing = -len(order) % self.world_size
        order = np.concatenate([order, np.full(missing, -1)])
        size = self.batch_size * self.world_size
        pool = size * POOL if self.order != "sequential" else max(len(order), 1)
        # The filling rows sort last, so that they share the last batch of the last pool.
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
        """Return the place in the epoch, counting batches that were handed out."""
        return {"epoch": self.epoch, "batches": self._handed_out}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on at a place that ``state_dict`` returned: the next iteration starts behind it."""
        self.epoch = state["epoch"]
        self._handed_out = self._resume_at = state["batches"]

    def _draw(self, random: np.random.Generator) -> np.ndarray:
        count = len(self.samples)
        if self.order == "sequential":
            return np.arange(count)
        if self.order == "shuffled":
            return random.permutation(count)
        y = self.samples.y.numpy()
        classes, sizes = np.unique(y, return_counts=True)
        by_class = np.argsort(y, kind="stable")
        firsts = np.cumsum(sizes) - sizes
        drawn = random.integers(len(classes), size=count)
        inside = (random.random(count) * sizes[drawn]).astype(np.int64)
        picked: np.ndarray = by_class[firsts[drawn] + inside]
        return picked
