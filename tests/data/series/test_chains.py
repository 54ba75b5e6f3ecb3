"""Windows in order, each of which goes on where the one before it ended."""

import numpy as np
import pytest
import torch

from seqlab.data import BatchLoader
from seqlab.data.series.chains import NOTHING, chains_of
from seqlab.data.series.windows import WindowSamples
from seqlab.errors import DataError

LENGTH, HORIZON, STEPS = 5, 2, 400
STARTS = np.array([at for at in range(STEPS - LENGTH - HORIZON + 1) if at not in (100, 101, 217) and at % 90])


def samples_of(order, starts=STARTS):
    values = torch.arange(STEPS)[:, None].float()
    settings = {"input_steps": LENGTH, "horizon_steps": HORIZON, "targets": (0,), "order": order}
    return WindowSamples(values, np.arange(STEPS), starts, **settings)


def streams_of(batches):
    """Return the windows of each row, in pieces between rows to ignore."""
    found = []
    for row in np.asarray(batches).T:
        pieces = np.split(row, np.flatnonzero(row == NOTHING))
        found += [piece[piece != NOTHING] for piece in pieces]
    return [STARTS[piece] for piece in found if len(piece)]


def test_a_chain_goes_on_as_long_as_there_is_a_next_window():
    known, expected = set(STARTS.tolist()), []
    for start in STARTS.tolist():
        if start - LENGTH not in known:
            chain = [start]
            while chain[-1] + LENGTH in known:
                chain.append(chain[-1] + LENGTH)
            expected.append(chain)
    assert sorted(STARTS[chain].tolist() for chain in chains_of(STARTS, LENGTH)) == sorted(expected)


@pytest.mark.parametrize("world_size", [1, 2])
def test_streams_go_on_and_move_from_epoch_to_epoch(world_size):
    samples, seen = samples_of("trained"), set()
    lengths = set()
    for epoch in range(20):
        ranks = []
        for rank in range(world_size):
            loader = BatchLoader(samples, 3, order="streams", seed=4, rank=rank, world_size=world_size)
            loader.set_epoch(epoch)
            batches = list(loader)
            ranks.append(np.stack([batch.ids.numpy() for batch in batches]))
            lengths.add(len(batches))
            assert {len(batch.ids) for batch in batches} == {3}
        windows = np.concatenate([piece for found in ranks for piece in streams_of(found)])
        assert len(windows) == len(set(windows.tolist()))
        assert len(set((windows % LENGTH).tolist())) == 1
        assert all((np.diff(piece) == LENGTH).all() for found in ranks for piece in streams_of(found))
        seen |= set((windows % LENGTH).tolist())
    assert seen == set(range(LENGTH))
    assert len(lengths) == 1


@pytest.mark.parametrize(("streams", "world_size"), [(2, 1), (64, 1), (3, 2)])
def test_evaluation_reads_every_window_once_behind_its_whole_past(streams, world_size):
    ranks = [
        np.stack([batch.ids.numpy() for batch in loader])
        for loader in (
            BatchLoader(samples_of("scored"), streams, order="streams", rank=rank, world_size=world_size)
            for rank in range(world_size)
        )
    ]
    found = [piece.tolist() for part in ranks for piece in streams_of(part)]
    assert sorted(found) == sorted(STARTS[chain].tolist() for chain in chains_of(STARTS, LENGTH))


def test_too_few_windows_are_refused_in_one_line():
    with pytest.raises(DataError, match="30 training windows are too few for 4 streams of several windows"):
        samples_of("trained", np.arange(30)).in_streams(4, 1, np.random.default_rng(0))
