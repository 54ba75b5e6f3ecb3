"""The tables of a run are read strictly."""

import math

import pytest

from seqlab.comparison.files import read_table, to_number
from seqlab.errors import RunError


def test_columns_in_the_order_asked_with_quotes_and_long_cells(tmp_path):
    file = tmp_path / "a.csv"
    long = "x" * 200_000
    file.write_text(f'a,b,c\n1,"two, ""quoted""",3\n4,{long},6\n', encoding="utf-8")
    assert read_table(file, ("c", "b")) == [("3", 'two, "quoted"'), ("6", long)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "a.csv is missing"),
        ("", "a.csv has no column 'a'"),
        ("b\n1\n", "a.csv has no column 'a'"),
        ("a,b\n1,2\n3", "a.csv, line 3 is damaged or cut off"),
        (b"a,b\n\xff,1\n", "a.csv cannot be read"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, words):
    file = tmp_path / "a.csv"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RunError, match=words):
        read_table(file, ("a",))


def test_an_empty_cell_is_no_number():
    assert math.isnan(to_number(""))
    assert to_number("-1.5e3") == -1500
