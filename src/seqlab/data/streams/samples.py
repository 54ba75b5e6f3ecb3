"""A split as streams of tokens: each batch goes on where the one before ended."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from seqlab.data.batches import Batch
from seqlab.data.streams.corpus import Part, dtype_of
from seqlab.errors import DataError

PROBE = 64
"""Steps of a chunk that is looked at closely."""
LONG = 1024
"""Steps of a batch in evaluation, where one stream goes through the whole split."""


@dataclass(frozen=True)
class StreamSamples:
    """The N tokens of a split, of which all but the first are predicted.

    A sample is a chunk of a stream: its number is the place of its first token in the split.

    Attributes:
        path: the file of the tokens.
        count: N.
        vocabulary: tokens in the vocabulary.
        steps: T of a chunk; the last one may be shorter.
        part: the text.
        is_whole: whether an epoch is one stream through the whole split, as evaluation wants it.
    """

    path: Path
    count: int
    vocabulary: int
    steps: int
    part: Part
    is_whole: bool = False

    def __len__(self) -> int:
        return max(self.count - 1, 0)

    @property
    def tokens(self) -> np.ndarray:
        """All tokens, [N], mapped anew: pages that were read count as memory of this process until then."""
        dtype = dtype_of(self.vocabulary)
        return np.memmap(self.path, dtype, mode="r")[: self.count] if self.count else np.zeros(0, dtype)

    @property
    def lengths(self) -> Tensor:
        """Steps of a chunk that begins at each token, [N − 1], but for those at the end."""
        return torch.tensor(self.steps).expand(len(self))

    @property
    def y(self) -> Tensor:
        """The token that comes after each but the last, [N − 1]."""
        return torch.from_numpy(self.tokens[1:].astype(np.int64))

    def batch(self, ids: Tensor) -> Batch:
        """Return chunks ``ids``, [B], and at every step the next token, [B, T]; −1 in the padding."""
        firsts = ids.clamp(min=0)
        lengths = (len(self) - firsts).clamp(max=self.steps)
        steps = torch.arange(int(lengths.max()) + 1)
        places = (firsts[:, None] + steps).clamp(max=self.count - 1)
        found = torch.from_numpy(self.tokens[places.numpy()].astype(np.int64))
        inside = steps[:-1] < lengths[:, None]
        x, y = found[:, :-1].masked_fill(~inside, 0), found[:, 1:].masked_fill(~inside, -1)
        return Batch(x, lengths, y, ids)

    def probe(self, count: int) -> Batch:
        """Return a few short chunks, spread evenly over the split."""
        steps = min(PROBE, len(self))
        ids = torch.linspace(0, len(self) - steps, min(count, len(self))).round().long()
        return replace(self, steps=steps).batch(ids)

    def in_streams(self, streams: int, ranks: int, random: np.random.Generator) -> Tensor:
        """Return the batches of an epoch over all ranks, as sample numbers, [batches, rows of all ranks].

        Row r of each batch is of rank r mod R.

        In training ``streams`` streams stand side by side, behind an offset that moves all cuts; the whole
        split as one stream is that of rank 0, and the others have rows to ignore.

        Raises:
            DataError: the split is too short for so many streams.
        """
        if self.is_whole:
            firsts = torch.arange(0, len(self), self.steps)
            return functional.pad(firsts[:, None], (0, ranks - 1), value=-1)
        chunks = self.chunks(streams)
        offset = random.integers(len(self) - chunks * streams * self.steps + 1)
        firsts = int(offset) + torch.arange(streams) * chunks * self.steps
        return firsts + torch.arange(chunks)[:, None] * self.steps

    def chunks(self, streams: int) -> int:
        """Return how many chunks each of so many streams has, whatever the offset.

        Raises:
            DataError: the split is too short.
        """
        # So many steps are left that the cuts can be anywhere.
        chunks = (len(self) - self.steps + 1) // (streams * self.steps)
        if chunks < 1:
            raise DataError(
                f"{self.count:,} tokens are too few to train {streams} streams of {self.steps} steps; set a "
                "smaller data.batch_size or data.steps, or add text"
            )
        return chunks
