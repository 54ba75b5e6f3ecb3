"""Windows of series in order: chains of windows, each of which begins where the one before ended."""

from collections.abc import Sequence

import numpy as np

from seqlab.errors import DataError

NOTHING = -1
"""Stands for a row without a window; what comes after it begins anew."""


def chains_of(starts: np.ndarray, length: int) -> list[np.ndarray]:
    """Return chains of windows, as their numbers, in order; a chain ends before a gap, and with its series.

    Args:
        starts: the first step of each window, ascending, [W].
        length: steps that a window reads.
    """
    order = np.lexsort((starts, starts % length))
    breaks = np.flatnonzero(np.diff(starts[order]) != length) + 1
    return np.split(order, breaks)


def training_batches(
    starts: np.ndarray, length: int, streams: int, random: np.random.Generator
) -> np.ndarray:
    """Return the batches of an epoch, as numbers of windows, [batches, streams].

    The chains that begin so many steps after a multiple of the length, a random number, are laid end to end,
    with a row of nothing between two, and cut into streams of equal length. Other windows have their turn in
    other epochs.

    Raises:
        DataError: there are not two windows for each stream.
    """
    chains = chains_of(starts, length)
    phases = np.array([starts[chain[0]] % length for chain in chains])
    lengths = np.bincount(phases, [len(chain) + 1 for chain in chains], length) - 1
    batches = int(lengths.min()) // streams
    if batches < 2:  # noqa: PLR2004 (of one, no state is carried)
        raise DataError(
            f"{len(starts):,} training windows are too few for {streams} streams of several windows of "
            f"{length} steps each; set a smaller data.batch_size or data.input_steps"
        )
    phase = random.integers(length)
    joined = _joined([chain for chain, its in zip(chains, phases, strict=True) if its == phase])
    return joined[: batches * streams].reshape(streams, batches).T


def scoring_batches(starts: np.ndarray, length: int, streams: int, ranks: int) -> np.ndarray:
    """Return batches that hold every window once, behind all that its chain has before it, [batches, rows].

    Args:
        starts: as above.
        length: as above.
        streams: chains side by side, at most.
        ranks: processes among which rows are shared out.
    """
    chains = sorted(chains_of(starts, length), key=len, reverse=True)
    rows = min(streams, -(-len(chains) // ranks) * ranks)
    found = []
    for first in range(0, len(chains), rows):
        side_by_side = chains[first : first + rows]
        part = np.full((len(side_by_side[0]) + 1, rows), NOTHING)
        for row, chain in enumerate(side_by_side):
            part[: len(chain), row] = chain
        found.append(part)
    return np.concatenate(found)[:-1]


def _joined(chains: Sequence[np.ndarray]) -> np.ndarray:
    """Return chains end to end, with nothing behind each but the last."""
    found: np.ndarray = np.concatenate([part for chain in chains for part in (chain, [NOTHING])])[:-1]
    return found
