"""A cache that cannot be written is never in the way."""

import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from seqlab.errors import StorageError
from seqlab.io import cache
from seqlab.io.cache import cache_dir, cached_folder

from .cached import build, files_in, refuse

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


def test_damage_in_a_cache_that_cannot_be_written_is_avoided_by_a_temporary_folder(monkeypatch, caplog):
    folder = cached_folder("things", "key", build)
    (folder / "content").write_text("who")
    monkeypatch.setattr("seqlab.io.cache.replace_folder", lambda *_: Path("/dev/null/x").mkdir())
    assert files_in(cached_folder("things", "key", build)) == {"content": "whole"}
    assert "cannot be written" in caplog.text


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
