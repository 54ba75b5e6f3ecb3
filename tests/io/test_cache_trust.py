"""A cache in which other users can write is not read."""

import os
from pathlib import Path

import pytest

from seqlab.errors import CacheError
from seqlab.io.cache import CHECKSUMS, cache_dir, cached_folder, cached_text

from .cached import build, refuse

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


@users
def test_a_text_that_others_may_write_is_neither_read_nor_a_reason_to_fail():
    cached_text("texts", "key", "one", lambda: "first")
    (cache_dir() / "texts" / "key.txt").chmod(0o666)
    assert cached_text("texts", "key", "one", lambda: "own") == "own"
