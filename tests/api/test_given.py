"""What a network is asked from Python: every text has its answer, and a mistake is one line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seqlab.api.given import file_of, texts_or_file
from seqlab.data import Names, Parity, SequenceData, Sequences
from seqlab.errors import DataError


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("tokens", "latest.csv", (["latest.csv"], None)),
        ("tokens", ("Ann", "Bob"), (["Ann", "Bob"], None)),
        ("tokens", pd.Series(["Ann", "Bob"]), (["Ann", "Bob"], None)),
        ("tokens", Path("latest.txt"), ([], Path("latest.txt"))),
        ("features", "latest.csv", ([], Path("latest.csv"))),
        ("features", Path("latest.csv"), ([], Path("latest.csv"))),
    ],
)
def test_a_path_is_a_file_and_a_str_a_text_where_texts_are_read(kind, given, expected):
    assert texts_or_file(kind, given) == expected


@pytest.mark.parametrize("held", [{"a": [1, 2]}, pd.DataFrame({"a": [1, 2]})])
def test_a_table_is_a_file_with_its_rows(held):
    texts, file = texts_or_file("features", held)
    assert (texts, file) == ([], file_of(held))
    assert file.read_text() == "a\n1\n2\n"


def test_data_are_the_file_that_they_read():
    data = SequenceData(Sequences(path="walks.npz"))
    assert texts_or_file("features", data) == ([], Path("walks.npz").resolve())
    assert file_of(data) == Path("walks.npz").resolve()


def test_arrays_are_a_file_too():
    texts, file = texts_or_file("features", [np.zeros((3, 2)), np.ones((2, 2))])
    assert not texts
    assert np.load(file)["lengths"].tolist() == [3, 2]


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("tokens", ["Ann", "", "Bob"], "text 2 of 3 is blank"),
        ("tokens", " ", "text 1 of 1 is blank"),
        ("tokens", ["Ann", None], "this network reads texts, and number 2 of 2 is a NoneType"),
        ("tokens", [np.zeros((30, 2))], "this network reads texts, and number 1 of 1 is a ndarray"),
        ("tokens", 3, "this network reads texts, not a int"),
        ("tokens", pd.DataFrame({"text": ["Ann"]}), "this network reads texts; give them as a list"),
        ("tokens", SequenceData(Names()), "this network reads texts; give them as a list"),
        ("features", None, "nothing to predict"),
        ("features", SequenceData(Parity()), "parity is in no file of your own; give a DataFrame or a path"),
        ("features", {"a": [1, 2], "b": [1]}, "cannot be read: All arrays must be of the same length"),
        ("features", {"a": [[1], [2, 3]]}, "the table cannot be read: a cell is no number, time or text"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(kind, given, message):
    with pytest.raises(DataError, match=message) as caught:
        texts_or_file(kind, given)
    assert "\n" not in str(caught.value)


def test_what_is_scored_is_a_table():
    with pytest.raises(DataError, match=r"a list is no table; .* or arrays as Sequences.from_arrays\("):
        file_of(["Ann"])
