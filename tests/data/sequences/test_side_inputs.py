"""What a cell reads beside x, out of the columns of sequences."""

from datetime import date, timedelta

import numpy as np
import pytest

from seqlab.data import Sequences
from seqlab.errors import DataError

ROWS = [  # id, t, p, q, start, label
    ("a", 0, 1.5, 2, 1, "sit"),
    ("a", 2, 2.5, "", 0, "sit"),
    ("a", 3, 3.5, 4, 0, "sit"),
    ("b", 7, 4.5, "", 1, "walk"),
    ("b", 13, 5.5, 6, 0, "walk"),
]
SOURCES = {"dt": "diff:t", "reset": "start", "mask": "mask"}


def written(path, rows, time=str):
    lines = [",".join(map(str, (row[0], time(row[1]), *row[2:]))) for row in rows]
    path.write_text("\n".join(["id,t,p,q,start,label", *lines]) + "\n", encoding="utf-8")
    return path


def data_of(tmp_path, time=str, **settings):
    copies = [(f"{row[0]}{copy}", *row[1:]) for copy in range(20) for row in ROWS]
    path = written(tmp_path / "a.csv", copies, time)
    return Sequences(path=str(path), **{"side_inputs": SOURCES, **settings}), path


def seconds(number):
    return f"2024-02-29T00:00:{number:02}"


def days(number):
    return f"{date(2024, 2, 24) + timedelta(number):%Y%m%d}"  # over the end of a month


@pytest.mark.parametrize(("time", "unit"), [(str, 1), (seconds, 1), (days, 86400)])
def test_columns_become_the_last_channels_in_training_and_prediction(tmp_path, time, unit):
    data, path = data_of(tmp_path, time)
    spec, samples, _ = data.load()
    assert spec.features == ("p", "q", "x.dt", "x.reset", "x.mask p", "x.mask q")
    assert spec.side_inputs == {"dt": 1, "reset": 1, "mask": 2}
    settings, mean = spec.sequences, (2 + 1 + 6) / 3
    assert settings.means[2:] == (0, 0, 0, 0)
    np.testing.assert_allclose(settings.scales[2:], (mean * unit, 1, 1, 1))
    asked = spec.unlabelled(data, [], path).samples
    scaled = settings.scaled(asked.values.numpy())
    expected = [  # the first step is as far from the one before as steps are on average
        [1, 1, 1, 1],
        [2 / mean, 0, 1, 0],
        [1 / mean, 0, 1, 1],
        [1, 1, 1, 0],
        [6 / mean, 0, 1, 1],
    ]
    np.testing.assert_allclose(scaled[:5, 2:], expected, rtol=1e-6)
    assert sorted(map(tuple, samples["train"].values.tolist())) == sorted(map(tuple, scaled.tolist()))


def test_missing_numbers_that_are_told_of_are_those_of_x(tmp_path, caplog):
    data, _ = data_of(tmp_path)
    data.load()
    assert "40 of 200 numbers are missing" in caplog.text


def test_the_column_of_a_side_input_is_read_beside_those_of_features(tmp_path):
    data, _ = data_of(tmp_path, features=["q"], side_inputs={"dt": "t"})
    spec = data.load().spec
    assert (spec.features, spec.side_inputs) == (("q", "x.dt"), {"dt": 1})
    assert spec.sequences.means[1:] == (0,)
    assert spec.sequences.scales[1:] == (1,)


@pytest.mark.parametrize(
    ("rows", "sources", "message"),
    [
        (ROWS, {"dt": "diff:time"}, "has no column 'time'; there are: id, label, p"),
        (ROWS, {"reset": "q"}, r"a.csv, a, step 2: 'q' is missing; data.side_inputs needs it at every step"),
        (ROWS, {"dt": "diff:start"}, r"a.csv, a, step 2: 'start' goes back; sort the rows"),
        (ROWS, {"a": "p", "b": "q", "c": "start"}, "data.side_inputs leaves no column for x"),
    ],
)
def test_what_is_no_side_input_is_told_in_one_line(tmp_path, rows, sources, message):
    path = written(tmp_path / "a.csv", rows)
    with pytest.raises(DataError, match=message) as raised:
        Sequences(path=str(path), side_inputs=sources).load()
    assert len(str(raised.value).splitlines()) == 1


def test_channels_without_names_are_numbered(tmp_path):
    x = np.random.default_rng(0).normal(size=(20, 3, 2))
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(20) % 2)
    given = {"path": str(tmp_path / "a.npz")}
    assert Sequences(**given, side_inputs={"k": "channel 2"}).load().spec.features == ("channel 1", "x.k")
    with pytest.raises(DataError, match=r"data.side_inputs has 'c', which is no column; .*channel 1"):
        Sequences(**given, side_inputs={"k": "c"}).load()
