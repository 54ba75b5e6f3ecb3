"""Archives that come from elsewhere, fetched from a server on this machine and read."""

import io
import threading
import zipfile
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from seqlab.data import archive as archives
from seqlab.data.archive import read_archive
from seqlab.data.fetch import Remote, fetch
from seqlab.errors import DataError


def packed(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def served(monkeypatch, tmp_path):
    """Return a function that serves an archive, fetches it with its right hash, and returns the file."""
    monkeypatch.delenv("SEQLAB_OFFLINE")
    content = b""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def serve(files: dict[str, bytes]) -> Path:
            nonlocal content
            content = packed(files)
            hashes = {"set.zip": sha256(content).hexdigest()}
            remote = Remote(f"http://127.0.0.1:{server.server_port}", hashes, 10**7)
            fetch(remote, tmp_path / "cache")
            return tmp_path / "cache" / "set.zip"

        yield serve
        server.shutdown()


def everything(_name) -> bool:
    return True


def test_wanted_files_are_read_and_others_left(served):
    path = served({"names/Irish.txt": b"Doyle\n", "README.md": b"read me"})
    assert read_archive(path, lambda name: name.suffix == ".txt") == {"names/Irish.txt": b"Doyle\n"}


def test_a_zip_bomb_is_refused_before_it_is_unpacked(served):
    path = served({"names/Irish.txt": b"\0" * 50_000_000})
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"Irish.txt unpacks to 50,000,000 bytes from [\d,]+; do not trust"):
        read_archive(path, everything)


def test_many_small_files_that_are_too_much_together_are_refused(served, monkeypatch):
    monkeypatch.setattr(archives, "LARGEST", 1000)
    path = served({f"{number}.txt": bytes(range(256)) for number in range(5)})
    with pytest.raises(DataError, match=r"unpacks to 1,280 bytes; the limit is 1,000"):
        read_archive(path, everything)


@pytest.mark.parametrize("name", ["../evil.txt", "names/../../evil.txt", "/etc/evil.txt"])
def test_a_name_that_leads_out_of_the_archive_is_refused_and_writes_nothing(served, tmp_path, name):
    path = served({name: b"evil"})
    before = set(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="leads out of the archive"):
        read_archive(path, everything)
    assert set(tmp_path.rglob("*")) == before
