"""The cache of computed and downloaded files, which are checked before they are loaded.

There are two independent checks. Files are loaded only from folders in which nobody but this user and root
can write, which protects against other users. Checksums next to the files detect disk errors; damaged files
are made again.
"""

import atexit
import json
import logging
import os
import secrets
import shlex
import shutil
import stat
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from seqlab.errors import CacheError, StorageError
from seqlab.io.files import replace_folder, replacing
from seqlab.io.seal import checksum_of

if TYPE_CHECKING:
    from filelock import BaseFileLock

log = logging.getLogger(__name__)

CHECKSUMS = ".checksums"
"""The file in a cached folder with the size and CRC-32 of every other file."""
DRAFT = ".draft-"
"""What follows the name of a folder while it is built."""
DAY = 86_400
"""Seconds."""
TEXT_DAYS = 30
"""How long a text that nobody asks for is kept."""


def cache_dir() -> Path:
    """Return SEQLAB_CACHE_DIR, or else the user's cache folder on this system; it may not exist yet."""
    chosen = os.environ.get("SEQLAB_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "seqlab" / "cache"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/seqlab").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "seqlab"


def key_of(recipe: Sequence[object]) -> str:
    """Return the key of files that depend on values of JSON, and on nothing else."""
    return sha256(json.dumps(recipe).encode()).hexdigest()[:24]


def cached_folder(group: str, key: str, build: Callable[[Path], None], *, days: float | None = None) -> Path:
    """Return the cached folder ``group/key``; if it is missing or damaged, ``build`` fills it.

    If several processes need it at the same time, one builds it and the others wait. The folder appears only
    when it is complete: the remains of a killed build are never read, and the next build removes them. If the
    cache cannot be written, the folder is temporary and removed with the process.

    Args:
        group: the kind of data.
        key: a hash of everything that the files depend on.
        build: a function that fills an empty folder; its errors are passed on, but an OSError or
            NotImplementedError is taken for a cache that cannot be written.
        days: folders of the group unused for longer are removed when another one is built; None to keep them.

    Raises:
        CacheError: other users could change the files of the cache.
        StorageError: neither the cache nor a temporary folder can be written.
    """
    # Resolved once, so that no link can change between the check of the owner and the reading of a file.
    home = Path(os.path.realpath(cache_dir() / group))
    folder = home / key
    _remove_abandoned()
    try:
        _own(home)
        if not _is_whole(folder):
            from filelock import FileLock  # noqa: PLC0415 (slow)

            with FileLock(home / f"{key}.lock", mode=0o644):
                if not _is_whole(folder):
                    _build(folder, build)
                    _remove_unused(home, days)
        with suppress(OSError):  # a cache that others share and only they can write
            os.utime(folder)  # it is used
    # numpy's error has no errno, and filelock raises another error on a file system without locks.
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        log.warning("the cache %s cannot be written (%s); computing the files again", home, reason)
        return _temporary(build)
    return folder


def cached_text(group: str, key: str, state: str, make: Callable[[], str]) -> str:
    """Return the cached text ``group/key``; it is made if it is missing, damaged, or of another state.

    A cache that cannot be used or written is no error, since the text is soon made.

    Args:
        group: the kind of text.
        key: a hash of what the text is asked for.
        state: a hash of everything else that the text depends on; a text of another state is replaced.
        make: a function that returns the text.
    """
    home = Path(os.path.realpath(cache_dir() / group))
    file = home / f"{key}.txt"
    with suppress(OSError, CacheError, ValueError):
        _own(home)
        _refuse_foreign(file)
        head, text = file.read_text(encoding="utf-8").split("\n", 1)
        if head == _head(state, text):
            with suppress(OSError):  # a cache of somebody else's
                os.utime(file)
            return text
    text = make()
    with suppress(OSError, CacheError):
        _own(home)
        with replacing(file) as draft:
            draft.write_text(f"{_head(state, text)}\n{text}", encoding="utf-8")
            draft.chmod(0o644)
        for old in home.glob("*.txt"):
            if time.time() - old.stat().st_mtime > TEXT_DAYS * DAY:
                old.unlink()
    return text


