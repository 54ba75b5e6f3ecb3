"""A row a sequence."""

import numpy as np
import pytest

from seqlab.data import Sequences
from seqlab.data.sequences.layouts import layout_of
from seqlab.errors import DataError

ROWS = [[0.5, -1.5, 2.0], [1.0, 1.25, -3.0], [0.0, 4.0, 8.0], [3.0, 2.0, 1.5]]
LABELS = ["0", "1", "0", "1"]


def only(labels):
    """Return the only label of each sequence."""
    return tuple(label for (label,) in labels)


def layout_and_records(path, text, **settings):
    path.write_text(text, encoding="utf-8")
    data = Sequences(path=str(path), **settings)
    layout = layout_of(path, data)
    return layout, layout.read(path, data)


def written(sign, place, labels=LABELS, rows=ROWS):
    cells = [[*map(str, row)] for row in rows]
    for row, label in zip(cells, labels, strict=True):
        row.insert(0 if place == "first" else len(row), label)
    return "".join(f"{sign.join(row)}\n" for row in cells)


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("sign", [",", "\t", ";", "|", " ", "   "])
@pytest.mark.parametrize("labels", [LABELS, ["0.0", "1.0", "0.0", "1.0"], ["a", "b", "b", "a"]])
def test_the_label_is_found_first_or_last(tmp_path, sign, place, labels):
    layout, found = layout_and_records(tmp_path / "rows.csv", written(sign, place, labels))
    assert layout.label == place
    assert only(found.labels) == tuple(labels)
    assert found.lengths.tolist() == [3] * 4
    assert found.values[:, 0].tolist() == np.ravel(ROWS).tolist()
    assert found.names == ("line 1", "line 2", "line 3", "line 4")


@pytest.mark.parametrize("tail", ["\tNaN\tNaN", "\tnan", "\t\t", "\t?", ""])
def test_missing_numbers_at_the_end_make_a_sequence_shorter(tmp_path, tail):
    text = written("\t", "first", rows=[[1, 2, 3], [1, 2], [4, 5, 6], [7, 8, 9]])
    lines = text.splitlines()
    lines[1] += tail
    _, found = layout_and_records(tmp_path / "rows.tsv", "\n".join(lines))
    assert found.lengths.tolist() == [3, 2, 3, 3]
    assert found.values[:, 0].tolist() == [1, 2, 3, 1, 2, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("labels", [["7", "8", "", "8"], ["a", "b", "", "b"]])
def test_a_blank_label_at_the_end_is_no_measurement(tmp_path, labels):
    _, found = layout_and_records(tmp_path / "rows.csv", written(",", "last", labels), label="last")
    assert only(found.labels) == tuple(labels)
    assert found.values[:, 0].tolist() == np.ravel(ROWS).tolist()


@pytest.mark.parametrize("tails", [",,,,", ",,-,"])
def test_what_pads_rows_behind_their_label_is_left_out(tmp_path, tails):
    """Rows that all end with a separator, or some of a table whose labels are words."""
    lines = written(",", "last", ["a", "b", "a", "b"]).splitlines()
    padded = [line + tail.strip("-") for line, tail in zip(lines, tails, strict=True)]
    _, found = layout_and_records(tmp_path / "rows.csv", "\n".join(padded), label="last")
    assert only(found.labels) == ("a", "b", "a", "b")
    assert found.lengths.tolist() == [3] * 4


def test_a_header_names_label_id_and_group(tmp_path):
    text = "id,v1,v2,class,speaker\nr1,1,2,up,s1\nr2,3,,down,s2\nr3,5,6,up,s1\n"
    layout, found = layout_and_records(tmp_path / "rows.csv", text, group="speaker")
    assert (layout.labels, layout.columns) == (("class",), ("v1", "v2"))
    assert found.names == ("r1", "r2", "r3")
    assert only(found.labels) == ("up", "down", "up")
    assert found.groups == ("s1", "s2", "s1")
    assert found.values[:, 0].tolist() == [1, 2, 3, 5, 6]


@pytest.mark.parametrize("header", ["0,1,2,label", "label,0,1,2", ",0,1,2,label"])
def test_a_header_that_counts_its_columns_is_no_sequence(tmp_path, header):
    """As pandas writes a table whose columns have no names, with or without its index."""
    place = "first" if header.startswith("label") else "last"
    lines = written(",", place).splitlines()
    if header.startswith(","):
        lines = [f"{number},{line}" for number, line in enumerate(lines)]
    _, found = layout_and_records(tmp_path / "rows.csv", "\n".join([header, *lines]))
    assert only(found.labels) == tuple(LABELS)
    assert found.values[:, 0].tolist() == np.ravel(ROWS).tolist()


def test_a_ramp_of_whole_numbers_is_no_header(tmp_path):
    _, found = layout_and_records(tmp_path / "rows.csv", "0,1,2,a\n2,1,0,b\n0,2,4,a\n3,2,1,b\n")
    assert only(found.labels) == ("a", "b", "a", "b")


@pytest.mark.parametrize("labels", [LABELS, ["a", "b", "b", "a"]])
@pytest.mark.parametrize("place", ["first", "last"])
def test_rows_to_predict_need_no_label(tmp_path, place, labels):
    path = tmp_path / "rows.csv"
    layout, _ = layout_and_records(path, written(",", place, labels))
    other = tmp_path / "other.csv"
    other.write_text("".join(f"{','.join(map(str, row))}\n" for row in ROWS[:2]))
    found = layout.read(other, Sequences(path=str(path)))
    assert only(found.labels) == ()
    assert found.values[:, 0].tolist() == np.ravel(ROWS[:2]).tolist()
    other.write_text(written(",", place, labels))
    assert only(layout.read(other, Sequences(path=str(path))).labels) == tuple(labels)


@pytest.mark.parametrize(
    ("text", "settings", "reason"),
    [
        (
            "1,2,3,4\n1,5,6,4\n2,7,8,3\n2,9,1,3\n",
            {},
            "the first and the last cell of each row may be its label",
        ),
        ("1.5,2,3.5\n2.5,3,4.5\n", {}, "neither the first nor the last cell"),
        ("1,2,a\n2,3,b\n", {"label": "kind"}, "data.label=kind must be first or last"),
        ("1,2,a\n2,x,b\n", {}, "line 2: number 2 is 'x', which is no number"),
        ("v1,v2,kind\n2,3,b\n", {"label": "knd"}, "the header has no column 'knd'; did you mean 'kind'"),
        ("v1,v2,label\n2,3,b,4\n", {}, "line 2: 4 cells where the header names 3 columns"),
        ("v1,v2,label\n", {}, "there is no row below the header"),
        ("1,2,a\n2,3,b\n", {"group": "speaker"}, "data.group names a column, and the file has no header"),
        ("", {}, "there is no sequence"),
    ],
)
def test_what_is_not_clear_is_refused(tmp_path, text, settings, reason):
    with pytest.raises(DataError, match=rf"rows\.csv.*{reason}"):
        layout_and_records(tmp_path / "rows.csv", text, **settings)
