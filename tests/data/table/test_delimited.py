"""CSV files, read strictly: what Python's own writer has written, and every mistake with its place."""

import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlab.data.table.delimited import Delimited
from seqlab.data.table.dialect import LARGEST_CELL, SEPARATORS, Dialect
from seqlab.errors import DataError

CELL = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8)
TABLE = st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8)


@pytest.fixture
def file(tmp_path):
    """Return a function that writes a file and opens it as a table."""

    def write(content: str | bytes, *, is_own: bool = False, **settings: object) -> Delimited:
        path = tmp_path / "table.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Delimited(path, Dialect(**settings), is_own=is_own)

    return write


def rows_of(table: Delimited) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in table.rows()]


def written(rows: list[list[str]], separator: str, line_end: str) -> tuple[str, list[int]]:
    """Return a table as Python writes it, and the line on which each row begins."""
    text, lines = io.StringIO(newline=""), []
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    for row in rows:
        lines.append(text.getvalue().count("\n") + 1)
        writer.writerow(row)
    return text.getvalue(), lines


@settings(deadline=None)
@given(rows=TABLE, separator=st.sampled_from(sorted(SEPARATORS)), line_end=st.sampled_from(["\n", "\r\n"]))
def test_what_was_written_is_read_with_the_line_of_every_row(rows, separator, line_end, tmp_path_factory):
    header = ["first", "second", "third"]
    rows = [*rows, ["last", "", ""]]
    content, lines = written([header, *rows], SEPARATORS[separator], line_end)
    path = tmp_path_factory.getbasetemp() / "written.csv"
    path.write_bytes(content.encode())
    table = Delimited(path, Dialect(separator=separator))
    assert table.header == header
    found = zip(lines[1:], rows, strict=True)
    assert rows_of(table) == [(line, cells) for line, cells in found if "".join(cells).strip()]


def test_words_for_nothing_are_words_and_numbers_stay_as_they_are_written(file):
    cells = ["NA", "null", "nan", "None", "", "007", "1.0", "TRUE", "1e5", " x "]
    table = file("text,label\n" + "".join(f"{cell},a\n" for cell in cells))
    assert [row.cells[0] for row in table.rows()] == cells


def test_a_table_may_be_read_twice_and_side_by_side(file):
    table = file("a,b\n1,2\n3,4\n")
    assert list(zip(table.rows(), table.rows(), strict=True)) == [(row, row) for row in table.rows()]


@pytest.mark.parametrize("header", ["cat,label", '"cat",label', " cat , label "])
def test_a_byte_order_mark_and_blanks_are_no_part_of_a_columns_name(header, file):
    table = file(f"\ufeff{header}\nx,y\n")
    assert table.header == ["cat", "label"]
    assert table.places(["label", "cat"]) == [1, 0]


def test_a_byte_order_mark_inside_the_file_is_a_character(file):
    assert rows_of(file("a,b\n\ufeffx,y\n")) == [(2, ["\ufeffx", "y"])]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5", "latin-1"])
def test_every_encoding_is_decoded(encoding, file):
    text = "Grüße" if encoding == "latin-1" else "好書"
    assert rows_of(file(f"a,b\n{text},1\n".encode(encoding), encoding=encoding)) == [(2, [text, "1"])]


@pytest.mark.parametrize(
    "content", ["a,b\n1,2", "a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2\n\n\n", "a,b\n\n1,2"]
)
def test_line_ends_and_blank_lines_make_no_rows(content, file):
    assert [row.cells for row in file(content).rows()] == [["1", "2"]]


@pytest.mark.parametrize("member", ["inside.csv", "folder/INSIDE.CSV"])
def test_a_zip_gives_the_same_rows_and_the_same_fingerprint_as_the_file_in_it(member, file, tmp_path):
    content = '\ufeffa,b\r\n"x\r\ny",2\r\n'
    table = file(content)
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
        archive.writestr("README.txt", "about")
        archive.writestr("__MACOSX/._inside.csv", b"\0\5")
    zipped = Delimited(packed)
    assert rows_of(zipped) == rows_of(table) == [(2, ["x\r\ny", "2"])]
    assert zipped.fingerprint() == table.fingerprint() == hashlib.sha256(content.encode()).hexdigest()


