"""A row a step, with an id."""

import pytest

from seqlab.data import Sequences
from seqlab.data.sequences.layouts import layout_of
from seqlab.data.sequences.long import Long
from seqlab.errors import DataError

TABLE = """\
id,t,ax,ay,activity
a,0,0.5,1,sit
a,1,1.5,2,sit
b,0,2.5,3,walk
b,1,3.5,,walk
b,2,4.5,5,walk
c,0,6,7,sit
"""
SHUFFLED = """\
id,t,ax,ay,activity
b,2,4.5,5,walk
a,1,1.5,2,sit
b,0,2.5,3,walk
c,0,6,7,sit
a,0,0.5,1,sit
b,1,3.5,,walk
"""


def only(labels):
    """Return the only label of each sequence."""
    return tuple(label for (label,) in labels)


def layout_and_records(path, text, **settings):
    path.write_text(text, encoding="utf-8")
    data = Sequences(path=str(path), **settings)
    layout = Long.recognised(path, data)
    return layout, layout.read(path, data)


def test_columns_are_recognised(tmp_path):
    layout, found = layout_and_records(tmp_path / "long.csv", TABLE)
    assert (layout.series_id, layout.time, layout.labels) == ("id", "t", ("activity",))
    assert found.channels == ("ax", "ay")
    assert found.names == ("a", "b", "c")
    assert only(found.labels) == ("sit", "walk", "sit")
    assert found.lengths.tolist() == [2, 3, 1]
    assert found.values[:, 0].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 6]
    assert found.values[2:5, 1].tolist()[::2] == [3, 5]


def test_rows_are_sorted_by_their_time_within_their_sequence(tmp_path):
    _, found = layout_and_records(tmp_path / "long.csv", SHUFFLED)
    assert found.names == ("b", "a", "c")
    assert found.lengths.tolist() == [3, 2, 1]
    assert found.values[:, 0].tolist() == [2.5, 3.5, 4.5, 0.5, 1.5, 6]


def test_without_a_time_rows_are_as_they_stand(tmp_path):
    layout, found = layout_and_records(tmp_path / "long.csv", SHUFFLED, time=None, features=["ax"])
    assert layout.time == ""
    assert found.values[:, 0].tolist() == [4.5, 2.5, 3.5, 1.5, 0.5, 6]


def test_times_of_the_calendar_sort_too(tmp_path):
    days = {"0": "2024-01-31", "1": "2024-02-01", "2": "2024-10-01"}
    lines = [line.split(",") for line in SHUFFLED.splitlines()]
    text = "\n".join(",".join([row[0], days.get(row[1], row[1]), *row[2:]]) for row in lines)
    _, found = layout_and_records(tmp_path / "long.csv", text)
    assert found.values[:, 0].tolist() == [2.5, 3.5, 4.5, 0.5, 1.5, 6]


def test_other_names_are_settings(tmp_path):
    text = TABLE.replace("id,t,ax,ay,activity", "run,when,ax,ay,y")
    layout, found = layout_and_records(
        tmp_path / "long.csv", text, series_id="run", time="when", label="y", features="ay", missing="?"
    )
    assert (layout.columns, only(found.labels)) == (("ay",), ("sit", "walk", "sit"))


def test_a_group_is_a_column(tmp_path):
    rows = [
        f"{row},{'who' if not n else 'bob' if row[0] == 'b' else 'ann'}"
        for n, row in enumerate(TABLE.split())
    ]
    _, found = layout_and_records(tmp_path / "long.csv", "\n".join(rows), group="who", label="activity")
    assert found.groups == ("ann", "bob", "ann")
    assert found.channels == ("ax", "ay")


def test_rows_to_predict_need_no_label(tmp_path):
    layout, _ = layout_and_records(tmp_path / "long.csv", TABLE)
    other = tmp_path / "other.csv"
    other.write_text("\n".join(row.rpartition(",")[0] for row in TABLE.split()))
    found = layout.read(other, Sequences(path=str(other)))
    assert (only(found.labels), found.lengths.tolist()) == ((), [2, 3, 1])


@pytest.mark.parametrize(
    ("old", "new", "settings", "reason"),
    [
        (
            "b,2,4.5,5,walk",
            "b,2,4.5,5,sit",
            {"label": "activity"},
            "line 6: 'activity' differs from that of the sequence's first row",
        ),
        ("b,2,", "b,1,", {}, "line 6: another row of the same sequence has this 't' too"),
        ("b,2,", "b,soon,", {}, "line 6: 't' is no number and no time"),
        ("b,2,", ",2,", {}, "line 6: the id of the sequence is missing"),
        ("4.5,5", "x,5", {}, "line 6: column 'ax' is 'x', which is no finite number"),
        ("id,t", "run,t", {}, "set data.series_id to the column of ids; there are 'run', 't'"),
        ("", "", {"label": "act"}, "the header has no column 'act'; did you mean 'activity'"),
        (
            "b,2,4.5,5,walk",
            "b,2,4.5,5,sit",
            {"time": "t", "series_id": "id", "features": ["ax"]},
            "no column is the same",
        ),
        (
            *("", "", {"features": ["ax", "ay", "activity"], "label": "t"}),
            r"words, not numbers, are in: activity; read the others: 'data\.features=\[ax,ay\]'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, old, new, settings, reason):
    with pytest.raises(DataError, match=rf"long\.csv.*{reason}"):
        layout_and_records(tmp_path / "long.csv", TABLE.replace(old, new, 1), **settings)


def test_all_columns_of_words_are_named_at_once(tmp_path):
    table = TABLE.replace("id,t", "id,side,sky,t").replace("\na,", "\na,left,grey,")
    table = table.replace("\nb,", "\nb,right,blue,").replace("\nc,", "\nc,left,blue,")
    with pytest.raises(DataError, match=r"words, not numbers, are in: side,sky; read .*features=\[ax,ay\]"):
        layout_and_records(tmp_path / "long.csv", table, label="activity")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TABLE, "long"),
        ("id,v1,v2,label\n1,2,3,a\n2,3,4,b\n", "named"),
        ("v1,v2,label\n2,3,a\n3,4,b\n", "named"),
        ("1,2,a\n3,4,b\n", "wide"),
    ],
)
def test_ids_that_repeat_make_a_table_long(tmp_path, text, expected):
    path = tmp_path / "table.csv"
    path.write_text(text)
    assert layout_of(path, Sequences(path=str(path))).name == expected


@pytest.mark.parametrize("label", ["kind", "activity"])
def test_steps_without_an_id_that_is_recognised_are_no_sequences(tmp_path, label):
    text = TABLE.replace("id,t,ax,ay,activity", f"walk,t,ax,ay,{label}").replace(
        "c,0,6,7,sit", "c,0,6,7,sit\nc,1,6,8,sit"
    )
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(
        DataError, match=r"have the same 'walk', as steps .* set data.series_id=walk; or data.layout=wide"
    ):
        layout_of(path, Sequences(path=str(path), label=label))
    path.write_text(text.partition("\n")[2].replace("a,", "0,").replace("b,", "1,").replace("c,", "2,"))
    with pytest.raises(
        DataError, match=r"set data.series_id=0 data.layout=long data.header=false; or data.layout=wide"
    ):
        layout_of(path, Sequences(path=str(path)))
    assert layout_of(path, Sequences(path=str(path), layout="wide")).name == "wide"


def test_rows_in_the_order_of_their_classes_are_sequences(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("".join(f"{n // 5},{n % 3},{n * 0.1},{n % 2}.5\n" for n in range(10)))
    assert layout_of(path, Sequences(path=str(path))).name == "wide"
