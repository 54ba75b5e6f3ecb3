import errno
import os
import stat
from pathlib import Path

import pytest

from seqlab.io.files import replace_folder, replacing, sweep_drafts


def test_a_file_is_replaced_as_a_whole_and_no_draft_stays(tmp_path):
    file = tmp_path / "run.json"
    file.write_text("old")
    with replacing(file) as draft:
        draft.write_text("new")
        assert draft.parent == tmp_path
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_what_goes_wrong_while_writing_leaves_the_old_file(tmp_path):
    file = tmp_path / "run.json"
    file.write_text("old")

    def fail():
        with replacing(file) as draft:
            draft.write_text("ne")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        fail()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_contents_reach_the_disk_before_the_name_and_the_name_before_it_returns(tmp_path, monkeypatch):
    file, events = tmp_path / "a", []

    def fsync(number):
        kind = "folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file"
        events.append((kind, file.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    with replacing(file) as draft:
        draft.write_text("new")
    assert events == [("file", False), ("folder", True)]


def test_drafts_of_a_killed_process_are_swept_and_nothing_else(tmp_path):
    (tmp_path / ".last.ckpt.draft-0a1b2c3d").touch()
    kept = [tmp_path / ".hidden", tmp_path / "last.ckpt"]
    for file in kept:
        file.touch()
    sweep_drafts(tmp_path)
    assert sorted(tmp_path.iterdir()) == kept


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux names open files")
def test_a_folder_has_its_name_only_once_its_files_are_on_the_disk(tmp_path, monkeypatch):
    draft, folder, synced = tmp_path / "draft", tmp_path / "folder", []
    (draft / "inside").mkdir(parents=True)
    (draft / "inside/file").write_text("content")

    def fsync(number):
        synced.append(
            (str(Path(f"/proc/self/fd/{number}").readlink()).removeprefix(str(tmp_path)), folder.exists())
        )

    monkeypatch.setattr(os, "fsync", fsync)
    replace_folder(draft, folder)
    assert (folder / "inside/file").read_text() == "content"
    assert {("/draft", False), ("/draft/inside", False), ("/draft/inside/file", False)} == {*synced[:-1]}
    assert synced[-1] == ("", True)
