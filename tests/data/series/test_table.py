"""Measurements from a CSV file: numbers, times, sentinels, order, repeated rows."""

import logging
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from seqlab.data.series.spec import ISO
from seqlab.data.series.table import Measured, read_measured
from seqlab.data.series.times import Clock
from seqlab.data.table import base as table_module
from seqlab.data.table.delimited import Delimited
from seqlab.errors import DataError

NAN = float("nan")


@pytest.fixture
def read(tmp_path):
    """Return ``read_measured`` of a text whose time column is t and whose columns are a and b."""

    def from_text(text: str, columns=("a",), time_formats=(ISO,), **settings) -> Measured:
        (tmp_path / "series.csv").write_text(text, encoding="utf-8")
        table = Delimited(tmp_path / "series.csv", is_own=True)
        return read_measured(table, Clock(["t"], time_formats), columns, **settings)

    return from_text


def stamps(*times: str) -> list[pd.Timestamp]:
    return [pd.Timestamp(time) for time in times]


def test_a_file_is_read_as_pandas_reads_it(tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "other": ["text"] * 300,
            "b": random.normal(size=300),
            "t": pd.date_range("2019-12-30 22:10", periods=300, freq="17min").astype(str),
            "a": random.normal(size=300) * 1e6,
        }
    )
    frame.loc[[3, 200], "a"] = NAN
    frame.to_csv(tmp_path / "series.csv", index=False)
    found = read_measured(Delimited(tmp_path / "series.csv"), Clock(["t"]), ("a", "b"))
    again = pd.read_csv(tmp_path / "series.csv")
    assert found.columns == ("a", "b")
    np.testing.assert_allclose(found.numbers, again[["a", "b"]].to_numpy(), rtol=1e-15)
    expected = pd.to_datetime(again["t"]).to_numpy("datetime64[us]")
    np.testing.assert_array_equal(found.times, expected)


def test_the_pieces_that_a_long_file_is_read_in_leave_no_seam(read, monkeypatch):
    times = pd.date_range("2020-01-01", periods=23, freq="h").astype(str)
    text = "t,a\n" + "".join(f"{time},{number / 7}\n" for number, time in enumerate(times))
    whole = read(text)
    monkeypatch.setattr(table_module, "CHUNK", 5)
    found = read(text)
    np.testing.assert_array_equal(found.times, whole.times)
    np.testing.assert_array_equal(found.numbers[:, 0], np.arange(23) / 7)


@pytest.mark.parametrize(
    ("written", "format_", "meant"),
    [
        ("2020-03-04 05:06:07", ISO, "2020-03-04 05:06:07"),
        ("2020-03-04T05:06", ISO, "2020-03-04 05:06"),
        ("2020-03-04T05:06:00Z", ISO, "2020-03-04 05:06"),
        ("2020-03-04T05:06+02:00", ISO, "2020-03-04 03:06"),
        ("2020-03-04", ISO, "2020-03-04"),
        (" 2020-03-04 ", ISO, "2020-03-04"),
        ("04.03.2020 05:06:07", "%d.%m.%Y %H:%M:%S", "2020-03-04 05:06:07"),
        ("03/04/20 5 PM", "%m/%d/%y %I %p", "2020-03-04 17:00"),
        ("1969-12-31 23:59:58", ISO, "1969-12-31 23:59:58"),
    ],
)
def test_times_are_read_in_their_format(read, written, format_, meant):
    found = read(f"t,a\n{written},1\n", time_formats=(format_,))
    assert found.times.tolist() == stamps(meant)


def test_the_first_format_that_reads_the_first_row_is_taken_for_all(read):
    formats = ("%d.%m.%Y %H:%M", ISO)
    assert read("t,a\n2020-03-04 05:06,1\n", time_formats=formats).times.tolist() == stamps(
        "2020-03-04 05:06"
    )
    assert read("t,a\n04.03.2020 05:06,1\n", time_formats=formats).times.tolist() == stamps(
        "2020-03-04 05:06"
    )
    with pytest.raises(DataError, match=r"line 3: column 't' is '2020-03-05 00:00'.*%d\.%m\.%Y"):
        read("t,a\n04.03.2020 05:06,1\n2020-03-05 00:00,2\n", time_formats=formats)


def test_days_and_months_are_not_guessed(read):
    with pytest.raises(DataError, match=r"line 2: column 't' is '04\.03\.2020'.*data\.time_format"):
        read("t,a\n04.03.2020,1\n")


@pytest.mark.parametrize("cell", ["", " ", "NA", "N/A", "NaN", "nan", "null", "NULL"])
def test_what_is_empty_is_missing(read, cell, caplog):
    found = read(f"t,a,b\n2020-01-01,{cell},1\n2020-01-02,2,3\n", ("a", "b"))
    np.testing.assert_array_equal(found.numbers, [[NAN, 1], [2, 3]])
    assert "a: 1 values are missing (1 blank, 0 sentinels)" in caplog.text


