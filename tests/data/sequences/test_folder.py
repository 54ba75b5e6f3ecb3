"""A folder a class, a file a sequence."""

import pytest

from seqlab.data import Sequences
from seqlab.data.sequences.folder import Folder
from seqlab.errors import DataError

FILES = {
    "sit/1.csv": "ax,ay\n0,1\n2,3\n",
    "sit/2.csv": "ay,ax\n5,4\n",
    "walk/1.csv": "ax,ay\n6,7\n8,?\n9,1\n",
}


def only(labels):
    """Return the only label of each sequence."""
    return tuple(label for (label,) in labels)


def written(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def layout_and_records(folder, **settings):
    data = Sequences(path=str(folder), **settings)
    layout = Folder.recognised(folder, data)
    return layout, layout.read(folder, data)


def test_files_are_sequences_of_the_class_of_their_folder(tmp_path):
    layout, found = layout_and_records(written(tmp_path / "data", FILES))
    assert found.names == ("sit/1.csv", "sit/2.csv", "walk/1.csv")
    assert only(found.labels) == ("sit", "sit", "walk")
    assert found.channels == ("ax", "ay")
    assert found.lengths.tolist() == [2, 1, 3]
    assert found.values[:3].tolist() == [[0, 1], [2, 3], [4, 5]]
    one = layout.read(tmp_path / "data/walk/1.csv", Sequences(path="data"))
    assert (one.names, only(one.labels), one.lengths.tolist()) == (("1.csv",), (), [3])


def test_files_without_a_header_have_numbered_channels(tmp_path):
    files = {"a/1.txt": "0 1.5\n2 3\n", "b/1.txt": "4 5\n"}
    _, found = layout_and_records(written(tmp_path, files))
    assert found.channels == ("channel 1", "channel 2")
    assert found.values.tolist() == [[0, 1.5], [2, 3], [4, 5]]


def test_chosen_columns_are_read(tmp_path):
    _, found = layout_and_records(written(tmp_path, FILES), features=["ay"])
    assert found.values[:3, 0].tolist() == [1, 3, 5]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"walk/1.csv": "1,2\n3,4\n"}, r"walk.1\.csv has no header, unlike the first file"),
        ({"walk/1.csv": "ax,az\n3,4\n"}, r"walk.1\.csv: there is no column 'ay'"),
        ({"walk/1.csv": "ax,ay\n3,4,5\n"}, r"walk.1\.csv, line 2: 3 cells where there are 2 columns"),
        ({"walk/1.csv": "ax,ay\n3,x\n"}, r"walk.1\.csv, line 2: number 2 is 'x'"),
        ({"walk/1.csv": "ax,ay\n"}, r"walk.1\.csv: there is no row below the header"),
        ({"walk/1.csv": ""}, r"walk.1\.csv: there is no sequence"),
    ],
)
def test_files_that_differ_are_refused(tmp_path, files, reason):
    with pytest.raises(DataError, match=reason):
        layout_and_records(written(tmp_path, FILES | files))


def test_a_folder_without_folders_has_no_classes(tmp_path):
    with pytest.raises(DataError, match="has no folder with files; put the files of each class"):
        layout_and_records(written(tmp_path, {"1.csv": "1,2\n"}))
    with pytest.raises(DataError, match="has no file with numbers"):
        layout_and_records(written(tmp_path / "other", {"a/1.png": ""}))


def test_a_folder_for_each_split_is_two_settings(tmp_path):
    files = {f"{split}/{name}": text for split in ("train", "test") for name, text in FILES.items()}
    with pytest.raises(
        DataError, match=r"has a folder for each split; give them as data\.path=.*data\.test_path="
    ):
        layout_and_records(written(tmp_path, files))
    layout, found = layout_and_records(tmp_path / "train")
    assert len(found) == len(layout.read(tmp_path / "test", Sequences(path=str(tmp_path)))) == 3


def test_files_that_are_not_read_are_counted(tmp_path, caplog):
    _, found = layout_and_records(written(tmp_path, FILES | {"README.txt": "see walk", "walk/1.png": ""}))
    assert len(found) == 3
    assert "2 other files were not read" in caplog.text
