"""A folder a class, a file a text: what is read, and what such a folder is not."""

import re
from pathlib import Path

import pytest

from seqlab.data import SequenceData, Texts
from seqlab.errors import DataError


@pytest.fixture
def reviews(tmp_path) -> Path:
    """Write 20 + 20 reviews below train and 10 + 10 below test, as aclImdb has them."""
    for split, count in (("train", 20), ("test", 10)):
        for name in ("pos", "neg"):
            folder = tmp_path / "aclImdb" / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                (folder / f"{number}_7.txt").write_text(
                    f"{split} {name}\n{number} <br /> caf\u00e9\n", "utf-8"
                )
    (tmp_path / "aclImdb" / "train" / "labeledBow.feat").write_text("9 0:9")
    (tmp_path / "aclImdb" / "train" / "urls_pos.txt").write_text("http://a\nhttp://b\n")
    return tmp_path / "aclImdb"


def load(path: Path, **settings: object) -> SequenceData:
    data = SequenceData(Texts(path=str(path), **settings))
    data.setup()
    return data


def test_every_file_is_a_text_of_its_folders_class(reviews, caplog):
    data = load(reviews / "train", test_path=str(reviews / "test"))
    assert data.spec.classes == ("neg", "pos")
    assert data.spec.sizes == {"train": 36, "val": 4, "test": 20}
    found = {
        data.describe("test", n): data.spec.classes[int(y)] for n, y in enumerate(data.samples["test"].y)
    }
    assert found == {f"test {name}\n{n} <br /> caf\u00e9": name for name in ("neg", "pos") for n in range(10)}
    assert "2 files beside the folders of the classes were not read" in caplog.text


def test_files_at_any_depth_belong_to_the_class_and_hidden_ones_do_not(reviews):
    deep = reviews / "test" / "pos" / "more"
    deep.mkdir()
    (deep / "9.review").write_text("deep down")
    (reviews / "test" / "pos" / ".DS_Store").write_bytes(b"\0\xff")
    (reviews / "test" / ".git").mkdir()
    (reviews / "test" / ".git" / "HEAD").write_text("ref")
    data = load(reviews / "test", val_share=0.2, test_share=0.2)
    assert sum(data.spec.sizes.values()) == 21
    assert data.spec.classes == ("neg", "pos")


def test_the_texts_of_aclimdb_without_a_class_are_said(reviews, caplog):
    (reviews / "train" / "unsup").mkdir()
    for number in range(20):
        (reviews / "train" / "unsup" / f"{number}_0.txt").write_text(f"any {number}")
    load(reviews / "train")
    assert "20 texts are in unsup, which holds texts without a class; move it away" in caplog.text


def test_a_change_in_one_file_changes_the_fingerprint(reviews):
    before = load(reviews / "train").spec.sha256
    (reviews / "train" / "pos" / "3_7.txt").write_text("other")
    assert load(reviews / "train").spec.sha256 != before


def test_older_texts_are_read_in_their_encoding(reviews):
    (reviews / "train" / "pos" / "0_7.txt").write_bytes("caf\u00e9".encode("latin-1"))
    with pytest.raises(DataError, match=r"0_7\.txt is not utf-8: byte 0xe9 at offset 3; set data\.encoding"):
        load(reviews / "train")
    assert load(reviews / "train", encoding="latin-1").spec.classes == ("neg", "pos")


def test_a_folder_of_splits_is_answered_with_the_settings_for_them(reviews):
    said = f"give them as data.path={reviews / 'train'} data.test_path={reviews / 'test'}"
    with pytest.raises(DataError, match=re.escape(said)):
        load(reviews)


def test_the_folder_of_one_class_is_answered_with_the_folder_above(reviews):
    with pytest.raises(DataError, match="if every file is one text, give the folder above"):
        load(reviews / "train" / "pos")


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a\0b", "has a NUL character"), (b"a" * (2**20 + 1), "every file must be one text")],
)
def test_a_file_that_is_no_text_is_an_error(reviews, content, said):
    (reviews / "train" / "pos" / "x.bin").write_bytes(content)
    with pytest.raises(DataError, match=said):
        load(reviews / "train")
