"""The cache: built once, whole or not at all."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqlab.io.cache import CHECKSUMS, cache_dir, cached_folder, cached_text

from .cached import build, files_in, refuse


def test_a_folder_is_built_once():
    first = cached_folder("things", "key", build)
    assert (first / "content").read_text() == "whole"
    assert cached_folder("things", "key", refuse) == first
    assert cached_folder("things", "other", build) != first
    assert first == cache_dir() / "things" / "key"


def test_what_build_raises_is_passed_on_and_leaves_nothing():
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached_folder("things", "key", fail)
    assert [path.name for path in (cache_dir() / "things").iterdir()] == ["key.lock"]
    assert (cached_folder("things", "key", build) / "content").exists()


def slowly(folder: Path) -> None:
    time.sleep(0.5)
    with Path(os.environ["BUILDS"]).open("a") as file:
        file.write("x")
    build(folder)


def ask(_number: int) -> str:
    return (cached_folder("things", "key", slowly) / "content").read_text()


def test_processes_that_ask_at_once_build_it_once(tmp_path, monkeypatch):
    monkeypatch.setenv("BUILDS", str(tmp_path / "builds"))
    with multiprocessing.get_context("fork").Pool(4) as pool:
        assert pool.map(ask, range(4), chunksize=1) == ["whole"] * 4
    assert (tmp_path / "builds").read_text() == "x"


KILLED = """
import sys, time
from pathlib import Path
from seqlab.io import cache
from seqlab.io.cache import cached_folder
def build(folder):
    (folder / "half").write_text("half")
    print("building", flush=True)
    time.sleep(60)
cached_folder("things", "key", build)
"""


def test_a_build_that_is_killed_leaves_nothing_that_is_read_and_no_lock():
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "building\n"
        process.send_signal(signal.SIGKILL)
    home = cache_dir() / "things"
    assert any("draft" in path.name for path in home.iterdir())
    folder = cached_folder("things", "key", build)
    assert files_in(folder) == {"content": "whole"}
    assert sorted(path.name for path in home.iterdir()) == ["key", "key.lock"]


def age(folder: Path, days: float) -> None:
    then = time.time() - days * 86_400
    os.utime(folder, (then, then))


def test_folders_unused_for_long_and_drafts_of_killed_builds_are_removed_when_another_is_built():
    old, used, kept = (cached_folder("things", key, build) for key in ("old", "used", "kept"))
    draft = old.with_name("other.draft-1")
    draft.mkdir()
    for folder in (old, used, draft):
        age(folder, 31)
    cached_folder("things", "used", refuse, days=30)
    age(kept, 29)
    new = cached_folder("things", "new", build, days=30)
    assert {folder for folder in new.parent.iterdir() if folder.is_dir()} == {used, kept, new}


def test_a_group_without_a_limit_keeps_what_is_old():
    old = cached_folder("things", "old", build)
    age(old, 10_000)
    cached_folder("things", "new", build)
    assert old.exists()


DAMAGE = {
    "cut short": lambda folder: (folder / "content").write_text("who"),
    "empty": lambda folder: (folder / "content").write_text(""),
    "of the same length": lambda folder: (folder / "content").write_text("whele"),
    "longer": lambda folder: (folder / "content").write_text("whole!"),
    "gone": lambda folder: (folder / "content").unlink(),
    "a link": lambda folder: (folder / "content").rename(folder / "x") and link(folder),
    "a folder": lambda folder: (folder / "content").unlink() or (folder / "content").mkdir(),
    "more": lambda folder: (folder / "more").touch(),
    "no checksums": lambda folder: (folder / CHECKSUMS).unlink(),
    "empty checksums": lambda folder: (folder / CHECKSUMS).write_bytes(b""),
    "other checksums": lambda folder: (folder / CHECKSUMS).write_bytes(b"\xff\x00"),
}


def link(folder: Path) -> None:
    (folder / "content").symlink_to(folder / "x")


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_made_again_in_a_line(damage, caplog):
    folder = cached_folder("things", "key", build)
    damage(folder)
    assert cached_folder("things", "key", build) == folder
    assert files_in(folder) == {"content": "whole"}
    (record,) = caplog.records
    assert record.getMessage() == f"the cached files in {folder} are damaged; making them again"
    assert cached_folder("things", "key", refuse) == folder


def test_what_the_system_leaves_in_a_folder_is_no_damage():
    folder = cached_folder("things", "key", build)
    (folder / ".nfs0001").touch()
    assert cached_folder("things", "key", refuse) == folder


def test_folders_within_are_looked_at_too(caplog):
    def nest(folder: Path) -> None:
        (folder / "inner").mkdir()
        build(folder / "inner")

    inner = cached_folder("things", "key", nest) / "inner"
    (inner / "content").write_text("whele")
    cached_folder("things", "key", nest)
    assert files_in(inner) == {"content": "whole"}


def test_a_text_is_made_once_for_each_state():
    assert cached_text("texts", "key", "one", lambda: "first\nöther line") == "first\nöther line"
    assert cached_text("texts", "key", "one", lambda: pytest.fail("made again")) == "first\nöther line"
    assert cached_text("texts", "key", "two", lambda: "second") == "second"
    assert len(list((cache_dir() / "texts").iterdir())) == 1


@pytest.mark.parametrize("content", ["", "one 00000000\nfirst", "one", "\xff\xfe"])
def test_a_damaged_text_is_made_again(content):
    cached_text("texts", "key", "one", lambda: "first")
    (cache_dir() / "texts" / "key.txt").write_bytes(content.encode("latin-1"))
    assert cached_text("texts", "key", "one", lambda: "again") == "again"


def test_a_text_needs_no_cache(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "file"))
    assert cached_text("texts", "key", "one", lambda: "made") == "made"


def test_texts_unused_for_long_are_removed_when_another_is_made():
    for key in ("old", "used"):
        cached_text("texts", key, "one", str)
        age(cache_dir() / "texts" / f"{key}.txt", 31)
    cached_text("texts", "used", "one", lambda: pytest.fail("made again"))
    cached_text("texts", "new", "one", str)
    assert {file.stem for file in (cache_dir() / "texts").iterdir()} == {"used", "new"}
