"""Files as they are found: packed, in other encodings, of other kinds: each read, or answered in a line."""

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from seqlab.data import Series
from seqlab.data.source import named_file
from seqlab.data.table import content, json_table
from seqlab.data.table.base import Table
from seqlab.data.table.dialect import Dialect
from seqlab.data.table.opening import open_table
from seqlab.errors import DataError

TABLE = "when,x\n2020-01-01,1.5\n2020-01-02,é\n"
CELLS = [["2020-01-01", "1.5"], ["2020-01-02", "é"]]


def cells(table: Table) -> list[list[str]]:
    return [row.cells for row in table.rows()]


def refused(path: Path, **settings: object) -> str:
    """Return the line with which a file is refused, also if only its rows are wrong."""
    with pytest.raises(DataError) as error:
        cells(open_table(path, Dialect(**settings), is_own=True))
    message = str(error.value)
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1
    return message


def zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, read in members:
            archive.writestr(name, read)
    return packed.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_table_is_read_as_what_is_in_it(pack, tmp_path):
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "t.packed").write_bytes(pack(TABLE.encode()))
    packed = open_table(tmp_path / "t.packed")
    assert cells(packed) == CELLS
    assert packed.fingerprint() == open_table(tmp_path / "t.csv").fingerprint()
    (tmp_path / "cut.packed").write_bytes(pack(TABLE.encode() * 99)[:-9])
    assert "is damaged" in refused(tmp_path / "cut.packed")


def test_what_is_in_a_packed_file_says_how_it_is_read(tmp_path):
    (tmp_path / "t.tsv.gz").write_bytes(gzip.compress(b"a\tb\n1\t2\n"))
    assert open_table(tmp_path / "t.tsv.gz").header == ["a", "b"]
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(b'{"a": 1}\n'))
    assert open_table(tmp_path / "t.jsonl.gz").header == ["a"]
    (tmp_path / "z.zip").write_bytes(zipped(("README.txt", b"about"), ("in/t.tsv", b"a\tb\n1\t2\n")))
    assert cells(open_table(tmp_path / "z.zip")) == [["1", "2"]]
    (tmp_path / "twice.gz").write_bytes(gzip.compress(gzip.compress(b"a\n1\n")))
    assert "packed twice" in refused(tmp_path / "twice.gz")


@pytest.mark.parametrize(("separator", "mark"), [(None, "\t"), ("comma", ","), ("semicolon", ";")])
def test_a_separator_that_is_set_is_that_of_a_tsv_too(separator, mark, tmp_path):
    (tmp_path / "t.tsv").write_text(TABLE.replace(",", mark), encoding="utf-8")
    assert cells(open_table(tmp_path / "t.tsv", Dialect(separator=separator))) == CELLS


def test_a_pipe_is_refused_before_it_is_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "63").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "63"):
        said = refused(path)
        assert said == f"{path} is a pipe, which can be read only once; write it to a file"
        with pytest.raises(DataError, match=f"{path.name} is a pipe"):
            Series(path=str(path), targets=["x"])
        with pytest.raises(DataError, match="is a pipe"):
            named_file(str(path), setting="FILE")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_bomb_is_refused_before_it_goes_off(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(content, "SMALL", 2**10)
    (tmp_path / "bomb").write_bytes(pack(b"a\n" + b"1\n" * 2**20))
    assert "do not trust it" in refused(tmp_path / "bomb")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_utf_16_is_known_by_its_mark_or_its_setting(encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(TABLE.encode(encoding))
    if encoding in ("utf-16-le", "utf-16-be"):
        assert f"set data.encoding={encoding}, which fits" in refused(path)
    table = open_table(path, Dialect(encoding=encoding if encoding.endswith("e") else "utf-8"))
    assert (table.header, cells(table)) == (["when", "x"], CELLS)
    path.write_bytes("﻿".encode("utf-16-be") + TABLE.encode("utf-16-be"))
    assert cells(open_table(path)) == CELLS
    path.write_bytes(TABLE.encode("utf-16")[:-1])
    assert "is not UTF-16" in refused(path)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Grüße aus Köln – 5 €", "cp1252"),
        ("café à côté", "cp1252"),
        ("这本书很好，推荐给大家", "gb18030"),
        ("Очень хорошая книга", "cp1251"),
    ],
)
def test_the_hint_names_an_encoding_that_fits(text, encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(f"a,b\nplain,1\n{text},2\n".encode(encoding))
    assert "line 3: not UTF-8: byte 0x" in (message := refused(path))
    assert f"or set data.encoding={encoding}, which fits" in message
    assert cells(open_table(path, Dialect(encoding=encoding)))[1] == [text, "2"]


def test_bytes_that_no_encoding_fits_get_no_hint(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b\n\x81\x8d\xff ,1\n")
    assert refused(tmp_path / "t.csv").endswith("convert the file to UTF-8")


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "such as .xls; save the table as CSV"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"SQLite format 3\0", "a database of SQLite"),
        (b"\x80\4\x95\x10", "a pickle, which can run code"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x28\xb5\x2f\xfd", "packed with zstd"),
        (b"<!DOCTYPE html>\n<html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"{\n", "one JSON object"),
    ],
)
def test_a_file_that_is_no_table_is_known_by_its_first_bytes(start, what, tmp_path):
    for name in ("t.csv", "t.txt", "t"):
        (tmp_path / name).write_bytes(start + b"rest" * 200)
        message = refused(tmp_path / name)
        assert what in message
        assert "encoding" not in message


def test_a_spreadsheet_and_a_tar_archive_are_known(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b"")))
    assert "is a spreadsheet; save it as CSV" in refused(tmp_path / "t.xlsx")
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("t.csv"))
    assert "is a tar archive" in refused(tmp_path / "t.tar.gz")


