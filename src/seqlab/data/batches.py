"""Batches, and the samples that batches are taken from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor

from seqlab.data.spec import DataSpec
from seqlab.functional.lengths import mask

LONGEST_NAME = 40
"""Maximum number of characters of a text in a title."""


class Batch(NamedTuple):
    """Some samples, right-padded to the longest among them.

    Shapes: x [B, T] tokens or [B, T, F] features; lengths [B]; y [B] classes or numbers, [B, C] labels (0
    or 1), [B, horizon, K] values, or [B, S] a class or the next token at S steps, −1 in the padding; ids [B],
    each sample's number in its split, or −1 for a row that only fills a rank's last batch and is ignored in
    every score.
    """

    x: Tensor
    lengths: Tensor
    y: Tensor
    ids: Tensor

    def repeated(self, times: int) -> "Batch":
        """Return all rows, then all of them again, so many times."""
        return self if times == 1 else Batch(*(torch.cat([values] * times) for values in self))


class Samples(Protocol):
    """Resident or memory-mapped samples from which a loader cuts batches by index."""

    @property
    def lengths(self) -> Tensor:
        """Steps of every sample, [N]."""

    @property
    def y(self) -> Tensor:
        """Targets, [N], [N, C] or [N, horizon, K]; with one at every step, all steps end to end."""

    def __len__(self) -> int: ...

    def batch(self, ids: Tensor) -> Batch:
        """Return samples by ``ids``, [B]; where an id is −1, the row is arbitrary."""


class Streams(Samples, Protocol):
    """Samples of which each batch goes on where the one before ended."""

    def in_streams(self, streams: int, ranks: int, random: np.random.Generator) -> Tensor:
        """Return the batches of an epoch over all ranks, as sample ids, [batches, rows of all ranks]."""


class Loaded(NamedTuple):
    """What a data set has read.

    Attributes:
        spec: the description of the data.
        samples: of "train", "val" and "test".
        describe: returns sample ``index`` of a split in readable form.
    """

    spec: DataSpec
    samples: Mapping[str, Samples]
    describe: Callable[[str, int], str]


class Unlabelled(NamedTuple):
    """Samples without targets, for which a trained network predicts them.

    Attributes:
        samples: N inputs in their own units; their targets mean nothing.
        names: of each sample, [N]: the text itself; series and times of a forecast (``Ahead``); or name and
            length of a numeric sequence (``Stepped``).
    """

    samples: Samples
    names: Sequence[Any]


class Stepped(NamedTuple):
    """What a numeric sequence with a class at every step is called, and how many steps it has."""

    name: str
    steps: int


class Followed(NamedTuple):
    """One input that is followed through a network, step by step.

    Attributes:
        name: a short description.
        x: the input in its own units, [1, T] or [1, T, F].
        steps: what is read at every step, as people write it, [T].
        values: further values of every step, [T] by name, such as the targets of a series.
        ends: what is read of an input that ends after each step, [T, longest], and its steps, [T]; None for
            the beginnings of x.
    """

    name: str
    x: Tensor
    steps: Sequence[str]
    values: Mapping[str, Sequence[float]]
    ends: tuple[Tensor, Tensor] | None = None

    @classmethod
    def of_tokens(
        cls, text: str, x: Tensor, symbols: Sequence[str], ends: tuple[Tensor, Tensor] | None = None
    ) -> "Followed":
        """Return a text, by its beginning if it is long, and its tokens, [1, T], in a vocabulary."""
        name = text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"
        return cls(name, x, [symbols[token] for token in x[0].tolist()], {}, ends)


class TokenSamples:
    """Token sequences of any length, stored end to end in one array.

    Args:
        tokens: all sequences one after the other, in memory or memory-mapped, [sum of lengths].
        starts: the index of each sequence's first token, [N].
        lengths: steps of each sequence, [N], any integers, each at least 1.
        y: class of each sequence, [N], any integers; or its labels, [N, C], or its number, [N].
        numbers: the token id in a batch of each stored token id; None if they are equal.
    """

    def __init__(
        self,
        tokens: np.ndarray,
        starts: np.ndarray,
        lengths: np.ndarray,
        y: np.ndarray,
        numbers: np.ndarray | None = None,
    ) -> None:
        self.tokens, self.numbers, self.starts = tokens, numbers, starts
        self.lengths, self.y = torch.from_numpy(lengths), torch.from_numpy(y)

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], y: Sequence[int]) -> Self:
        """Store sequences of tokens and their classes.

        Example:
            >>> TokenSamples.of([[5, 6, 7], [8]], [0, 1]).batch(torch.tensor([0, 1])).x
            tensor([[5, 6, 7],
                    [8, 0, 0]])
        """
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        tokens = np.array([token for row in rows for token in row], dtype=np.int64)
        return cls(tokens, lengths.cumsum() - lengths, lengths, np.array(y, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.lengths)

    def cut(self, max_length: int | None, keep: str, *, bos_eos: bool) -> Self:
        """Return the same samples, truncated to ``max_length`` steps, with or without BOS and EOS.

        Args:
            max_length: steps that are kept, or None for all.
            keep: which end of a longer sequence is kept, "begin" or "end".
            bos_eos: whether the first token (BOS) and the last (EOS) are part of the sequence.
        """
        inset = 0 if bos_eos else 1
        starts, lengths = self.starts + inset, self.lengths.numpy() - 2 * inset
        kept = np.minimum(lengths, max_length) if max_length else lengths
        starts = starts + (lengths - kept) if keep == "end" else starts
        return type(self)(self.tokens, starts, kept, self.y.numpy(), self.numbers)

    def batch(self, ids: Tensor) -> Batch:
        """Return the sequences ``ids``, [B], padded."""
        rows = ids.clamp(min=0)
        lengths = self.lengths[rows].long()
        inside = mask(lengths, int(lengths.max()))
        places = self.starts[rows.numpy()][:, None] + np.arange(inside.shape[1])
        found = self.tokens[np.where(inside.numpy(), places, 0)].astype(np.int64)
        x = torch.from_numpy(found if self.numbers is None else self.numbers[found])
        y = self.y[rows]
        return Batch(x.masked_fill_(~inside, 0), lengths, y if y.is_floating_point() else y.long(), ids)


class StepSamples:
    """Sequences of tokens or features with a class at every step.

    Args:
        sequences: the inputs; their own classes are ignored.
        y: the classes of all steps, one sequence after the other, [sum of lengths].
    """

    def __init__(self, sequences: "TokenSamples | FeatureSamples", y: Tensor) -> None:
        self.sequences, self.y, self.lengths = sequences, y, sequences.lengths
        self._starts = self.lengths.long().cumsum(0) - self.lengths

    def __len__(self) -> int:
        return len(self.sequences)

    def batch(self, ids: Tensor) -> Batch:
        """Return the sequences ``ids``, [B], padded; the class of a step in the padding is −1."""
        found = self.sequences.batch(ids)
        inside = mask(found.lengths, found.x.shape[1])
        places = self._starts[ids.clamp(min=0)][:, None] + torch.arange(found.x.shape[1])
        return found._replace(y=self.y[torch.where(inside, places, 0)].masked_fill_(~inside, -1))


class NextTokens:
    """Token sequences, each with BOS and EOS, of which the next token is predicted at every step.

    Args:
        sequences: the sequences.
        first_class: the token of the first class, which each sequence has in the place of BOS; None for BOS.
    """

    def __init__(self, sequences: TokenSamples, first_class: int | None = None) -> None:
        self.sequences, self.y, self.lengths = sequences, sequences.y, sequences.lengths - 1
        self.first_class = first_class

    def __len__(self) -> int:
        return len(self.sequences)

    def batch(self, ids: Tensor) -> Batch:
        """Return all tokens but the last of sequences ``ids``, [B], and the next ones, −1 in the padding."""
        found = self.sequences.batch(ids)
        lengths = found.lengths - 1
        outside = ~mask(lengths, found.x.shape[1] - 1)
        x, y = found.x[:, :-1].masked_fill(outside, 0), found.x[:, 1:].masked_fill(outside, -1)
        if self.first_class is not None:
            x[:, 0] = self.first_class + found.y
        return Batch(x, lengths, y, ids)


class FeatureSamples:
    """Feature sequences of any length, stored end to end in one array.

    Args:
        values: the steps of all sequences one after the other, [sum of lengths, F].
        starts: the index of each sequence's first step, [N].
        lengths: steps of each sequence, [N], each at least 1.
        y: class of each sequence, or its number, [N].
    """

    def __init__(self, values: Tensor, starts: Tensor, lengths: Tensor, y: Tensor) -> None:
        self.values, self.starts, self.lengths, self.y = values, starts, lengths, y

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> Self:
        """Use sequences of equal length, [N, T, F], and their targets, [N], without copying them.

        Example:
            >>> FeatureSamples.of(np.ones((2, 3, 1)), np.array([0, 1])).batch(torch.tensor([1])).x.shape
            torch.Size([1, 3, 1])
        """
        count, steps, features = x.shape
        lengths = torch.full((count,), steps)
        values = torch.from_numpy(x).reshape(count * steps, features)
        return cls(values, lengths.cumsum(0) - lengths, lengths, torch.from_numpy(y))

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, ids: Tensor) -> Batch:
        """Return the sequences ``ids``, [B], padded with zeros."""
        rows = ids.clamp(min=0)
        lengths = self.lengths[rows]
        inside = mask(lengths, int(lengths.max()))
        places = self.starts[rows][:, None] + torch.arange(inside.shape[1])
        x = self.values[torch.where(inside, places, 0)]
        return Batch(x.masked_fill_(~inside[:, :, None], 0), lengths, self.y[rows], ids)
