"""Fetching from a server on this machine: hashes, sizes, broken transfers, mirrors, the cache."""

import errno
import os
import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seqlab.data.fetch import Remote, fetch
from seqlab.data.source import resolve
from seqlab.errors import DataError, StorageError
from seqlab.io.cache import cache_dir

CONTENT = {"Greek.txt": b"Pappas\nSamaras\n", "Irish.txt": b"Doyle\nKelly\n"}
HASHES = {name: sha256(content).hexdigest() for name, content in CONTENT.items()}


class Server(ThreadingHTTPServer):
    """Serves CONTENT, and fails as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.failures = 0
        self.content = dict(CONTENT)
        self.cut = 0
        self.at_once, self.pause, self.seconds = 10_000, 0.0, 0.0


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        self.server.asked.append(name)
        content = self.server.content.get(name)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.failures:
            self.server.failures -= 1
            content = content[:3]
        for start in range(0, len(content), self.server.at_once):
            self.wfile.write(content[start : start + self.server.at_once])
            self.wfile.flush()
            self.server.seconds += self.server.pause

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.delenv("SEQLAB_OFFLINE")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def remote(server: Server, largest: int = 1000) -> Remote:
    return Remote(f"http://127.0.0.1:{server.server_port}/data", HASHES, largest)


def files_in(folder: Path) -> dict[str, bytes]:
    visible = [path for path in folder.iterdir() if not path.name.startswith(".")] if folder.exists() else []
    return {path.name: path.read_bytes() for path in visible}


def fetched(remote: Remote) -> dict[str, bytes]:
    """Resolve a data set that is nowhere but on a server; return its files."""
    found = resolve("toy", lambda _folder: None, Path, root=None, source="real", remote=remote)
    return files_in(found.path)


def test_files_are_fetched_once_and_then_taken_from_the_cache(server):
    for _ in range(2):
        assert fetched(remote(server)) == CONTENT
    assert server.asked == ["Greek.txt", "Irish.txt"]


def test_a_transfer_that_breaks_is_tried_again(server, tmp_path):
    server.failures = 2
    fetch(remote(server), tmp_path / "names")
    assert files_in(tmp_path / "names") == CONTENT
    assert server.asked.count("Greek.txt") == 3


def test_a_transfer_that_keeps_breaking_leaves_nothing(server, tmp_path):
    server.failures = 10
    with pytest.raises(DataError, match=r"Greek.txt could not be fetched"):
        fetch(remote(server), tmp_path / "names")
    assert files_in(tmp_path / "names") == {}


def test_a_file_with_another_hash_is_refused_and_not_kept(server, tmp_path):
    server.content["Irish.txt"] = b"Mallory\nEve\n"
    with pytest.raises(DataError, match=r"Irish.txt could not be fetched: SHA256 hash"):
        fetch(remote(server), tmp_path / "names")
    assert files_in(tmp_path / "names") == {"Greek.txt": CONTENT["Greek.txt"]}


def test_a_file_that_was_spoilt_in_the_cache_is_fetched_anew(server):
    fetched(remote(server))
    (file,) = cache_dir().glob("fetched/*/Greek.txt")
    file.write_bytes(b"spoilt")
    assert fetched(remote(server)) == CONTENT


def test_a_full_cache_is_avoided_and_makes_no_sample_of_the_real_data(server, monkeypatch, caplog):
    opened = Path.open

    def full(path, *arguments, **settings):
        if cache_dir() in path.parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return opened(path, *arguments, **settings)

    monkeypatch.setattr(Path, "open", full)
    assert fetched(remote(server)) == CONTENT
    assert "(No space left on device); computing the files again" in caplog.text


def test_without_room_anywhere_no_sample_is_taken_either(server, monkeypatch):
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    monkeypatch.setattr(Path, "open", lambda *_, **__: os.open("/dev/null/x", os.O_RDONLY))
    with pytest.raises(StorageError, match="neither the cache nor"):
        resolve("toy", lambda _: None, Path, root=None, source="auto", remote=remote(server))


def test_a_file_larger_than_the_cap_is_stopped(server, tmp_path):
    server.content["Greek.txt"] = b"x" * 100_000
    with pytest.raises(DataError, match="is larger than 1,000 bytes"):
        fetch(remote(server), tmp_path / "names")
    assert files_in(tmp_path / "names") == {}


def test_a_server_that_drips_is_given_up(server, tmp_path, monkeypatch):
    server.at_once, server.pause = 1, 20.0
    monkeypatch.setattr("time.monotonic", lambda: server.seconds)
    with pytest.raises(DataError, match=r"Greek.txt sends fewer than 1,024 bytes a second \("):
        fetch(remote(server), tmp_path)
    assert server.asked == ["Greek.txt"]


def test_a_missing_file_is_named(server, tmp_path):
    del server.content["Irish.txt"]
    with pytest.raises(DataError, match=r"Irish.txt could not be fetched: 404"):
        fetch(remote(server), tmp_path / "names")


def test_a_mirror_is_asked_instead(server, tmp_path):
    nowhere = Remote("http://127.0.0.1:9/data", HASHES, 1000)
    mirror = f"http://127.0.0.1:{server.server_port}/mirror/"
    fetch(nowhere, tmp_path / "names", mirror=mirror)
    assert files_in(tmp_path / "names") == CONTENT


def test_a_server_that_cannot_be_reached_is_asked_only_once(server, tmp_path):
    nowhere = Remote("http://127.0.0.1:9/data", HASHES, 1000)
    with pytest.raises(DataError, match="cannot be reached"):
        fetch(nowhere, tmp_path / "names")


def test_offline_nothing_is_asked_but_the_cache_serves(server, monkeypatch):
    fetched(remote(server))
    server.asked.clear()
    monkeypatch.setenv("SEQLAB_OFFLINE", "1")
    assert fetched(remote(server)) == CONTENT
    other = Remote(remote(server).base_url, {"Irish.txt": None}, 1000)
    with pytest.raises(DataError, match="SEQLAB_OFFLINE is set"):
        fetched(other)
    assert server.asked == []


@pytest.mark.parametrize("source", ["auto", "real"])
def test_resolving_takes_the_fetched_files_before_the_sample(server, monkeypatch, source, caplog):
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    found = resolve(
        "toy", lambda _folder: None, lambda: Path("sample"), root=None, source=source, remote=remote(server)
    )
    assert found.kind == "real"
    assert files_in(found.path) == CONTENT
    assert "SAMPLE" not in caplog.text


def test_if_nothing_can_be_fetched_auto_takes_the_sample_and_real_is_an_error(server, monkeypatch, caplog):
    monkeypatch.delenv("SEQLAB_DATA_DIR", raising=False)
    nowhere = Remote("http://127.0.0.1:9/data", HASHES, 1000)
    arguments = ("toy", lambda _folder: None, lambda: Path("sample"))
    assert resolve(*arguments, root=None, source="auto", remote=nowhere).kind == "sample"
    assert "cannot be reached" in caplog.text
    with pytest.raises(DataError, match=r"no real data: .*cannot be reached"):
        resolve(*arguments, root=None, source="real", remote=nowhere)