@pytest.mark.parametrize("members", [[], ["a.png"], ["a.csv", "b.csv", "c.txt"]])
def test_a_zip_must_hold_one_csv(members, tmp_path):
    with zipfile.ZipFile(tmp_path / "my.zip", "w") as archive:
        for member in members:
            archive.writestr(member, "a,b\n1,2\n")
    found = ", ".join(name for name in members if name.endswith("csv")) or "none"
    with pytest.raises(
        DataError, match=rf"my\.zip must contain exactly one table \(.*\); found {found}\. Unpack"
    ):
        Delimited(tmp_path / "my.zip")


START, WIDE = "a,b\n1,2\n", "3,4,5\n"


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", 1, "the file is empty; its first line must name the columns"),
        ("\ufeff", 1, "the file is empty"),
        ("\n\n", 1, "the file is empty"),
        ("a,b\n", 1, "there is no row below the header; add data"),
        ("a,b\n\n\n", 1, "there is no row below the header"),
        (START + WIDE, 3, "3 cells where the header names 2 columns; quote cells that contain a comma"),
        (START + "3\n", 3, "1 cells where the header names 2 columns; is the row cut off"),
        (START + "\n\n" + WIDE, 5, "3 cells"),
        (START + '"x\ny\n\nz",4\n' + WIDE, 7, "3 cells"),
        (START + "x\u2028y\u0085z\x0c,4\n" + WIDE, 4, "3 cells"),
        (START.replace("\n", "\r\n") + WIDE, 3, "3 cells"),
        (START + "   \n", 3, "1 cells"),
        (START + '"x,4\n5,6\n7,8\n', 3, "a quote is not closed in the row that begins here"),
        (START + '"x"y,4\n', 3, "an unexpected quote"),
        (START + '"x\n\ny"z,4\n', 3, "an unexpected quote"),
        (START + "x\0y,4\n", 3, "a NUL character"),
        (START + '"x\ny\0",4\n', 4, "a NUL character"),
        (START + "x,4\ry,5\n", 3, "a carriage return without line feed"),
        (START.encode() + "ñ,4\n".encode("latin-1"), 3, "not UTF-8: byte 0xf1 at byte 1 of the line"),
        (START.encode() + b"x,y\xff\n", 3, "not UTF-8: byte 0xff at byte 4 of the line; convert the file"),
        (START.encode() + b'"x\n\xe4\xb9\n"', 4, "not UTF-8: byte 0xe4 at byte 1 of the line"),
        (START + "x" * (LARGEST_CELL + 1) + ",4\n", 3, "a cell has more than 1,048,576 characters"),
        (START + '"x' + "\ny" * LARGEST_CELL, 3, "a cell has more than 1,048,576 characters"),
    ],
)
def test_whatever_does_not_fit_is_an_error_with_its_line(content, line, reason, file, tmp_path):
    with pytest.raises(DataError, match=rf"table\.csv, line {line}: {re.escape(reason)}") as error:
        rows_of(file(content))
    assert str(error.value).startswith(str(tmp_path))
    assert len(str(error.value).splitlines()) == 1


def test_a_cell_may_be_as_long_as_the_limit(file):
    assert [len(row.cells[0]) for row in file("a,b\n" + "x" * LARGEST_CELL + ",2\n").rows()] == [LARGEST_CELL]


@pytest.mark.parametrize(("is_own", "is_said"), [(True, True), (False, False)])
def test_a_setting_is_advised_only_where_there_is_one(is_own, is_said, file):
    with pytest.raises(DataError) as error:
        rows_of(file("a,b\nñ,2\n".encode("latin-1"), is_own=is_own))
    assert ("data.encoding" in str(error.value)) == is_said
    with pytest.raises(DataError) as error:
        file("a;b\n1;2\n", is_own=is_own).places(["a"])
    assert ("data.separator=semicolon" in str(error.value)) == is_said
    assert "is the separator a semicolon?" in str(error.value)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("txt,label", r"the header has no column 'text'; did you mean 'txt'\? There are: label, txt"),
        ("1,2", r"the header has no column 'text'; there are: 1, 2\. The first line must name the columns"),
        ("text,text", "two columns are called 'text'; rename one"),
        ("text, text ", "two columns are called 'text'; rename one"),
        ("Text,label", "the header has no column 'text'; did you mean 'Text'"),
        ("text\tlabel", r"the header has no column 'text'; is the separator a tab\?"),
    ],
)
def test_a_column_that_is_missing_or_there_twice_is_an_error(header, reason, file):
    with pytest.raises(DataError, match=rf"line 1: {reason}"):
        file(f"{header}\n1,2\n").places(["text"])


