"""The cache: built once, whole or not at all, and never in the way."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seqlab.cache import cache_dir, cached_folder


def build(folder: Path) -> None:
    (folder / "content").write_text("whole")


def refuse(folder: Path) -> None:
    pytest.fail(f"{folder} was built again")


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
from seqlab.cache import cached_folder
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
    assert [path.name for path in folder.iterdir()] == ["content"]
    assert sorted(path.name for path in home.iterdir()) == ["key", "key.lock"]


def test_without_a_writable_cache_the_folder_is_a_temporary_one_and_that_is_said(
    tmp_path, monkeypatch, caplog
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "file"))
    folder = cached_folder("things", "key", build)
    assert (folder / "content").read_text() == "whole"
    assert tmp_path not in folder.parents
    assert "cannot be written" in caplog.text


def test_a_disk_that_is_full_while_building_is_a_warning_too(monkeypatch, caplog):
    drafts = []

    def fill(folder: Path) -> None:
        drafts.append(folder)
        if len(drafts) == 1:
            raise OSError(28, "No space left on device")
        build(folder)

    assert (cached_folder("things", "key", fill) / "content").read_text() == "whole"
    assert "No space left on device" in caplog.text
    assert not (cache_dir() / "things" / "key").exists()


def test_a_disk_that_is_full_before_building_is_a_warning_too(monkeypatch, caplog):
    mkdir = Path.mkdir

    def full(folder: Path, *arguments, **options) -> None:
        if "draft" in folder.name:
            raise OSError(28, "No space left on device")
        mkdir(folder, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", full)
    assert (cached_folder("things", "key", build) / "content").read_text() == "whole"
    assert "No space left on device" in caplog.text


def test_a_cache_whose_name_is_too_long_is_a_warning_too(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / ("x" * 300)))
    assert (cached_folder("things", "key", build) / "content").read_text() == "whole"
    assert "cannot be written" in caplog.text


def asked_by_someone_else(key: str, make: Callable[[Path], None], answers) -> None:
    """Ask for a folder as a user who owns nothing, and put what was found and said into a queue."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    said: list[str] = []
    logger = logging.getLogger("seqlab.cache")
    logger.addFilter(lambda record: said.append(record.getMessage()) or False)
    try:
        folder = cached_folder("things", key, make)
        answers.put((str(folder), (folder / "content").read_text(), said))
    except BaseException as error:  # noqa: BLE001 (shown by the test)
        answers.put(repr(error))


@pytest.fixture
def someone_else():
    """Return a function that has a user who owns nothing ask for a folder of the cache."""
    if not hasattr(os, "setuid"):
        pytest.skip("this system has no users to change to")

    def ask_for(key: str, make: Callable[[Path], None]):
        processes = multiprocessing.get_context("fork")
        answers = processes.SimpleQueue()
        process = processes.Process(target=asked_by_someone_else, args=(key, make, answers))
        process.start()
        process.join(60)
        assert not answers.empty()
        return answers.get()

    return ask_for


@pytest.fixture
def shared(monkeypatch):
    """The folder of a cache that others may enter and read, and not write."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("SEQLAB_CACHE_DIR", folder)
        cached_folder("things", "known", build)
        (Path(folder) / "things").chmod(0o555)
        yield Path(folder)
        (Path(folder) / "things").chmod(0o755)


def test_what_a_read_only_cache_holds_is_used(shared, someone_else):
    assert someone_else("known", refuse) == (str(shared / "things/known"), "whole", [])


def test_what_a_read_only_cache_lacks_is_built_elsewhere_and_that_is_said(shared, someone_else):
    folder, content, said = someone_else("other", build)
    assert content == "whole"
    assert shared not in Path(folder).parents
    assert said == [f"the cache {shared / 'things'} cannot be written (Permission denied); computing anew"]
    assert not (shared / "things/other").exists()


def test_a_cache_that_may_not_be_entered_is_a_warning_too(shared, someone_else):
    (shared / "things").chmod(0o000)
    answer = someone_else("known", build)
    assert answer[1:] == (
        "whole",
        [f"the cache {shared / 'things'} cannot be written (Permission denied); computing anew"],
    )
