"""Arrays in an .npz file."""

import numpy as np
import pytest

from seqlab.data import Sequences
from seqlab.data.sequences.npz import NPZ
from seqlab.errors import DataError

X = np.arange(24, dtype=np.float32).reshape(4, 3, 2)


def only(labels):
    """Return the only label of each sequence."""
    return tuple(label for (label,) in labels)


def read(path, **arrays):
    np.savez(path, **arrays)
    return NPZ().read(path, Sequences(path=str(path)))


def test_arrays_are_sequences_with_labels_and_groups(tmp_path):
    found = read(tmp_path / "a.npz", x=X, y=np.array([0, 1, 1, 0]), lengths=[3, 1, 2, 3], group=list("abab"))
    assert found.lengths.tolist() == [3, 1, 2, 3]
    assert only(found.labels) == ("0", "1", "1", "0")
    assert found.groups == ("a", "b", "a", "b")
    assert found.names == ("x[0]", "x[1]", "x[2]", "x[3]")
    expected = np.concatenate([X[0], X[1, :1], X[2, :2], X[3]])
    np.testing.assert_array_equal(found.values, expected)


def test_without_channels_and_lengths_a_row_is_a_sequence_that_ends_in_missing_numbers(tmp_path):
    found = read(tmp_path / "a.npz", X=np.array([[1.0, 2], [3, np.nan]]), labels=np.array(["up", "down"]))
    assert (found.lengths.tolist(), found.values[:, 0].tolist()) == ([2, 1], [1, 2, 3])
    assert only(found.labels) == ("up", "down")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"z": X}, "no array x"),
        ({"x": X[0, 0]}, r"x is float32 of shape \[2\]; it must be numbers"),
        ({"x": np.array([["a", "b"]])}, "x is <U1"),
        ({"x": X, "y": [1, 2]}, r"y has the shape \[2\]; with x of 4 sequences it must be \[4\]"),
        ({"x": X, "lengths": [3, 4, 1, 1]}, r"lengths\[1\] is 4; x has from 1 to 3 steps"),
        ({"x": X, "lengths": [3.0, 1, 1, 1]}, "lengths is float64"),
        ({"x": X, "X": X}, "arrays x and X mean the same"),
        (
            {"x": X, "y": np.array([{}, 1, 2, 3], dtype=object)},
            "holds objects of Python, which could run code",
        ),
        ({"x": np.full((2, 2), np.inf)}, r"x\[0\]: channel 1 is inf at step 1"),
    ],
)
def test_other_arrays_are_refused(tmp_path, arrays, reason):
    with pytest.raises(DataError, match=rf"a\.npz.*{reason}"):
        read(tmp_path / "a.npz", **arrays)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=X)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="cannot be read"):
        NPZ().read(path, Sequences(path=str(path)))