def test_columns_that_are_not_asked_for_may_be_called_alike(file):
    assert file("a,a,,,b\n1,2,3,4,5\n").places(["b"]) == [4]


@pytest.mark.parametrize(("content", "line"), [("a,b\n1,2\n3", 3), ('a,b\n"1\n",2\n\n3', 5)])
def test_only_a_last_row_may_break_off_and_only_if_that_is_allowed(content, line, file, caplog):
    table = file(content)
    assert len(list(table.rows(may_break_off=True))) == 1
    assert f"table.csv, line {line}: 1 row is cut off and was left out" in caplog.text
    with pytest.raises(DataError, match=f"line {line}: 1 cells"):
        rows_of(table)
    for worse in ("\n5,6\n", ",4,5\n"):
        with pytest.raises(DataError, match=f"line {line}: "):
            list(file(content + worse).rows(may_break_off=True))


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_what_cannot_be_opened_is_an_error_that_names_it(what, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=rf"{what} cannot be read: .*; give a readable file"):
        Delimited(Path(tmp_path / what))


def test_without_a_header_columns_are_numbers_and_the_first_row_is_a_row(file):
    table = file("ham,Hello\nspam,Win\n", header=False)
    assert table.header == ["0", "1"]
    assert table.places(["1", "0"]) == [1, 0]
    assert rows_of(table) == [(1, ["ham", "Hello"]), (2, ["spam", "Win"])]
    with pytest.raises(
        DataError, match=r"no column '2', without a header they are numbers from 0; there are: 0, 1$"
    ):
        table.places(["2"])
    with pytest.raises(DataError, match="3 cells where the first row has 2 columns"):
        rows_of(file("a,b\nc,d,e\n", header=False))
    with pytest.raises(DataError, match=r"or set data\.header=false$"):
        file("ham,Hello\n", is_own=True).places(["1"])


def test_without_quotes_a_quote_is_a_character_and_a_row_is_a_line(file):
    content = 'a\tb\n"x\t5" disk\n\'y"\t"\n'
    assert rows_of(file(content, separator="tab", quotes="none")) == [
        (2, ['"x', '5" disk']),
        (3, ["'y\"", '"']),
    ]
    with pytest.raises(DataError, match=r"or data\.quotes=none, if quotes are characters like others"):
        rows_of(file(content, separator="tab", is_own=True))


def test_rows_of_only_empty_cells_are_passed_over_and_counted(file, caplog):
    table = file("a;b\n;\n1;2\n ; \n;3\n;\n;\n", separator="semicolon")
    assert rows_of(table) == [(3, ["1", "2"]), (5, ["", "3"])]
    assert "table.csv: 4 rows of only empty cells were passed over" in caplog.text
    with pytest.raises(DataError, match="there is no row below the header"):
        rows_of(file("a,b\n,\n"))


@pytest.mark.parametrize("content", ["a,b,,\n1,2,,\n", "a,b\n1,2,,\n", "a,b,,\n1,2\n", "a,b,\n1,2, ,\n"])
def test_separators_at_the_end_of_a_row_add_no_column(content, file):
    table = file(content)
    assert [[row.cells[place] for place in table.places(["a", "b"])] for row in table.rows()] == [["1", "2"]]


@pytest.mark.parametrize(
    "content", ["a,b,\n1\n", "a,b,\n1,2,,x\n", "a,b\n1,2,3\n", "a,b\n1,2,\n1,2\n", "a,b\n1,2\n1,2,\n"]
)
def test_a_row_that_lacks_or_adds_more_or_other_separators_than_the_first_is_refused(content, file):
    with pytest.raises(DataError, match=r"line \d: \d cells where the header names \d columns"):
        rows_of(file(content))
