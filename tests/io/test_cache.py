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

from seqlab.errors import CacheError, StorageError
from seqlab.io import cache
from seqlab.io.cache import CHECKSUMS, cache_dir, cached_folder, cached_text


def build(folder: Path) -> None:
    (folder / "content").write_text("whole")


def refuse(folder: Path) -> None:
    pytest.fail(f"{folder} was built again")


def files_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != CHECKSUMS}


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


LEFT_BEHIND = """
import os, signal, sys
from seqlab.io import cache
from seqlab.io.cache import cached_folder
os.environ["SEQLAB_CACHE_DIR"] = "/proc/nothing"
print(cached_folder("things", "key", lambda folder: (folder / "content").touch()), flush=True)
sys.stdin.read(1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_temporary_folder_is_removed_once_its_process_was_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", LEFT_BEHIND]
    with subprocess.Popen(command, env=environment, stdin=-1, stdout=-1, stderr=-3, text=True) as process:
        folder = Path(process.stdout.readline().strip())
        cache._remove_abandoned.__wrapped__()
        assert (folder / "content").exists()
        process.communicate("x")
    assert folder.parent == tmp_path
    assert (folder / "content").exists()
    cache._remove_abandoned.__wrapped__()
    assert list(tmp_path.iterdir()) == []


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


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from seqlab.io import cache
from seqlab.io.cache import cached_folder
def build(folder):
    limit = 4096 if "cache" in str(folder) else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    {write}
    (folder / "content").write_text("whole")
folder = cached_folder("things", "key", build)
print((folder / "content").read_text(), (folder / "numbers").stat().st_size)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs the limits of Unix")
@pytest.mark.parametrize(
    ("write", "reason"),
    [
        ('np.zeros(10_000).tofile(folder / "numbers")', "10000 requested and 512 written"),
        ('(folder / "numbers").write_bytes(bytes(80_000))', "File too large"),
    ],
    ids=["numpy", "Python"],
)
def test_a_disk_with_too_little_room_is_a_warning_whoever_writes(tmp_path, write, reason):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED.replace("{write}", write)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SEQLAB_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)},
    )
    home = tmp_path / "cache/things"
    assert (done.returncode, done.stdout) == (0, "whole 80000\n")
    assert done.stderr == f"the cache {home} cannot be written ({reason}); computing the files again\n"
    assert [path.name for path in home.iterdir()] == ["key.lock"]


def test_where_nothing_can_be_written_a_line_says_so():
    def fill(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(
        StorageError, match=r"neither .* \(No space left on device\); free disk space, or set SEQLAB_C"
    ):
        cached_folder("things", "key", fill)


def test_a_file_system_without_locks_is_a_warning_too(monkeypatch, caplog):
    def refuse_locks(*_arguments, **_settings) -> None:
        raise NotImplementedError("no flock here")

    monkeypatch.setattr("filelock.FileLock", refuse_locks)
    assert (cached_folder("things", "key", build) / "content").read_text() == "whole"
    assert "no flock here" in caplog.text


def test_a_cache_at_a_link_that_leads_in_a_circle_is_a_warning_too(tmp_path, monkeypatch, caplog):
    (tmp_path / "circle").symlink_to("circle")
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "circle"))
    assert (cached_folder("things", "key", build) / "content").read_text() == "whole"
    assert "cannot be written" in caplog.text


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


def test_damage_in_a_cache_that_cannot_be_written_is_avoided_by_a_temporary_folder(monkeypatch, caplog):
    folder = cached_folder("things", "key", build)
    (folder / "content").write_text("who")
    monkeypatch.setattr("seqlab.io.cache.replace_folder", lambda *_: Path("/dev/null/x").mkdir())
    assert files_in(cached_folder("things", "key", build)) == {"content": "whole"}
    assert "cannot be written" in caplog.text


users = pytest.mark.skipif(os.name == "nt", reason="needs users and modes of Unix")
root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
PLACES = {
    "a folder above": "..",
    "the cache": ".",
    "the group": "things",
    "the folder": "things/key",
    "the file": "things/key/content",
    "the checksums": f"things/key/{CHECKSUMS}",
}


@pytest.fixture
def place(request, tmp_path, monkeypatch) -> Path:
    """Return one of the files and folders of a cache that holds a folder."""
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "above/cache"))
    cached_folder("things", "key", build)
    return (tmp_path / "above/cache" / request.param).resolve()


everywhere = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES, indirect=True)


@users
@everywhere
@pytest.mark.parametrize("mode", [0o777, 0o775, 0o702])
def test_what_others_may_write_is_refused_with_the_remedy(place, mode):
    if mode == 0o775:
        if os.geteuid() != 0:
            pytest.skip("only root can give files away")
        os.chown(place, -1, OTHERS_GROUP)
    place.chmod(mode)
    with pytest.raises(CacheError) as error:
        cached_folder("things", "key", refuse)
    line = str(error.value)
    assert f"other users may write to {place} (mode 0{mode:o})" in line
    assert "set SEQLAB_CACHE_DIR to a folder of your own" in line
    assert "\n" not in line
    os.system(line.rpartition("run: ")[2])
    assert cached_folder("things", "key", refuse)


OTHERS_GROUP = 54321


@root
@everywhere
def test_what_belongs_to_another_user_is_refused(place):
    os.chown(place, 65534, -1)
    with pytest.raises(
        CacheError, match=f"{place} belongs to another user; set SEQLAB_CACHE_DIR to a folder"
    ):
        cached_folder("things", "key", refuse)


@users
def test_a_folder_is_not_made_in_one_that_others_may_write(tmp_path, monkeypatch):
    (tmp_path / "all").mkdir()
    (tmp_path / "all").chmod(0o777)
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "all/cache"))
    with pytest.raises(CacheError, match=f"other users may write to {tmp_path / 'all'} "):
        cached_folder("things", "key", refuse)
    assert list((tmp_path / "all").iterdir()) == []


@users
@pytest.mark.parametrize("place", ["..", ".", "things"], indirect=True)
def test_a_sticky_folder_is_safe_above_the_cache_only(place, tmp_path):
    place.chmod(0o1777)
    if place == tmp_path / "above":
        assert cached_folder("things", "key", refuse)
    elif place.name == "things":
        with pytest.raises(CacheError, match=r"\(mode 1777\)"):
            cached_folder("things", "key", refuse)


@users
def test_a_link_is_followed_and_what_it_leads_to_is_looked_at(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "link"))
    assert cached_folder("things", "key", build) == tmp_path / "real/things/key"
    (tmp_path / "real").chmod(0o777)
    with pytest.raises(CacheError, match=f"other users may write to {tmp_path / 'real'} "):
        cached_folder("things", "key", refuse)


@root
@pytest.mark.parametrize(
    ("name", "members", "private"),
    [("root", [], True), ("root", ["root"], True), ("root", ["eve"], False), ("users", [], False)],
)
def test_the_group_of_one_account_is_nobody_else(monkeypatch, name, members, private):
    grp = pytest.importorskip("grp")
    found = grp.struct_group((name, "x", OTHERS_GROUP, members))
    monkeypatch.setattr(grp, "getgrgid", {OTHERS_GROUP: found}.__getitem__)
    cached_folder("things", "key", build)
    os.chown(cache_dir() / "things", -1, OTHERS_GROUP)
    (cache_dir() / "things").chmod(0o775)
    if private:
        assert cached_folder("things", "key", refuse)
    else:
        with pytest.raises(CacheError):
            cached_folder("things", "key", refuse)


@users
@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o077])
def test_what_is_built_is_trusted_whatever_umask_says(tmp_path, monkeypatch, mask):
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "a/b/cache"))
    before = os.umask(mask)
    try:
        cached_folder("things", "key", build)
        folder = cached_folder("things", "key", refuse)
    finally:
        os.umask(before)
    made = [tmp_path / "a", *(tmp_path / "a").rglob("*")]
    assert folder in made
    assert [path for path in made if path.stat().st_mode & 0o022] == []


def asked_by_someone_else(key: str, make: Callable[[Path], None], answers) -> None:
    """Ask for a folder as a user who owns nothing, and put what was found and said into a queue."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    said: list[str] = []
    logger = logging.getLogger("seqlab.io.cache")
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
    assert said == [
        f"the cache {shared / 'things'} cannot be written (Permission denied); computing the files again"
    ]
    assert not (shared / "things/other").exists()


def test_a_cache_that_may_not_be_entered_is_a_warning_too(shared, someone_else):
    (shared / "things").chmod(0o000)
    answer = someone_else("known", build)
    assert answer[1:] == (
        "whole",
        [f"the cache {shared / 'things'} cannot be written (Permission denied); computing the files again"],
    )


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


@users
def test_a_text_that_others_may_write_is_neither_read_nor_a_reason_to_fail():
    cached_text("texts", "key", "one", lambda: "first")
    (cache_dir() / "texts" / "key.txt").chmod(0o666)
    assert cached_text("texts", "key", "one", lambda: "own") == "own"


def test_a_text_needs_no_cache(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path / "file"))
    assert cached_text("texts", "key", "one", lambda: "made") == "made"
