"""TokenSamples cut padded batches out of one long array."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data import TokenSamples
from seqlab.data.batches import FeatureSamples

ROWS = [[5, 6, 7], [8], [9, 4, 4, 5], [6, 6]]


def samples_of(rows: list[list[int]]) -> TokenSamples:
    return TokenSamples.of(rows, range(10, 10 + len(rows)))


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=12),
    data=st.data(),
)
def test_a_batch_holds_its_rows_and_zeros_behind_them(rows, data):
    ids = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=12))
    batch = samples_of(rows).batch(torch.tensor(ids))
    longest = max(len(rows[sample]) for sample in ids)
    assert batch.x.tolist() == [rows[sample] + [0] * (longest - len(rows[sample])) for sample in ids]
    assert batch.lengths.tolist() == [len(rows[sample]) for sample in ids]
    assert batch.y.tolist() == [10 + sample for sample in ids]
    assert batch.ids.tolist() == ids


def test_a_batch_is_as_wide_as_its_own_longest_row():
    assert samples_of(ROWS).batch(torch.tensor([1, 3])).x.shape == (2, 2)


def test_tokens_become_the_integers_that_an_embedding_takes():
    assert samples_of(ROWS).batch(torch.tensor([0])).x.dtype == torch.int64


def test_a_filling_row_keeps_its_id_and_is_as_good_as_any_other():
    batch = samples_of(ROWS).batch(torch.tensor([2, -1]))
    assert batch.ids.tolist() == [2, -1]
    assert batch.x[0].tolist() == ROWS[2]
    length = int(batch.lengths[1])
    assert batch.x[1, :length].tolist() in ROWS


@pytest.mark.parametrize("rows", [ROWS, [[3]], [[1], [2], [3]]])
def test_there_are_as_many_samples_as_rows(rows):
    assert len(samples_of(rows)) == len(rows)


@pytest.mark.parametrize("bos_eos", [True, False])
@pytest.mark.parametrize("keep", ["begin", "end"])
@pytest.mark.parametrize("most", [None, 1, 2, 3, 9])
def test_a_cut_keeps_one_end_with_or_without_bos_and_eos(bos_eos, keep, most):
    marked = [[2, *row, 3] for row in ROWS]
    cut = samples_of(marked).cut(most, keep, bos_eos=bos_eos)
    for number, row in enumerate(marked if bos_eos else ROWS):
        kept = row if most is None else row[:most] if keep == "begin" else row[-most:]
        batch = cut.batch(torch.tensor([number]))
        assert batch.x.tolist() == [kept]
        assert batch.lengths.tolist() == [len(kept)]


def test_stored_tokens_are_renumbered_in_the_batch():
    samples = samples_of(ROWS)
    samples.numbers = np.arange(100, 0, -1)
    assert samples.batch(torch.tensor([0, 1])).x.tolist() == [[95, 94, 93], [92, 0, 0]]


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    features=st.integers(1, 3),
    data=st.data(),
)
def test_feature_sequences_of_any_length_are_padded_with_zeros(lengths, features, data):
    values = np.arange(1, sum(lengths) * features + 1, dtype=np.float32).reshape(-1, features)
    pieces = np.split(values, np.cumsum(lengths)[:-1])
    steps = torch.tensor(lengths)
    samples = FeatureSamples(torch.from_numpy(values), steps.cumsum(0) - steps, steps, steps * 10)
    ids = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=8))
    batch = samples.batch(torch.tensor(ids))
    longest = max(lengths[sample] for sample in ids)
    expected = np.stack([np.pad(pieces[sample], ((0, longest - lengths[sample]), (0, 0))) for sample in ids])
    np.testing.assert_array_equal(batch.x.numpy(), expected)
    assert batch.lengths.tolist() == [lengths[sample] for sample in ids]
    assert batch.y.tolist() == [10 * lengths[sample] for sample in ids]


def test_feature_sequences_of_equal_length_are_an_array():
    x = np.random.default_rng(0).random((5, 4, 2))
    batch = FeatureSamples.of(x, np.arange(5)).batch(torch.tensor([3, -1, 0]))
    np.testing.assert_array_equal(batch.x[[0, 2]].numpy(), x[[3, 0]])
    assert (batch.lengths.tolist(), batch.ids.tolist()) == ([4, 4, 4], [3, -1, 0])
