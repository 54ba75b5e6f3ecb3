"""Numeric sequences with their targets, as a layout yields them, gathered into one array and checked."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from seqlab.data.sequences.padding import unpadded
from seqlab.errors import DataError

log = logging.getLogger(__name__)

LARGEST = 1e100
"""Beyond, a number's square is not finite, and no scale can be computed."""


class Record(NamedTuple):
    """One sequence.

    Attributes:
        name: where it is in the file: "line 12", an id, the name of a file.
        values: its numbers in their own units, [T, F]; NaN where one is missing.
        labels: its label in each column of them, as the file has it; None if the file has none.
        group: records of one group are in the same split; None if each may be in any.
        tags: the label of each of its steps, as the file has it, [T]; None if they have none.
    """

    name: str
    values: np.ndarray
    labels: tuple[str, ...] | None = None
    group: str | None = None
    tags: Sequence[str] | None = None


@dataclass(frozen=True, eq=False)
class Records:
    """The sequences of a file, stored end to end.

    Attributes:
        path: the file.
        channels: the names of the columns, F of them.
        values: numbers in their own units, [S, F] for S steps of all sequences; NaN where one is missing.
        lengths: steps of each sequence, [N].
        names: where each is in the file, [N].
        label_columns: the columns of labels; none if the file has no labels.
        labels: the labels of each in these columns, as the file has them, [N].
        groups: the group of each, [N]; none if there are no groups.
        tags: the label of each step, as the file has it, [S]; none if steps have no labels.
        side_inputs: how many of the last channels a cell reads beside x, by its name for them.
    """

    path: Path
    channels: tuple[str, ...]
    values: np.ndarray
    lengths: np.ndarray
    names: tuple[str, ...]
    label_columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...]
    tags: tuple[str, ...] = ()
    side_inputs: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        path: Path,
        channels: Sequence[str],
        labels: Sequence[str],
        records: Iterable[Record],
        *,
        each_step: bool = False,
        padding: str = "none",
    ) -> Self:
        """Gather records; a sequence ends where only missing numbers follow, unless each step counts.

        Args:
            path: the file.
            channels: the columns of numbers.
            labels: the columns of labels, if the records have labels.
            records: the sequences.
            each_step: whether steps without a number at the end belong to a sequence, as they have targets.
            padding: the label of steps at the end that belong to no sequence, as ``unpadded`` takes it.

        Raises:
            DataError: there is no record, one has no number, or a number that is not finite.
        """
        found, lengths = [], []
        for record in records:
            last = _checked(path, channels, record)
            lengths.append(len(record.values) if each_step else last)
            found.append(record)
        if not found:
            raise DataError(f"{path}: there is no sequence; add data")
        if cut := sum(length < len(record.values) for length, record in zip(lengths, found, strict=True)):
            log.info(
                "%s: %s of %s sequences end in missing numbers, and are so much shorter",
                path,
                f"{cut:,}",
                f"{len(found):,}",
            )
        tags = [(record.tags or ())[:length] for record, length in zip(found, lengths, strict=True)]
        if any(tags):
            lengths = unpadded(path, tags, padding)
        return cls(
            path,
            tuple(channels),
            np.concatenate([record.values[:length] for record, length in zip(found, lengths, strict=True)]),
            np.array(lengths, dtype=np.int64),
            tuple(record.name for record in found),
            tuple(labels) if found[0].labels is not None or found[0].tags is not None else (),
            tuple(record.labels for record in found if record.labels is not None),
            tuple(record.group for record in found if record.group is not None),
            tuple(tag for row, length in zip(tags, lengths, strict=True) for tag in row[:length]),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def starts(self) -> np.ndarray:
        """The index of each sequence's first step, [N]."""
        starts: np.ndarray = np.cumsum(self.lengths) - self.lengths
        return starts

    def hashes(self) -> np.ndarray:
        """Return a number for each sequence, equal for equal ones, [N]."""
        pieces = np.split(self.values, self.starts[1:])
        digests = b"".join(blake2b(piece.tobytes(), digest_size=8).digest() for piece in pieces)
        return np.frombuffer(digests, dtype=np.uint64)

    @property
    def width(self) -> int:
        """Channels that are x; the others are side inputs."""
        return len(self.channels) - sum(self.side_inputs.values())

    def filled(self, usual: np.ndarray) -> np.ndarray:
        """Return the numbers, [S, F]; a missing one is the one before it, or the usual one at the start.

        Args:
            usual: the mean of each channel in the training part, [F].
        """
        missing = np.isnan(self.values)
        if not missing.any():
            return self.values
        measured = missing[:, : self.width]
        if measured.any():
            log.warning(
                "%s: %s of %s numbers are missing; each takes the value before it in its sequence, "
                "or the mean of its column at the beginning",
                self.path,
                f"{measured.sum():,}",
                f"{measured.size:,}",
            )
        steps = np.arange(len(missing))[:, None]
        last = np.maximum.accumulate(np.where(missing, -1, steps), axis=0)
        is_inside = last >= np.repeat(self.starts, self.lengths)[:, None]
        return np.where(is_inside, np.take_along_axis(self.values, np.maximum(last, 0), axis=0), usual)


def _checked(path: Path, channels: Sequence[str], record: Record) -> int:
    """Return the last step of a record that has a number, from 1."""
    missing = np.isnan(record.values)
    there = np.flatnonzero(~missing.all(axis=1))
    if not len(there):
        raise DataError(f"{path}, {record.name}: a sequence without a number; remove it")
    huge = ~missing & ~(np.abs(record.values) <= LARGEST)
    if huge.any():
        step, channel = np.argwhere(huge)[0]
        found = f"{channels[channel]} is {record.values[step, channel]} at step {step + 1}"
        raise DataError(f"{path}, {record.name}: {found}, which is no finite number; fix or empty it")
    return int(there[-1]) + 1