def test_json_lines_and_a_list_of_objects_are_the_same_table(tmp_path):
    objects = [
        {"text": "good", "stars": 5, "price": 1.5, "tags": ["a", "b"]},
        {"text": "bad\n", "stars": None, "new": True},
        {"price": float("nan"), "tags": []},
    ]
    (tmp_path / "t.jsonl").write_text("\n\n".join(map(json.dumps, objects)), encoding="utf-8")
    (tmp_path / "t.json").write_text(json.dumps(objects, indent=1), encoding="utf-8")
    lines, listed = (open_table(tmp_path / name) for name in ("t.jsonl", "t.json"))
    assert lines.header == listed.header == ["text", "stars", "price", "tags", "new"]
    assert cells(lines) == cells(listed)
    assert cells(lines) == [
        ["good", "5", "1.5", '["a", "b"]', ""],
        ["bad\n", "", "", "", "True"],
        ["", "", "", "[]", ""],
    ]
    assert [row.line for row in lines.rows()] == [1, 3, 5]
    (chunk,) = listed.chunks(["stars", "price"])
    np.testing.assert_array_equal(chunk.numbers, [[5, 1.5], [np.nan, np.nan], [np.nan, np.nan]])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("t.jsonl", '{"a": 1}\n{"a"\n{"a": 2}\n', "line 2: not JSON in UTF-8"),
        ("t.jsonl", '{"a": 1}\n[1]\n', "line 2: not a JSON object"),
        ("t.jsonl", "", "line 1: there is no object with keys"),
        ("t.jsonl", '{"a": "\\ud800"}', "line 1: 'a' has half of a surrogate pair"),
        ("t.json", '[{"a": 1}, 2]', "object 2: not a JSON object"),
        ("t.json", '[{"a": 1}', "object 1: not JSON"),
        ("t.json", "[]", "object 1: there is no object with keys"),
        ("t.jsonl", "[" * 10**5 + "\n{}", "line 1: not JSON"),
    ],
)
def test_json_that_is_no_table_is_refused_with_its_line(name, content, reason, tmp_path):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert reason in refused(tmp_path / name)


def test_keys_that_come_late_are_left_out_and_said_and_a_cut_off_line_too(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(json_table, "NAMING", 1)
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n{"a": 2, "b": 3}\n{"a": 4, "c"', encoding="utf-8")
    (chunk,) = open_table(tmp_path / "t.jsonl").chunks(["a"], may_break_off=True)
    assert chunk.numbers.ravel().tolist() == [1, 2]
    assert "left out what the first 1 objects lack: b" in caplog.text
    assert "line 3: 1 row is cut off and was left out" in caplog.text


def test_arrays_are_columns(tmp_path):
    times = np.array(["2020-01-01", "2020-01-02T03:04:05.000006", "NaT"], "datetime64[us]")
    words = np.array(["a", "b", "ç"])
    np.savez(
        tmp_path / "t.npz",
        when=times,
        word=words,
        x=np.array([1, 2, 3]),
        y=np.array([[1.5, np.nan, 3], [4, 5, 6]]).T,
    )
    table = open_table(tmp_path / "t.npz")
    assert table.header == ["when", "word", "x", "y_0", "y_1"]
    (chunk,) = table.chunks(["y_1", "x", "y_0"], words=["when", "word"])
    np.testing.assert_array_equal(chunk.numbers, [[4, 1, 1.5], [5, 2, np.nan], [6, 3, 3]])
    np.testing.assert_array_equal(chunk.words[0], times)
    assert chunk.words[1].tolist() == words.tolist()
    assert cells(table)[:2] == [
        ["2020-01-01T00:00:00.000000", "a", "1", "1.5", "4.0"],
        ["2020-01-02T03:04:05.000006", "b", "2", "", "5.0"],
    ]
    np.save(tmp_path / "t.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    (chunk,) = open_table(tmp_path / "t.npy").chunks(["0", "2"])
    np.testing.assert_array_equal(chunk.numbers, [[0, 2], [3, 5]])
    with pytest.raises(DataError, match=r"row 1: column 'word' is 'a', which is no finite number"):
        list(table.chunks(["word"]))


def test_hostile_arrays_are_refused(tmp_path):
    path = tmp_path / "t.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "objects of Python, which could run code" in refused(path)
    np.savez(tmp_path / "t.npz", a=np.array([None]))
    assert "objects of Python" in refused(tmp_path / "t.npz")
    np.save(path, np.arange(4.0))
    path.write_bytes(path.read_bytes().replace(b"(4,), }" + b" " * 9, b"(4444444444,), }"))
    assert "damaged" in refused(path)
    path.write_bytes(b"\x93NUMPY" + b"\1\0\x10\0" + b"__import__('os') ")
    assert "cannot be read" in refused(path)
    np.savez(tmp_path / "three.npz", x=np.zeros((2, 3, 4)))
    assert "shape (2, 3, 4), which is no table" in refused(tmp_path / "three.npz")
    np.savez(tmp_path / "long.npz", x=np.zeros(3), y=np.zeros(4))
    assert "the columns of a table have one length, at least 1; found x 3, y 4" in refused(
        tmp_path / "long.npz"
    )


def test_a_npz_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("seqlab.data.table.arrays.SMALL", 2**10)
    np.savez_compressed(tmp_path / "bomb.npz", x=np.zeros(2**22))
    assert "do not trust it" in refused(tmp_path / "bomb.npz")
