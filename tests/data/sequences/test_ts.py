"""Files of the UCR and UEA archives."""

import re

import numpy as np
import pytest

from seqlab.data import Sequences
from seqlab.data.sequences.ts import TS
from seqlab.errors import DataError

MULTIVARIATE = """\
# a comment
@problemName made_up
@timeStamps false
@missing true
@univariate false
@dimensions 2
@equalLength false
@classLabel true walk sit
@data
1,2,3:4,5,6:walk
7.5,?:8,-1e-2:sit
# another
9,10,NaN,?:0,?,3,?:walk
"""


def only(labels):
    """Return the only label of each sequence."""
    return tuple(label for (label,) in labels)


def read(path, text):
    path.write_text(text, encoding="utf-8")
    return TS().read(path, Sequences(path=str(path)))


def test_channels_lengths_and_labels_are_those_of_the_file(tmp_path):
    found = read(tmp_path / "a.ts", MULTIVARIATE)
    assert only(found.labels) == ("walk", "sit", "walk")
    assert found.lengths.tolist() == [3, 2, 3]
    assert found.names == ("line 10", "line 11", "line 13")
    nan = np.nan
    expected = [[1, 4], [2, 5], [3, 6], [7.5, 8], [nan, -0.01], [9, 0], [10, nan], [nan, 3]]
    np.testing.assert_array_equal(found.values, expected)


def test_a_header_need_not_say_how_many_channels_there_are(tmp_path):
    text = MULTIVARIATE.replace("@dimensions 2\n", "")
    assert read(tmp_path / "a.ts", text).channels == ("channel 1", "channel 2")


def test_a_univariate_file_of_numbers_has_them_as_labels(tmp_path):
    text = "@univariate true\n@targetLabel true\n@data\n1,2,3:0.5\n4,5:-2\n"
    found = read(tmp_path / "a.ts", text)
    assert only(found.labels) == ("0.5", "-2")
    assert found.values[:, 0].tolist() == [1, 2, 3, 4, 5]


def test_a_file_to_predict_needs_no_labels(tmp_path):
    text = MULTIVARIATE.replace("@classLabel true walk sit", "@classLabel false")
    text = text.replace(":walk", "").replace(":sit", "")
    found = read(tmp_path / "a.ts", text)
    assert (len(found), only(found.labels)) == (3, ())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("@timeStamps false", "@timeStamps true", "@timeStamps true: numbers with their times"),
        ("1,2,3:4", "(0,1),(1,2):4", "line 10: '(': numbers with their times"),
        ("4,5,6:", "", "line 10: 1 channels where 2 are expected"),
        ("4,5,6", "4,5", "line 10: the channels have from 2 to 3 numbers"),
        (":sit", ":run", "line 11: class 'run' is not among those of the header"),
        ("8,-1e-2", "8,x", "line 11: number 2 is 'x', which is no number"),
        ("@data\n", "", "line 9: a line of the header begins with @"),
        ("4,5,6", "4,5,inf", "line 10: channel 2 is inf at step 3"),
        ("7.5,?:8,-1e-2", "?,?:?,?", "line 11: a sequence without a number"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(tmp_path, old, new, reason):
    assert old in MULTIVARIATE
    with pytest.raises(DataError, match=rf"a\.ts.*{re.escape(reason)}"):
        read(tmp_path / "a.ts", MULTIVARIATE.replace(old, new, 1))


@pytest.mark.parametrize("text", ["@data\n", "@univariate true\n"])
def test_a_file_without_sequences_is_refused(tmp_path, text):
    with pytest.raises(DataError, match="there is no"):
        read(tmp_path / "a.ts", text)
