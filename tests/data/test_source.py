"""Where the files of a data set are looked for, and what is said if they are not there."""

from pathlib import Path

import pytest

from seqlab.data.source import find_table, named_file, resolve
from seqlab.errors import DataError

SAMPLE = Path("the-sample")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with the files, one without, and no folder in the environment."""
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    for name in ("full", "other", "empty"):
        (tmp_path / name).mkdir()
    for name in ("full", "other"):
        (tmp_path / name / "toy").touch()
    return tmp_path


def find(folder: Path) -> Path | None:
    return folder / "toy" if (folder / "toy").exists() else None


def resolved(root: Path | None = None, source: str = "auto") -> tuple[str, Path]:
    found = resolve("toy", find, lambda: SAMPLE, root=root and str(root), source=source)
    return found.kind, found.path


@pytest.mark.parametrize("source", ["auto", "real"])
def test_the_named_folder_goes_before_the_environments(home, monkeypatch, source):
    monkeypatch.setenv("SEQLAB_DATA_DIR", str(home / "other"))
    assert resolved(home / "full", source) == ("real", home / "full" / "toy")


@pytest.mark.parametrize("source", ["auto", "real"])
def test_without_a_named_folder_the_environments_is_taken(home, monkeypatch, source, caplog):
    monkeypatch.setenv("SEQLAB_DATA_DIR", str(home / "full"))
    assert resolved(source=source) == ("real", home / "full" / "toy")
    assert caplog.text == ""


@pytest.mark.parametrize("root", [None, "full", "empty", "missing"])
def test_the_sample_is_taken_without_a_warning_where_it_is_asked_for(home, monkeypatch, caplog, root):
    monkeypatch.setenv("SEQLAB_DATA_DIR", str(home / "full"))
    assert resolved(root and home / root, "sample") == ("sample", SAMPLE)
    assert caplog.text == ""


def test_a_home_folder_may_be_written_with_a_tilde(home, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    found = resolve("toy", find, lambda: SAMPLE, root="~/full", source="auto")
    assert found.path == home / "full" / "toy"
    assert found.how == "data.root=~/full"


@pytest.mark.parametrize("source", ["auto", "real"])
@pytest.mark.parametrize(
    ("root", "reason"), [("missing", "does not exist"), ("empty", "holds no files of toy")]
)
def test_a_named_folder_without_the_files_is_an_error_whatever_else_there_is(
    home, monkeypatch, root, reason, source
):
    monkeypatch.setenv("SEQLAB_DATA_DIR", str(home / "full"))
    with pytest.raises(DataError) as caught:
        resolved(home / root, source)
    assert f"data.root={home / root} {reason}" in str(caught.value)
    assert "SEQLAB_DATA_DIR" not in str(caught.value)


def test_real_without_any_folder_is_an_error_that_says_what_to_set(home):
    with pytest.raises(DataError, match=r"neither data\.root nor SEQLAB_DATA_DIR is set"):
        resolved(source="real")


def test_real_with_a_wrong_environment_is_an_error_that_names_it(home, monkeypatch):
    monkeypatch.setenv("SEQLAB_DATA_DIR", str(home / "empty"))
    with pytest.raises(DataError, match=r"SEQLAB_DATA_DIR=\S+empty holds no files of toy"):
        resolved(source="real")


def test_falling_back_to_the_sample_is_a_warning(home, caplog):
    assert resolved() == ("sample", SAMPLE)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "SAMPLE DATA" in record.getMessage()
    assert "SEQLAB_DATA_DIR" in record.getMessage()


def test_falling_back_from_a_wrong_environment_says_what_is_wrong_with_it(home, monkeypatch, caplog):
    monkeypatch.setenv("SEQLAB_DATA_DIR", str(home / "missing"))
    assert resolved() == ("sample", SAMPLE)
    assert f"SEQLAB_DATA_DIR={home / 'missing'} does not exist" in caplog.text
    assert "SAMPLE DATA" in caplog.text


@pytest.mark.parametrize("named", ["toy.csv", "~/toy.csv"])
def test_a_file_of_the_users_own_is_taken_as_it_is_and_is_never_a_sample(named, home, monkeypatch):
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    (home / "toy.csv").touch()
    found = named_file(named)
    assert (found.kind, found.path.resolve()) == ("real", home / "toy.csv")


def test_a_folder_of_the_users_own_is_taken_only_where_one_will_do(home):
    assert named_file(str(home / "full"), folder=True).path == home / "full"
    with pytest.raises(DataError, match=r"data\.path=\S+full is a folder; set data\.path to your file"):
        named_file(str(home / "full"))


@pytest.mark.parametrize("folder", [True, False])
@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "does not exist"), ("x" * 300, "File name too long")]
)
def test_a_file_that_is_not_there_is_an_error_that_names_it(name, reason, folder, home):
    with pytest.raises(DataError, match=rf"data\.path=\S+/{name}:? {reason}"):
        named_file(str(home / name), folder=folder)


def test_a_table_is_the_named_file_or_the_first_csv_or_zip_that_fits(home):
    folder = home / "full"
    assert find_table(folder, "toy*") is None
    assert find_table(home / "missing", "toy*") is None
    (folder / "toy_0.csv").mkdir()
    for name in ("toy_2.zip", "toy_1.csv", "a.csv", "toy_0.txt"):
        (folder / name).touch()
        assert find_table(folder / name, "toy*") == folder / name
    assert find_table(folder, "toy*") == folder / "toy_1.csv"