def test_sentinels_are_missing_and_counted_apart(read, caplog):
    rows = "2020-01-01,-9999.00,1\n2020-01-02,,-1\n2020-01-03,-9999,999\n2020-01-04,3,-9999.5\n"
    found = read(f"t,a,b\n{rows}", ("a", "b"), sentinels=(-9999, 999))
    np.testing.assert_array_equal(found.numbers, [[NAN, 1], [NAN, -1], [NAN, NAN], [3, -9999.5]])
    assert "a: 3 values are missing (1 blank, 2 sentinels)" in caplog.text
    assert "b: 1 values are missing (0 blank, 1 sentinels)" in caplog.text


def test_without_sentinels_every_number_counts(read, caplog):
    assert read("t,a\n2020-01-01,-9999\n").numbers.tolist() == [[-9999]]
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("warm", "data.missing=[warm] takes it for missing; or fix the cell"),
        ("'1,5'", "write decimals with a point"),
        ("inf", "no finite number"),
        ("1e999", "no finite number"),
    ],
)
def test_a_cell_that_is_no_number_is_named(read, cell, words):
    cell = cell.replace("'", '"')
    with pytest.raises(DataError, match=r"line 3: column 'a' is") as error:
        read(f"t,a\n2020-01-01,1\n2020-01-02,{cell}\n")
    assert words in str(error.value)


def test_rows_out_of_order_are_sorted_with_all_their_cells(read, caplog):
    random = np.random.default_rng(1)
    order = random.permutation(60)
    times = pd.date_range("2020-01-01", periods=60, freq="h").astype(str)
    rows = "".join(f"{times[place]},{place},{-place}\n" for place in order)
    found = read(f"t,a,b\n{rows}", ("b", "a"))
    assert found.numbers.tolist() == [[-place, place] for place in range(60)]
    assert (np.diff(found.times) == np.timedelta64(1, "h")).all()
    late = sum(after < before for before, after in pairwise(order))
    assert re.search(rf": {late} rows .*sorted", caplog.text)


def test_equal_rows_of_one_time_are_counted_once(read, caplog):
    rows = "2020-01-01,1,\n2020-01-02,2,5\n2020-01-01,1,\n2020-01-02,2,5\n2020-01-02,2,5\n"
    found = read(f"t,a,b\n{rows}", ("a", "b"))
    np.testing.assert_array_equal(found.numbers, [[1, NAN], [2, 5]])
    assert found.times.tolist() == stamps("2020-01-01", "2020-01-02")
    assert "3 rows repeat an earlier time" in caplog.text


def test_rows_of_one_time_that_differ_are_an_error_that_names_both(read):
    with pytest.raises(
        DataError, match=r"line 4: the same time as line 2 with other values.*duplicates=first"
    ):
        read("t,a,b\n2020-01-02,1,2\n2020-01-01,0,0\n2020-01-02,1,3\n", ("a", "b"))


def test_rows_that_differ_only_in_what_is_not_read_do_not_contradict_each_other(read):
    found = read("t,a,b\n2020-01-01,1,2\n2020-01-01,1,3\n")
    assert found.numbers.tolist() == [[1]]


def test_a_blank_contradicts_nothing(read):
    rows = ["2020-01-01,1,2\n", "2020-01-01,1,\n", "2020-01-01,,2\n", "2020-01-01,1,2\n"]
    assert read("t,a,b\n" + "".join(rows), ("a", "b")).numbers.tolist() == [[1, 2]]


def test_a_contradiction_to_the_row_that_stays_is_found_behind_a_blank(read):
    with pytest.raises(DataError, match="the same time as line"):
        read("t,a\n2020-01-01,1\n2020-01-01,\n2020-01-01,3\n")


def test_the_first_of_several_rows_of_one_time_can_be_kept(read):
    rows = "2020-01-02,7\n2020-01-01,1\n2020-01-02,8\n2020-01-01,2\n2020-01-02,7\n2020-01-01,0\n"
    found = read(f"t,a\n{rows}", duplicates="first")
    assert found.numbers.tolist() == [[1], [7]]
    # As pandas would.
    frame = pd.DataFrame([row.split(",") for row in rows.split()], columns=["t", "a"])
    kept = frame.drop_duplicates("t", keep="first").sort_values("t")
    assert found.numbers[:, 0].tolist() == kept["a"].astype(float).tolist()


def test_sentinels_are_no_values_that_contradict(read):
    found = read("t,a\n2020-01-01,1\n2020-01-01,-9999\n", sentinels=(-9999,))
    assert found.numbers.tolist() == [[1]]


def test_a_sound_file_says_nothing(read, caplog):
    caplog.set_level(logging.INFO)
    read("t,a\n2020-01-01,1\n2020-01-02,2\n")
    assert caplog.text == ""


def test_a_last_row_that_is_cut_off_is_left_out(read, caplog):
    found = read("t,a,b\n2020-01-01,1,2\n2020-01-02,3,4\n2020-01-03,5", ("a", "b"))
    assert found.numbers.tolist() == [[1, 2], [3, 4]]
    assert "line 4: 1 row is cut off" in caplog.text


@pytest.mark.parametrize("cell", ["now", "today", "NaT", ""])
def test_words_are_no_times(read, cell):
    with pytest.raises(DataError, match=f"line 3: column 't' is '{cell}'"):
        read(f"t,a\n2020-01-01,1\n{cell},2\n")
