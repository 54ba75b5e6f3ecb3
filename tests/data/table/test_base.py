"""Columns of a table: numbers as the dialect writes them, and the cells that are none."""

import re

import numpy as np
import pytest

from seqlab.data.table import base as module
from seqlab.data.table.base import Table
from seqlab.data.table.dialect import Dialect
from seqlab.data.table.opening import open_table
from seqlab.errors import DataError


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file and opens it as a table of the user's own."""

    def write(content: str, *, is_own: bool = True, **settings: object) -> Table:
        path = tmp_path / "table.csv"
        path.write_text(content, encoding="utf-8")
        return open_table(path, Dialect(**settings), is_own=is_own)

    return write


def numbers(table: Table, *names: str) -> np.ndarray:
    return np.concatenate([chunk.numbers for chunk in table.chunks(names)])


def test_chunks_hold_numbers_words_and_lines_in_the_order_asked_for(file, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 2)
    table = file("when,x,y\n a ,1,2\nb,,-4e1\n\nc, 5 ,NA\n")
    chunks = list(table.chunks(["y", "x"], words=["when"]))
    assert [chunk.lines.tolist() for chunk in chunks] == [[2, 3], [5]]
    assert [chunk.words[0].tolist() for chunk in chunks] == [["a", "b"], ["c"]]
    found = np.concatenate([chunk.numbers for chunk in chunks])
    np.testing.assert_array_equal(found, [[2, 1], [-40, np.nan], [np.nan, 5]])
    assert found.dtype == np.float64


def test_decimal_commas_are_read_as_such(file):
    table = file("a;b\n2,25;-1,5e3\n7;,5\n", separator="semicolon", decimal="comma")
    np.testing.assert_array_equal(numbers(table, "a", "b"), [[2.25, -1500], [7, 0.5]])


def test_own_words_for_missing_come_besides_the_usual_ones(file):
    table = file("a\n?\nNA\n-\n3\n", missing=("?", "-"))
    np.testing.assert_array_equal(numbers(table, "a").ravel(), [np.nan, np.nan, np.nan, 3])


@pytest.mark.parametrize(
    ("cell", "settings", "reason"),
    [
        ("2,5", {}, "no finite number; write decimals with a point, or set data.decimal=comma"),
        ("2.5", {"decimal": "comma"}, "with data.decimal=comma a number has no point"),
        ("1.234,5", {"decimal": "comma"}, "with data.decimal=comma a number has no point"),
        ("?", {}, "data.missing=[?] takes it for missing"),
        ("n/a", {}, "data.missing=[n/a] takes it for missing"),
        ("5 kg", {}, "fix or empty the cell"),
        ("inf", {}, "no finite number"),
        ("1e300", {}, "no finite number; fix or empty the cell"),
    ],
)
def test_a_cell_that_is_no_number_is_named_with_the_setting_that_helps(cell, settings, reason, file):
    table = file(f"a;b\n1;1\n2;{cell}\n", separator="semicolon", **settings)
    with pytest.raises(DataError, match=r"table\.csv, line 3: column 'b' is ") as error:
        numbers(table, "a", "b")
    assert reason in str(error.value)
    assert error.value.column == "b"
    assert "data.features" not in str(error.value)


def test_no_setting_is_advised_for_a_file_that_has_none(file):
    for cell in ("2,5", "?"):
        with pytest.raises(DataError, match=re.escape(f"column 'a' is '{cell}'")) as error:
            numbers(file(f"a;b\n{cell};1\n", separator="semicolon", is_own=False), "a")
        assert "data." not in str(error.value)