def _head(state: str, text: str) -> str:
    return f"{state} {zlib.crc32(text.encode()):08x}"


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    """Build a folder that is missing or damaged."""
    if folder.exists():
        log.warning("the cached files in %s are damaged; making them again", folder)
    for old in (folder, *folder.parent.glob(f"{folder.name}{DRAFT}*")):
        shutil.rmtree(old, ignore_errors=True)
    draft = folder.with_name(f"{folder.name}{DRAFT}{secrets.token_hex(4)}")
    try:
        draft.mkdir(mode=0o700)  # private while it is written, whatever the umask
        build(draft)
        (draft / CHECKSUMS).write_bytes(_checksums(draft))
        for path in draft.rglob("*"):
            path.chmod(path.stat().st_mode & ~(stat.S_IWGRP | stat.S_IWOTH))
        draft.chmod(0o755)
        replace_folder(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _remove_unused(home: Path, days: float | None) -> None:
    """Remove the folders of a group that nobody has used for so long, and the drafts of killed builds."""
    for folder in home.glob("*/"):
        with suppress(OSError):  # another process removes it, too
            unused = (time.time() - folder.stat().st_mtime) / DAY
            limit = 1 if DRAFT in folder.name else days
            if limit is not None and unused > limit:
                shutil.rmtree(folder)


def _temporary(build: Callable[[Path], None]) -> Path:
    from filelock import FileLock  # noqa: PLC0415 (slow)

    try:
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix=TEMPORARY)))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        with suppress(OSError, NotImplementedError):  # without locks nobody else removes it
            lock = FileLock(f"{folder}{LOCK}")
            lock.acquire()
            atexit.register(_release, lock)
        _own(folder)
        build(folder)
    except OSError as error:
        raise StorageError(
            f"neither the cache nor {tempfile.gettempdir()} can be written ({error.strerror or error}); "
            "free disk space, or set SEQLAB_CACHE_DIR or TMPDIR to a folder with free space"
        ) from error
    return folder


def _release(lock: "BaseFileLock") -> None:
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)


TEMPORARY = "seqlab-files-"
"""The beginning of the names of temporary folders that replace the cache."""
LOCK = ".lock"
"""What follows in the name of the file that the process of such a folder keeps locked."""


@cache
def _remove_abandoned() -> None:
    """Remove the temporary folders of processes that were killed, once in this process."""
    for file in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*{LOCK}"):
        from filelock import FileLock, Timeout  # noqa: PLC0415 (slow)

        # Its process runs, or it is another user's.
        with suppress(Timeout, OSError, NotImplementedError), FileLock(file, timeout=0) as lock:
            shutil.rmtree(file.with_suffix(""), ignore_errors=True)
            _release(lock)


def _is_whole(folder: Path) -> bool:
    """Return whether a cached folder exists and is undamaged.

    Raises:
        CacheError: other users could change it.
    """
    try:
        for path in (folder, *folder.rglob("*")):
            _refuse_foreign(path)
        return (folder / CHECKSUMS).read_bytes() == _checksums(folder)
    except (FileNotFoundError, NotADirectoryError):  # also while another process makes it again
        return False


def _checksums(folder: Path) -> bytes:
    """Return a line with size, CRC-32 and name of every file, except the system's hidden ones."""
    names = sorted(path for path in folder.rglob("[!.]*") if stat.S_ISREG(path.lstat().st_mode))
    lines = [f"{_checksum(path)} {path.relative_to(folder).as_posix()}\n" for path in names]
    return "".join(lines).encode()


def _checksum(path: Path) -> str:
    # Read, not mapped: if a mapped file were cut short, the process would crash. CRC-32 is as fast as a disk.
    with path.open("rb", buffering=0) as file:
        checksum = checksum_of(file)
        return f"{file.tell()} {checksum:08x}"


def _own(folder: Path) -> None:
    """Create a folder and its parents if missing; no other user may be able to change any of them.

    Raises:
        CacheError: another user could change one of them.
        OSError: one cannot be created or inspected.
    """
    # From the top: below a folder that only this user can change, nobody else can replace a folder.
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(mode=0o755, exist_ok=True)
        _refuse_foreign(path, may_be_sticky=path != folder)


def _refuse_foreign(path: Path, *, may_be_sticky: bool = False) -> None:
    """Raise CacheError if anybody but this user and root owns or could change a file or folder.

    Args:
        path: the file or folder.
        may_be_sticky: whether a folder is allowed in which everybody can write, but remove only their own
            files, such as /tmp.
    """
    if os.name == "nt":  # a user's cache folder is private on Windows
        return
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    own = "set SEQLAB_CACHE_DIR to a folder of your own"
    if status.st_uid not in (os.geteuid(), 0):
        raise CacheError(f"the cache is not used: {path} belongs to another user; {own}")
    if stat.S_ISLNK(status.st_mode) or (may_be_sticky and mode & stat.S_ISVTX):
        return
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _is_private(status.st_gid)):
        raise CacheError(
            f"the cache is not used: other users may write to {path} (mode {mode:04o}); {own}, "
            f"or, if you trust its files, run: chmod go-w {shlex.quote(str(path))}"
        )


def _is_private(group: int) -> bool:
    """Return whether a group is private to this user or root: named as the account, without other members."""
    import grp  # noqa: PLC0415 (not on Windows)
    import pwd  # noqa: PLC0415

    try:
        found = grp.getgrgid(group)
        accounts = {pwd.getpwuid(user).pw_name for user in {os.geteuid(), 0}}
    except KeyError:
        return False
    return found.gr_name in accounts and {*found.gr_mem} <= accounts
