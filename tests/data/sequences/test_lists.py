"""A row a sequence whose cells are lists."""

import json

import pytest

from seqlab.data import Sequences
from seqlab.data.sequences.layouts import layout_of
from seqlab.errors import DataError

ROWS = [
    {"id": "r1", "ax": [0, 1.5, None], "ay": [1, 2, 3], "label": "up"},
    {"id": "r2", "ax": [4], "ay": [5], "label": "down"},
]


def layout_and_records(path, rows, **settings):
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    data = Sequences(path=str(path), **settings)
    layout = layout_of(path, data)
    return layout, layout.read(path, data)


def test_columns_of_lists_are_channels(tmp_path):
    layout, found = layout_and_records(tmp_path / "a.jsonl", ROWS)
    assert (layout.name, found.channels, found.names) == ("lists", ("ax", "ay"), ("r1", "r2"))
    assert found.labels == (("up",), ("down",))
    assert found.lengths.tolist() == [3, 1]
    assert found.values[[0, 1, 3]].tolist() == [[0, 1], [1.5, 2], [4, 5]]
    assert found.values[2, 1] == 3
    other = tmp_path / "b.jsonl"
    other.write_text(json.dumps({"ax": [1], "ay": [2]}))
    assert layout.read(other, Sequences(path=str(other))).labels == ()


def test_a_list_of_lists_has_the_channels_of_each_step(tmp_path):
    rows = [{"x": [[1, 2, 3], [4, 5, 6]], "class": 0}, {"x": [[7, 8, 9]], "class": 1}]
    _, found = layout_and_records(tmp_path / "a.jsonl", rows)
    assert found.values.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    assert found.channels == ("channel 1", "channel 2", "channel 3")
    assert found.labels == (("0",), ("1",))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"ax": [1, "a"], "ay": [1, 2]}, r"line 3: 'ax' is '\[1, \"a\"\]', which is no list of numbers"),
        ({"ax": [1, 2], "ay": [1]}, "line 3: lists of 2, 1 steps"),
        ({"ax": [[1, 2], [3, 4]], "ay": [1, 2]}, "line 3: a step has 3 numbers, and 2 in the first row"),
        ({"ax": [], "ay": []}, "line 3: 'ax' is '.*', which is no list"),
    ],
)
def test_other_lists_are_refused(tmp_path, row, reason):
    with pytest.raises(DataError, match=rf"a\.jsonl, {reason}"):
        layout_and_records(tmp_path / "a.jsonl", [*ROWS, {"id": "r3", **row, "label": "up"}])
