"""Parquet, Feather and folders of save_to_disk: what was written is read, damage is answered in a line."""

import builtins
import json
import random
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from seqlab.data.dataset import OwnFile
from seqlab.data.table.base import Table
from seqlab.data.table.opening import open_table
from seqlab.errors import DataError

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
feather = pytest.importorskip("pyarrow.feather")

TIMES = [datetime(2020, 1, 1, 2, 3, 4, 5), None, datetime(1969, 12, 31)]
TABLE = {
    "when": TIMES,
    "day": [date(2020, 1, 1), date(2020, 1, 2), None],
    "utc": [datetime(2020, 1, 1, 12, tzinfo=UTC), None, None],
    "word": ["a", None, " ç"],
    "whole": [1, 2, 3],
    "some": [1, None, 3],
    "price": [1.5, float("nan"), None],
    "exact": [Decimal("1.25"), None, Decimal("-3.00")],
    "is_new": [True, None, False],
    "tags": [["x", "y"], [], None],
}


def arrow() -> object:
    table = pa.table(TABLE)
    place = table.schema.get_field_index("word")
    return table.set_column(place, "word", table.column("word").dictionary_encode())


def written(kind: str, folder: Path, table: object = None) -> Path:
    """Write a table as a kind of file; return its path."""
    table = arrow() if table is None else table
    path = folder / kind
    if kind == "parquet":
        parquet.write_table(table, path, row_group_size=2)
    elif kind == "feather":
        feather.write_feather(table, path, chunksize=2)
    else:
        path.mkdir()
        for number, part in enumerate((table.slice(0, 2), table.slice(2))):
            with pa.ipc.new_stream(str(path / f"data-{number}.arrow"), table.schema) as stream:
                stream.write_table(part)
        names = [{"filename": "data-0.arrow"}, {"filename": "data-1.arrow"}]
        features = {"whole": {"_type": "ClassLabel", "names": ["no", "yes", "maybe", "never"]}}
        (path / "state.json").write_text(json.dumps({"_data_files": names}), encoding="utf-8")
        (path / "dataset_info.json").write_text(json.dumps({"features": features}), encoding="utf-8")
    return path


def read(table: Table, name: str) -> list[object]:
    return [cell for chunk in table.chunks((), words=[name]) for cell in chunk.words[0].tolist()]


@pytest.mark.parametrize("kind", ["parquet", "feather", "saved"])
def test_what_was_written_is_read(kind, tmp_path):
    table = open_table(written(kind, tmp_path))
    assert table.header == list(TABLE)
    chunks = list(table.chunks(["exact", "some", "price"]))
    np.testing.assert_array_equal(
        np.concatenate([chunk.numbers for chunk in chunks]),
        [[1.25, 1, 1.5], [np.nan, np.nan, np.nan], [-3, 3, np.nan]],
    )
    assert np.concatenate([chunk.lines for chunk in chunks]).tolist() == [1, 2, 3]
    assert read(table, "when") == TIMES
    assert read(table, "day") == [datetime(2020, 1, 1), datetime(2020, 1, 2), None]
    assert read(table, "utc") == ["2020-01-01T12:00:00+00:00", "", ""]
    assert read(table, "word") == ["a", "", "ç"]
    assert read(table, "whole") == (["yes", "maybe", "never"] if kind == "saved" else ["1", "2", "3"])
    assert read(table, "is_new") == ["True", "", "False"]
    assert read(table, "tags")[:2] == ['["x", "y"]', "[]"]
    assert next(table.rows()).cells[:2] == ["2020-01-01T02:03:04.000005", "2020-01-01T00:00:00.000000"]
    with pytest.raises(DataError, match="row 1: column 'word' is 'a', which is no finite number"):
        list(table.chunks(["word"]))


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_a_damaged_file_is_an_error_and_nothing_else(kind, tmp_path):
    path = written(kind, tmp_path, pa.table({"x": list(range(50)), "y": ["word"] * 50}))
    whole, numbers = path.read_bytes(), random.Random(0)
    for length in range(8, len(whole), 40):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError):
            list(open_table(path).rows())
    for _ in range(100):
        broken = bytearray(whole)
        for _ in range(3):
            broken[numbers.randrange(8, len(broken))] = numbers.randrange(256)
        path.write_bytes(broken)
        with suppress(DataError):  # a wrong number may be a number
            list(open_table(path).rows())


def test_a_parquet_file_that_is_only_its_first_bytes_is_refused(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 4 + b"PAR1")
    with pytest.raises(DataError, match=r"t\.parquet cannot be read \(.*\); save it again$"):
        open_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("settings", [{}, {"use_dictionary": False, "compression": "zstd"}])
def test_a_parquet_file_that_unpacks_to_too_much_is_refused(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("seqlab.data.table.arrow.SMALL", 2**10)
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"x": ["0" * 2**15] * 1000}), path, **settings)
    with pytest.raises(DataError, match=r"unpacks to more than .* do not trust it"):
        list(open_table(path).rows())


def test_without_pyarrow_the_message_names_the_extra(tmp_path, monkeypatch):
    path, imported = written("parquet", tmp_path), builtins.__import__

    def without(name: str, *others: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return imported(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r"needs pyarrow: pip install 'seqlab\[tables\]', or save"):
        open_table(path)


def state(**settings: object) -> str:
    return json.dumps({"_data_files": [{"filename": "data-0.arrow"}], **settings})


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("load.py", "print()", "holds code, load.py, which is not run"),
        ("state.json", state(_data_files=[{"filename": "../data.arrow"}]), "do not trust it"),
        ("state.json", state(_data_files=[{"filename": "/etc/data.arrow"}]), "do not trust it"),
        ("state.json", state(_data_files=[{"filename": "load.pkl"}]), "do not trust it"),
        ("state.json", state(_data_files=[{"filename": 3}]), "do not trust it"),
        ("state.json", state(_data_files=[]), "names no file"),
        ("state.json", state(_data_files=7), "is no folder of save_to_disk"),
        ("state.json", "[", "is no folder of save_to_disk"),
        ("state.json", "{}", "is no folder of save_to_disk"),
        ("state.json", state(_indices_data_files=["indices.arrow"]), "save flatten_indices() of it"),
        ("dataset_info.json", "[]", "is no folder of save_to_disk"),
        ("dataset_dict.json", '{"splits": ["train", "test"]}', "holds the splits train, test; give one, "),
        ("data-1.arrow", "damaged", "cannot be read"),
    ],
)
def test_a_folder_that_names_code_or_other_files_is_refused(name, content, reason, tmp_path):
    path = written("saved", tmp_path)
    (path / name).write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as error:
        list(open_table(path).rows())
    assert reason in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_data_set_finds_a_saved_folder(tmp_path):
    path = written("saved", tmp_path)
    own = OwnFile(path=str(path))
    assert own.table(own.find().path).header == list(TABLE)
